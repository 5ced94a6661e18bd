"""`ModelBuilder`: the fluent sentence that ends in a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from neurogebra.builders.layer import Layer, NoLayer
from neurogebra.builders.model import Model
from neurogebra.builders.templates import TEMPLATES, Template, suggest, template
from neurogebra.errors import BadValue
from neurogebra.layers import LAYERS
from neurogebra.spec import Head

__all__ = ["Head", "Layer", "Model", "ModelBuilder"]


class ModelBuilder:
    """Builds models: one method a layer of `neurogebra.layers`, then `Sequential`.

    craft: a NeuroCraft or MathForge, whose words on activations `explain_architecture` shows
    in place of the book's. A layer that is registered has its method here without more code.
    """

    def __init__(self, craft: Any = None) -> None:
        self.craft = craft

    def Dense(
        self, units: int, activation: str | None = None, input_shape: Any = None, **kw: Any
    ) -> Layer:
        """Return a fully connected layer; kw: use_bias, initializer, name."""
        return Layer("Dense", units, activation, input_shape=input_shape, **kw)

    def Conv2D(
        self,
        filters: int,
        kernel_size: Any = 3,
        activation: str | None = None,
        input_shape: Any = None,
        **kw: Any,
    ) -> Layer:
        """Return a convolution over images; kw: strides, padding, dilation, groups, …"""
        given = {"filters": filters, "kernel_size": kernel_size, **kw}
        return Layer("Conv2D", activation=activation, input_shape=input_shape, **given)

    def Dropout(self, rate: float = 0.2, **kw: Any) -> Layer:
        """Return a layer that drops each element with probability `rate` while training."""
        return Layer("Dropout", rate=rate, **kw)

    def Sequential(
        self, layers: Iterable[Any], name: str | None = None, *, heads: Iterable[Head] = ()
    ) -> Model:
        """Return the model of these layers in a row; layers: `Layer`s or layer records.

        heads: several outputs, each a `Head` on any of the layers, with its own loss.
        """
        return Model(layers, name or "model", heads=heads, craft=self.craft)

    def from_template(self, name: str, customize: Mapping[str, Any] | None = None) -> Model:
        """Return a model of a template; customize: input_shape, output_size, hidden, …

        `model.template_info["loss"]` is the loss to compile it with.
        """
        return self._of(template(name, customize))

    def list_templates(self) -> list[str]:
        """Return the names of the templates there are."""
        return list(TEMPLATES)

    def suggest_architecture(self, task: str, input_shape: Any, output_size: int = 1) -> Model:
        """Return a model whose size follows from a task; task: classification, binary, regression.

        input_shape: of one example; output_size: classes, or numbers to predict.
        """
        return self._of(suggest(task, input_shape, output_size))

    def _of(self, found: Template) -> Model:
        return Model(found.layers(), found.name, found.info(), craft=self.craft)

    def __getattr__(self, name: str) -> Callable[..., Layer]:
        if name.startswith("_") or name not in LAYERS:
            raise NoLayer(name)
        return _maker(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *LAYERS})


def _maker(kind: str) -> Callable[..., Layer]:
    """Return the builder method of a layer: its record's fields, and input_shape."""
    names = [f.name for f in fields(LAYERS[kind])]

    def make(*args: Any, input_shape: Any = None, **kw: Any) -> Layer:
        if len(args) > len(names):
            raise BadValue(kind, f"at most {len(names)} arguments ({', '.join(names)})", args)
        given = dict(zip(names, args, strict=False))
        if twice := given.keys() & kw.keys():
            raise BadValue(f"{kind}.{min(twice)}", "one value", kw[min(twice)], "it came twice")
        return Layer(kind, input_shape=input_shape, **given, **kw)

    make.__name__ = make.__qualname__ = kind
    make.__doc__ = inspect.getdoc(LAYERS[kind])
    make.__signature__ = inspect.signature(LAYERS[kind])  # type: ignore[attr-defined]
    return make
