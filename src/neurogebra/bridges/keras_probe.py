"""Rows on which a Keras 3 model is tried beside its training: outputs, and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import Any

from neurogebra.bridges.desk import Seen, Sight
from neurogebra.bridges.keras_looks import Array, Layer, array, keras, sighted
from neurogebra.observatory import stats
from neurogebra.observatory.events import Stats

# Rows of an output that are looked at.
ROWS = 32


class Probe:
    """Rows on which a model is tried before an update that is looked at, changing nothing.

    Its layers' outputs, and the gradients where nobody keeps those of the update. They come
    from the model's state as it is (that of its dropouts too), which stays as it is.
    """

    def __init__(self, model: Any, rows: tuple[Any, Any]) -> None:
        self.model = model
        self._x, self._y = keras.tree.map_structure(keras.ops.convert_to_tensor, rows)
        graph = getattr(model, "_functional", None) or model  # a Sequential has one inside
        nodes = chain.from_iterable(getattr(graph, "_nodes_by_depth", {}).values())
        outs = {id(n.operation): n.output_tensors[0] for n in nodes if not n.is_input}
        self.layers = [x for x in getattr(model, "layers", ()) if id(x) in outs]
        self._outer = None
        if self.layers:
            self._outer = keras.Model(model.inputs, [outs[id(x)] for x in self.layers])

    @property
    def hears(self) -> bool:
        """Whether the outputs of the layers can be had: the model is a graph of layers."""
        return self._outer is not None

    def outputs(self) -> dict[int, Array]:
        """Return the first rows of each layer's output, by the layer's id."""
        if self._outer is None:
            return {}
        with keras.StatelessScope(state_mapping=self._state()):
            some = keras.tree.map_structure(lambda x: x[:ROWS], self._x)
            found = self._outer(some, training=True)
        found = found if isinstance(found, (list, tuple)) else [found]
        return {id(k): array(v) for k, v in zip(self.layers, found, strict=True)}

    def gradients(self) -> dict[int, Array]:
        """Return dL/dw on all rows, by the variable's id."""
        own = list(self.model.trainable_variables)
        values = [v.value for v in own]
        pull = {"tensorflow": _tensorflow, "jax": _jax}[keras.backend.backend()]
        found = pull(self._loss, own, values)
        return {id(v): array(g) for v, g in zip(own, found, strict=True) if g is not None}

    def _loss(self, own: Sequence[Any], values: Sequence[Any]) -> Any:
        mapping = [*self._state(), *zip(own, values, strict=True)]
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            predicted = self.model(self._x, training=True)
            return self.model.compute_loss(x=self._x, y=self._y, y_pred=predicted, training=True)

    def _state(self) -> list[tuple[Any, Any]]:
        return [(v, v.value) for v in self.model.variables]


def _tensorflow(loss: Any, own: Sequence[Any], values: Sequence[Any]) -> Any:
    tf = import_module("tensorflow")
    values = [tf.convert_to_tensor(v) for v in values]
    with tf.GradientTape() as tape:
        tape.watch(values)
        value = loss(own, values)
    return [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(value, values)]


def _jax(loss: Any, own: Sequence[Any], values: Sequence[Any]) -> Any:
    jax = import_module("jax")
    return jax.grad(lambda v: loss(own, v))(list(values))


def seen_outputs(layers: Sequence[Layer], found: Mapping[int, Array], deep: bool) -> list[Seen]:
    """Return the sights of the layers' outputs, in the model's order."""
    return [
        Seen(
            Sight(layer.name, i, "forward", x.shape, "", layer.activation),
            _of(layer, x),
            stats.histogram(x) if deep else (),
        )
        for i, layer in enumerate(layers)
        if (x := found.get(id(layer.layer))) is not None and x.size
    ]


def seen_gradients(layers: Sequence[Layer], found: Mapping[int, Array], deep: bool) -> list[Seen]:
    """Return the sights of gradients that a probe worked out."""
    return [
        sighted(layer, i, "gradient", name, found[id(v)], deep)
        for i, layer in enumerate(layers)
        for name, v in layer.variables
        if id(v) in found
    ]


def _of(layer: Layer, x: Array) -> Stats:
    first = getattr(layer.layer, "data_format", "") == "channels_first"
    return stats.of(x, layer.activation, 1 if first and x.ndim > 2 else None)
