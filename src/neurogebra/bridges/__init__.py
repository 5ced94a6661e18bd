"""Our models as somebody else's, and somebody else's training loop as our events."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from neurogebra.errors import MissingExtra

if TYPE_CHECKING:
    from neurogebra.bridges.torch_watch import watch as watch

# No module has the name of what it offers: it would stand in its place once imported.
_HOMES = {"watch": ("neurogebra.bridges.torch_watch", "torch", "torch")}

__all__ = ["watch"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562); its library with it."""
    if name in _HOMES:
        module, library, extra = _HOMES[name]
        if find_spec(library) is None:
            raise MissingExtra(library, extra, f"bridges.{name}")
        return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
