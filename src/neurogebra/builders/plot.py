"""The curves of a training, drawn with Matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neurogebra.errors import MissingExtra, RunError


def require() -> None:
    """Raise MissingExtra when Matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MissingExtra("matplotlib", "viz", "plotting the history")


def curves(name: str, history: Mapping[str, Sequence[float]], path: str | Path | None) -> Any:
    """Return a figure with one panel a metric, training and validation; path: save it there.

    Without a path it is shown, where there is a window to show it in.
    """
    require()
    from matplotlib import pyplot as plt

    measured = {key: values for key, values in history.items() if len(values)}
    metrics = [key for key in measured if not key.startswith("val_")]
    figure, grid = plt.subplots(
        1, len(metrics), figsize=(5 * len(metrics), 4), squeeze=False, layout="constrained"
    )
    for metric, axes in zip(metrics, grid[0], strict=True):
        for key, label in ((metric, "training"), (f"val_{metric}", "validation")):
            if key in measured:
                epochs = range(1, len(measured[key]) + 1)
                axes.plot(epochs, measured[key], label=label, marker="." if len(epochs) < 2 else "")
        axes.set(title=metric, xlabel="epoch", ylabel=metric)
        axes.legend()
    figure.suptitle(name.replace("$", r"\$"))
    if path is not None:
        _save(figure, Path(path))
    elif figure.canvas.required_interactive_framework:
        plt.show()
    return figure


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: the plot cannot be written: {error}") from error
