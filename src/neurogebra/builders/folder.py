"""The folder of a run: what lies in it, made once, never overwritten."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from neurogebra import files
from neurogebra.errors import RunError
from neurogebra.training.saved import MODEL

RECORD = "run.json"


@dataclass(frozen=True)
class RunFolder:
    """Where a run writes: logs, dashboard, fingerprint, checkpoints, model, result."""

    path: Path

    @property
    def record(self) -> Path:
        """The description from which the run can be continued."""
        return self.path / RECORD

    @property
    def checkpoints(self) -> Path:
        """The state of the run, the last two times it was saved."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.path / "model"

    @property
    def dashboard(self) -> Path:
        """The page that shows the run."""
        return self.path / "dashboard.html"

    @property
    def fingerprint(self) -> Path:
        """The circumstances of the run."""
        return self.path / "fingerprint.json"

    @property
    def result(self) -> Path:
        """The scores and the verdict."""
        return self.path / "result.json"

    def read(self) -> Mapping[str, Any]:
        """Return the run's description; RunError when this is no run folder."""
        if not self.record.is_file():
            raise RunError(f"{self.path}: not a run folder, it has no {RECORD}")
        found = files.read_json(self.record)
        if not isinstance(found, Mapping):
            raise RunError(f"{self.record}: expected an object")
        return found

    @property
    def has_model(self) -> bool:
        """Whether the trained model is there, whole."""
        return (self.model / MODEL).is_file()

    def require_model(self) -> None:
        """Raise RunError when there is no trained model, and say what to do about it."""
        if self.has_model:
            return
        self.read()
        if self.result.is_file():
            raise RunError(f"{self.path}: this run diverged and left no model; train another one")
        resume = shlex.join(["neurogebra", "train", "--resume", str(self.path)])
        raise RunError(f"{self.path}: no trained model yet; finish the run with: {resume}")


def new_folder(name: str, out: str | Path | None = None) -> RunFolder:
    """Make a folder that was not there: `out`, or runs/<name>-<date>-<time>.

    Raises RunError when `out` exists and is not an empty folder.
    """
    path = Path("runs") if out is None else Path(out)
    try:
        if out is None:
            return RunFolder(_free(path, name))
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(f"{path}: exists already and is never overwritten; choose another --out")
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path}: cannot be made: {error.strerror}") from error
    return RunFolder(path)


def _free(root: Path, name: str) -> Path:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "run"
    base = f"{plain}-{datetime.now():%Y%m%d-%H%M%S}"
    path, n = root / base, 2
    while True:
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:  # a run that began in the same second
            if not root.is_dir():
                raise
            path, n = root / f"{base}-{n}", n + 1
