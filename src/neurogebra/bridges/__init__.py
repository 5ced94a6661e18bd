"""Our models as somebody else's, and somebody else's training loop as our events."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from neurogebra.errors import MissingExtra

if TYPE_CHECKING:
    from neurogebra.bridges.huggingface import HuggingFaceCallback as HuggingFaceCallback
    from neurogebra.bridges.jax_watch import JaxWatch as JaxWatch
    from neurogebra.bridges.jax_watch import jax_statistics as jax_statistics
    from neurogebra.bridges.keras_watch import KerasCallback as KerasCallback
    from neurogebra.bridges.lightning import LightningCallback as LightningCallback
    from neurogebra.bridges.torch_watch import watch as watch

# Name → its module, the library that it needs, and the extra that installs it.
# No module has the name of what it offers: it would stand in its place once imported.
_HOMES = {
    "watch": ("torch_watch", "torch", "torch"),
    "KerasCallback": ("keras_watch", "keras", "keras"),
    "JaxWatch": ("jax_watch", "jax", "jax"),
    "jax_statistics": ("jax_watch", "jax", "jax"),
    "LightningCallback": ("lightning", "lightning", "lightning"),
    "HuggingFaceCallback": ("huggingface", "transformers", "transformers"),
}

__all__ = [
    "HuggingFaceCallback",
    "JaxWatch",
    "KerasCallback",
    "LightningCallback",
    "jax_statistics",
    "watch",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562); its library with it."""
    if name in _HOMES:
        module, library, extra = _HOMES[name]
        if find_spec(library) is None:
            raise MissingExtra(library, extra, f"bridges.{name}")
        return getattr(import_module(f"neurogebra.bridges.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
