"""The state of a run on disk: the last two checkpoints, and the newest that is whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.errors import Corrupt, RunError
from neurogebra.training.arrays import load_arrays, save_arrays
from neurogebra.training.session import Session

KEPT = 2
_NAME = re.compile(r"step-(\d{1,15})\.safetensors")


def save_checkpoint(folder: str | Path, session: Session) -> Path:
    """Write the session's state and drop all but the last two; return the file."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror}") from error
    arrays, rest = session.state()
    path = folder / f"step-{session.progress.step:09d}.safetensors"
    save_arrays(path, arrays, rest)
    for old in _numbered(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(
    folder: str | Path,
) -> tuple[dict[str, np.ndarray], dict[str, Any], tuple[str, ...]]:
    """Return arrays, the rest, and a sentence for each newer checkpoint that was not whole.

    Raises RunError when no whole checkpoint is there.
    """
    skipped: list[str] = []
    for path in _numbered(Path(folder)):
        try:
            arrays, rest = load_arrays(path)
        except Corrupt as error:
            skipped.append(str(error))
            continue
        return arrays, rest, tuple(skipped)
    reason = f" ({'; '.join(skipped)})" if skipped else ""
    raise RunError(f"{folder}: there is no whole checkpoint to go on from{reason}")


def _numbered(folder: Path) -> list[Path]:
    """Return the checkpoints, the newest first."""
    found = [(int(m[1]), p) for p in folder.glob("step-*") if (m := _NAME.fullmatch(p.name))]
    return [p for _, p in sorted(found, reverse=True)]
