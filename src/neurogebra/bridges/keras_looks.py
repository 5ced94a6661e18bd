"""A Keras 3 model's layers, weights, gradients and losses, read without touching its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from neurogebra.bridges.desk import SPREAD, Seen, Sight
from neurogebra.observatory import stats
from neurogebra.observatory.events import LayerInfo

keras: Any = import_module("keras")

# Our name of a Keras activation, where it is another.
ACTIVATIONS = {
    "silu": "swish",
    "hard_silu": "hard_swish",
    "relu6": "relu6",
    "re_lu": "relu",
    "leaky_re_lu": "leaky_relu",
}
FORMULAS = {"Dense": "x·W + b", "Embedding": "W[x]", "Flatten": "x", "Dropout": "dropout(x)"}
# Optimisers whose first moment follows m ← m + (1 − β₁)·(g − m).
MOMENTS = ("Adam", "AdamW")

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer with variables of its own, or without parts: where numbers change."""

    name: str
    layer: Any
    variables: tuple[tuple[str, Any], ...]

    @property
    def type(self) -> str:
        """Its class by name."""
        return type(self.layer).__name__

    @property
    def activation(self) -> str:
        """Our name of the activation at its end; empty for none."""
        own = getattr(self.layer, "activation", None)
        if own is None:
            said = keras.src.utils.naming.to_snake_case(self.type) if _is_function(self) else ""
        else:
            said = getattr(own, "__name__", "")
        said = ACTIVATIONS.get(said, said)
        return "" if said == "linear" else said


def _is_function(layer: Layer) -> bool:
    module = type(layer.layer).__module__
    return ".layers.activations" in module and layer.type != "Activation"


def layers_of(model: Any) -> list[Layer]:
    """Return the layers in the model's order; a variable that two share belongs to the first."""
    found, owned = [], set()
    for layer in model._flatten_layers(include_self=True, recursive=True):
        parts = list(layer._flatten_layers(include_self=False, recursive=False))
        own = [*layer._trainable_variables, *layer._non_trainable_variables]
        own = [v for v in own if id(v) not in owned and _is_float(v)]
        owned |= {id(v) for v in own}
        if (own or not parts) and type(layer).__name__ != "InputLayer":
            found.append(Layer(_name(layer, model), layer, tuple((v.name, v) for v in own)))
    return found


def info(layer: Layer) -> LayerInfo:
    """Return a layer's row of the architecture."""
    inner = FORMULAS.get(layer.type, f"{layer.type}(x)")
    what = f"{layer.activation}({inner})" if layer.activation and layer.variables else inner
    what = f"{layer.activation}(x)" if layer.activation and not layer.variables else what
    return LayerInfo(
        name=layer.name,
        type=layer.type,
        formula=f"y = {what}",
        gradient=(),
        in_shape=_shape(layer.layer, "input"),
        out_shape=_shape(layer.layer, "output"),
        params=sum(int(np.prod(v.shape)) for _, v in layer.variables if v.trainable),
        activation=layer.activation,
    )


def array(value: Any) -> Array:
    """Return a tensor's or variable's numbers as an array that nobody else will write to."""
    value = getattr(value, "value", value) if isinstance(value, keras.Variable) else value
    if keras.backend.standardize_dtype(value.dtype) in ("bfloat16", "float16"):
        value = keras.ops.cast(value, "float32")
    return np.array(_here(value))


def _here(value: Any) -> Any:
    """Return a tensor's numbers in this memory, perhaps shared with their owner."""
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


class Eye:
    """What is read of a model's parameters around one update.

    source: where gradients come from: "grad" (PyTorch keeps those of the update itself),
    "moment" (worked out of what Adam's or momentum's slots became), "" (nobody keeps them).
    Both are those of the update looked at, after any clipping for the second.
    """

    def __init__(self, model: Any) -> None:
        self.layers = layers_of(model)
        self._optimizer = model.optimizer
        self.source = _source(self._optimizer)
        self._before: dict[int, tuple[Array, Array | None]] = {}
        self._rate = 0.0

    def remember(self) -> None:
        """Keep parameters and slots as they are before the update."""
        slots = self._slots()
        self._rate = float(self._optimizer.learning_rate)
        self._before = {
            id(v): (array(v), array(slots[id(v)]) if id(v) in slots else None)
            for layer in self.layers
            for _, v in layer.variables
        }

    def look(self, single: bool, deep: bool) -> Iterator[Seen]:
        """Yield weights, gradients and changes.

        single: there was one update since; deep: values are counted.
        """
        slots = self._slots() if single else {}
        weights, gradients, changes = [], [], []
        for i, layer in enumerate(self.layers):
            for name, v in layer.variables:
                now = array(v)
                weights.append(sighted(layer, i, "weight", name, now, deep))
                if not (v.trainable and single):
                    continue
                before, slot = self._before.get(id(v), (None, None))
                gradient = self._gradient(v, slot, slots)
                if gradient is not None:
                    gradients.append(sighted(layer, i, "gradient", name, gradient, deep))
                if before is not None:
                    changes.append(sighted(layer, i, "update", name, now - before, deep))
        self._before = {}
        yield from (*weights, *gradients, *changes)

    def forget(self) -> None:
        """Let go of what was kept."""
        self._before = {}

    def _gradient(self, v: Any, slot: Array | None, slots: Mapping[int, Any]) -> Array | None:
        if self.source == "grad":
            return None if v.value.grad is None else array(v.value.grad)
        if id(v) not in slots:
            return None
        after, o = array(slots[id(v)]), self._optimizer
        slot = np.zeros_like(after) if slot is None else slot  # the first update makes them
        if type(o).__name__ in MOMENTS:
            return slot + (after - slot) / np.float32(1 - o.beta_1)
        return (np.float32(o.momentum) * slot - after) / np.float32(self._rate)

    def _slots(self) -> dict[int, Any]:
        """Return the optimiser's first moment of each variable, by the variable's id."""
        o = self._optimizer
        if self.source != "moment" or not o.built:
            return {}
        kept = o._momentums if type(o).__name__ in MOMENTS else o.momentums
        own = [v for layer in self.layers for _, v in layer.variables if v.trainable]
        index = o._trainable_variables_indices
        places = {id(v): index.get(o._var_key(v)) for v in own}
        return {key: kept[i] for key, i in places.items() if i is not None}


def _source(optimizer: Any) -> str:
    if keras.backend.backend() == "torch":
        return "grad"
    if getattr(optimizer, "gradient_accumulation_steps", None):
        return ""
    name = type(optimizer).__name__
    kept = name in MOMENTS or (name == "SGD" and optimizer.momentum)
    return "moment" if kept else ""


class Losses:
    """The loss of each batch, from the running mean that Keras keeps over an epoch.

    Keras shows only the mean so far. Its tracker has the sum and the rows: their changes are
    the loss and the rows of the batches since the last reading. Once the sum is no finite
    number, that of the batches after it is not known until the epoch is over.
    """

    def __init__(self, model: Any) -> None:
        self._model, self._tracker = model, getattr(model, "_loss_tracker", None)
        self._total, self._count = 0.0, 0.0
        self.exact = self._tracker is not None

    def begin(self) -> None:
        """An epoch begins: Keras starts its mean again."""
        self._total = self._count = 0.0

    def read(self, logs: Mapping[str, Any]) -> tuple[float | None, int]:
        """Return (loss, rows) of the batches since the last reading; rows 0 where unknown."""
        count = self._number("count") if self.exact else 0.0
        if not count > self._count:
            self.exact = False  # a train_step that keeps its losses elsewhere
            said = logs.get("loss")
            return (None if said is None else float(said)), 0
        before, rows = self._total, count - self._count
        self._total, self._count = self._number("total"), count
        if not np.isfinite(before):
            return None, round(rows)
        return (self._total - before) / rows, round(rows)

    def _number(self, which: str) -> float:
        variable = getattr(self._tracker, which)
        state = getattr(self._model, "_jax_state", None)
        if state and not self._model._jax_state_synced:
            # JAX holds the numbers beside the model within an epoch.
            places = [id(v) for v in self._model.metrics_variables]
            return float(state["metrics_variables"][places.index(id(variable))])
        return float(_here(variable.value))


def sighted(layer: Layer, index: int, site: str, param: str, x: Array, deep: bool) -> Seen:
    """Return what an array of a layer is, its statistics, and where it is deep its histogram."""
    counts = stats.histogram(x) if deep and site in SPREAD else ()
    return Seen(Sight(layer.name, index, site, x.shape, param), stats.of(x), counts)


def _is_float(v: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(v.dtype) and int(np.prod(v.shape)) > 0


def _name(layer: Any, model: Any) -> str:
    path = str(getattr(layer, "path", "") or layer.name)
    return path.removeprefix(f"{model.name}/").replace("/", ".")


def _shape(layer: Any, which: str) -> tuple[int, ...]:
    """Return a layer's shape without the rows; () where it has none, or several."""
    found = getattr(getattr(layer, which, None), "shape", None) if _is_called_once(layer) else None
    return tuple(int(n or 0) for n in found[1:]) if found is not None else ()


def _is_called_once(layer: Any) -> bool:
    return len(getattr(layer, "_inbound_nodes", ())) == 1
