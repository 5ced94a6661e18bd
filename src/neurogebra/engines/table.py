"""The engines by name; an engine's library is imported when the engine is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from neurogebra.engines.protocol import Engine
from neurogebra.errors import MissingExtra
from neurogebra.registry import Registry


@dataclass(frozen=True, slots=True)
class EngineRow:
    """Where an engine lives and which library it needs ("" for none beyond the core)."""

    name: str
    module: str
    library: str = ""
    aliases: tuple[str, ...] = ()

    def load(self) -> Engine:
        """Return the engine; raise MissingExtra when its library is not installed."""
        if self.library and find_spec(self.library) is None:
            raise MissingExtra(self.library, self.name, f"the {self.name} engine")
        engine: Engine = import_module(self.module).ENGINE
        return engine


ENGINES: Registry[EngineRow] = Registry(
    "engine",
    (
        EngineRow("numpy", "neurogebra.engines.numpy_engine"),
        EngineRow("torch", "neurogebra.engines.torch_engine", "torch", ("pytorch",)),
    ),
)
