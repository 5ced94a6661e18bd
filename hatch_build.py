"""The build hook: fetches the browser libraries into the package before it is packed."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FETCHER = "src/neurogebra/observatory/render/fetch_assets.py"
_TARGET = "src/neurogebra/_assets"
_LOCK_HOME = "neurogebra/_npm"  # where an installed package finds its lock


class AssetHook(BuildHookInterface[Any]):
    """Complete `_assets` for wheels and editable installs; a failure is one line, no stop."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch what is missing, unless NEUROGEBRA_SKIP_ASSETS is set."""
        root = Path(self.root)
        fetcher = load_fetcher(root)
        if version != "editable":  # an editable install reads the lock in the checkout
            for name in fetcher.LOCK_FILES:
                build_data["force_include"][str(root / name)] = f"{_LOCK_HOME}/{name}"
        if os.environ.get("NEUROGEBRA_SKIP_ASSETS", "") not in ("", "0"):
            return
        try:
            fetcher.fetch(root, root / _TARGET)
        except OSError as problem:
            self.app.display_warning(
                "neurogebra: the dashboard's charts stay plain for now, its library could not be "
                f"fetched ({problem}); complete it with: neurogebra assets install"
            )


def load_fetcher(root: Path) -> ModuleType:
    """Return the package's fetching module, loaded by path: the package is not built yet."""
    spec = importlib.util.spec_from_file_location("neurogebra_fetch_assets", root / _FETCHER)
    if spec is None or spec.loader is None:
        raise ImportError(f"{root / _FETCHER} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
