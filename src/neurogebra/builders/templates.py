"""Ready architectures: templates by name, and one suggested from the sizes of a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from neurogebra.builders.layer import Layer
from neurogebra.errors import UnknownName
from neurogebra.layers import Shape
from neurogebra.registry import Registry, near
from neurogebra.spec import check

LARGEST, SMALLEST = 256, 16


@dataclass(frozen=True)
class Template:
    """A network in a few words; every field but name, description, output and loss may change.

    filters: of the convolutions before the hidden layers, each with a pooling behind it;
    hidden: units of the hidden layers; dropout: after each of them but the last, 0 for none;
    input_shape: of one example, None to take it from the first data.
    """

    name: str
    description: str
    output: str
    loss: str
    output_size: int = 1
    filters: tuple[int, ...] = ()
    hidden: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    dropout: float = 0.0
    input_shape: Shape | None = None

    def customized(self, changes: Mapping[str, Any]) -> Template:
        """Return the template with some fields changed; UnknownName for one that it has not."""
        for key in changes:
            if key not in CHANGEABLE:
                close = near(str(key), CHANGEABLE) or CHANGEABLE
                raise UnknownName("template setting", str(key), close)
        rows = {
            key: check.sequence(key, changes.get(key, getattr(self, key)))
            for key in ("filters", "hidden")
        }
        return replace(self, **{**changes, **rows})

    def layers(self) -> Iterator[Layer]:
        """Yield the layers from the first to the output."""
        shape = self.input_shape
        if self.filters:
            yield from self._convolutions(shape)
            shape = None
        elif shape is not None and not isinstance(shape, int) and len(shape) > 1:
            yield Layer("Flatten", input_shape=shape)
            shape = None
        for i, units in enumerate(self.hidden):
            yield Layer("Dense", units, self.activation, input_shape=None if i else shape)
            if self.dropout and i < len(self.hidden) - 1:
                yield Layer("Dropout", rate=self.dropout)
        shape = None if self.hidden else shape
        yield Layer("Dense", self.output_size, self.output, input_shape=shape)

    def _convolutions(self, shape: Shape | None) -> Iterator[Layer]:
        """Yield the layers that see images; one without channels is given one."""
        if shape is not None and not isinstance(shape, int) and len(shape) == 2:
            yield Layer("Reshape", target_shape=(*shape, 1), input_shape=shape)
            shape = None
        for i, filters in enumerate(self.filters):
            at = None if i else shape
            seen: dict[str, Any] = {"filters": filters, "padding": "same", "input_shape": at}
            yield Layer("Conv2D", None, self.activation, **seen)
            yield Layer("MaxPooling2D")
        yield Layer("Flatten")

    def info(self) -> dict[str, Any]:
        """Return what the model remembers of its template; `loss` is the one to compile with."""
        return asdict(self)


CHANGEABLE = tuple(
    f.name for f in fields(Template) if f.name not in ("name", "description", "output", "loss")
)

TEMPLATES: Registry[Template] = Registry(
    "template",
    (
        Template(
            "simple_classifier",
            "One of several classes: softmax over output_size classes",
            "softmax",
            "categorical_crossentropy",
            output_size=10,
            hidden=(128, 64),
            dropout=0.2,
        ),
        Template(
            "binary_classifier",
            "Yes or no: one sigmoid unit, the probability of 1",
            "sigmoid",
            "binary_crossentropy",
            dropout=0.2,
        ),
        Template(
            "image_classifier",
            "Images of several classes: convolutions, then softmax over output_size classes",
            "softmax",
            "categorical_crossentropy",
            output_size=10,
            filters=(16, 32),
            hidden=(64,),
        ),
        Template("regression", "A number: one linear unit", "linear", "mse"),
    ),
)

TASKS = {
    "classification": "simple_classifier",
    "multiclass": "simple_classifier",
    "image_classification": "image_classifier",
    "binary": "binary_classifier",
    "binary_classification": "binary_classifier",
    "regression": "regression",
}


def template(name: str, changes: Mapping[str, Any] | None = None) -> Template:
    """Return a template by name, changed."""
    return TEMPLATES[name].customized(changes or {})


def suggest(task: str, input_shape: Any, output_size: int = 1) -> Template:
    """Return a template for a task, its width from the number of inputs.

    task: classification, image_classification, binary, regression. The first hidden layer has
    the power of two from twice the inputs on, 16 to 256, the second half of it: enough to mix
    the inputs, and few enough to train in seconds. Classification into one unit is yes or no.
    """
    if task not in TASKS:
        raise UnknownName("task", str(task), near(str(task), TASKS) or TASKS)
    name = TASKS[task]
    if name == "simple_classifier" and output_size == 1:
        name = "binary_classifier"
    first = Layer("Flatten", input_shape=input_shape)  # checks the shape
    inputs = first.record.out_shape(first.input_shape or ())[0]
    width = SMALLEST
    while width < min(2 * inputs, LARGEST):
        width *= 2
    hidden = (width,) if TEMPLATES[name].filters else (width, width // 2)
    changes = {"input_shape": first.input_shape, "hidden": hidden}
    return TEMPLATES[name].customized({**changes, "output_size": output_size})
