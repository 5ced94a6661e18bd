"""Finds the browser libraries that were fetched at install time, and completes them on request."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from neurogebra.errors import RunError
from neurogebra.observatory.render.fetch_assets import ASSETS, FetchFailed, fetch, missing
from neurogebra.registry import Registry

_PACKAGE = Path(str(resources.files("neurogebra")))
ASSET_FOLDER = _PACKAGE / "_assets"
_LOCK_HOMES = (_PACKAGE / "_npm", _PACKAGE.parents[1])  # in a wheel; in a checkout
_BY_NAME = Registry("asset", ASSETS)


def asset_text(name: str, folder: Path | None = None) -> str | None:
    """Return the text of an asset ("chart.js"), or None where it is not installed as pinned.

    Raises UnknownName for a name that is no asset.
    """
    asset = _BY_NAME[name]
    try:
        raw = ((folder or ASSET_FOLDER) / asset.file).read_bytes()
    except OSError:
        return None
    return raw.decode("utf-8") if hashlib.sha256(raw).hexdigest() == asset.sha256 else None


def missing_assets(folder: Path | None = None) -> list[str]:
    """Return the names of the assets that are absent or not the pinned bytes."""
    return [asset.name for asset in missing(folder or ASSET_FOLDER)]


def install_assets(target: Path | None = None) -> list[Path]:
    """Fetch what is missing into `target` (default: the package) and return what was written.

    Raises RunError that names the step that failed; nothing half-written is left behind.
    """
    lock = next((h for h in _LOCK_HOMES if (h / "package-lock.json").is_file()), None)
    if lock is None:
        raise RunError(f"{_LOCK_HOMES[0]}: the lock file is missing; reinstall neurogebra")
    try:
        return fetch(lock, target or ASSET_FOLDER)
    except FetchFailed as problem:
        raise RunError(f"the browser libraries could not be fetched: {problem}") from problem
