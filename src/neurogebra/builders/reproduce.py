"""A stored run made once more and compared bit by bit; two stored runs held side by side."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra import __version__, files
from neurogebra.builders.folder import RunFolder
from neurogebra.builders.project import reopen, start, threads_of
from neurogebra.errors import Corrupt, RunError
from neurogebra.observatory.comparison import (
    Compared,
    Difference,
    compare_arrays,
    compare_circumstances,
    compare_events,
)
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.training.arrays import load_arrays
from neurogebra.training.checkpoint import load_checkpoint
from neurogebra.training.saved import WEIGHTS

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Pair:
    """Two runs side by side: which circumstances changed, and how their numbers compare."""

    first: Path
    second: Path
    changed: tuple[Difference, ...]
    numbers: Compared

    @property
    def identical(self) -> bool:
        """Whether every number that was compared is the same, bit for bit."""
        return self.numbers.unequal == 0

    def to_dict(self) -> dict[str, Any]:
        """Return both as strict JSON values."""
        earliest = self.numbers.first
        return {
            "first": str(self.first),
            "second": str(self.second),
            "identical": self.identical,
            "compared": dict(self.numbers.counts),
            "unequal": self.numbers.unequal,
            "since": None if earliest is None else earliest.to_dict(),
            "changed": [d.to_dict() for d in self.changed],
        }


def reproduce(
    path: str | Path,
    out: str | Path | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Pair | None:
    """Run a finished run again from what its folder says, and compare the two.

    Its data are opened and their digest compared before anything is trained; seed, model, run
    and threads are those of the record. out: a new folder to keep the second run in, else it
    is dropped. Returns None when stopped. Raises RunError for a run that is not over, that
    another version made or whose data have changed; Corrupt where a file of it is not whole;
    DataError where its data are gone.
    """
    folder = RunFolder(Path(path))
    _require_ours(folder, folder.read())
    _require_over(folder)
    stored_arrays(folder)  # what is broken is said before hours of training, not after
    project, using = reopen(folder), threads_of(folder)
    if out is not None:
        return _again(folder, start(project, out, stop=stop, using=using).folder)
    with tempfile.TemporaryDirectory(prefix="neurogebra-") as place:
        again = start(project, Path(place) / "run", stop=stop, using=using)
        return _again(folder, again.folder)


def _again(folder: RunFolder, again: Path) -> Pair | None:
    return compare_runs(folder.path, again) if RunFolder(again).result.is_file() else None


def compare_runs(first: str | Path, second: str | Path) -> Pair:
    """Return what changed between two run folders, and since when their numbers differ.

    A run that was interrupted is compared as far as it came. Raises RunError for a folder that
    is no run or lacks its logs, Corrupt for a file that is not whole.
    """
    one, two = RunFolder(Path(first)), RunFolder(Path(second))
    changed = compare_circumstances(circumstances(one), circumstances(two))
    numbers = compare_events(stored_events(one.path), stored_events(two.path))
    (arrays, step), (others, other_step) = stored_arrays(one), stored_arrays(two)
    last = max(step, other_step)
    for what in sorted(arrays.keys() & others.keys(), reverse=True):
        numbers = numbers.and_then(compare_arrays(what, arrays[what], others[what], last))
    return Pair(one.path, two.path, changed, numbers)


def circumstances(folder: RunFolder) -> dict[str, Any]:
    """Return a run's fingerprint with the record of its data under "data"."""
    record = folder.read()
    found = files.read_json(folder.fingerprint)
    if not isinstance(found, dict):
        raise Corrupt(f"{folder.fingerprint}: expected an object")
    return {**found, "data": record.get("data")}


def stored_arrays(folder: RunFolder) -> tuple[dict[str, Arrays], int]:
    """Return the arrays that a run left, by what they are, and the update of the last ones.

    "weights": of the model; "state": of the last checkpoint, with the optimiser's memory. What
    is not there is left out; Corrupt when it is not whole.
    """
    found: dict[str, Arrays] = {}
    step = 0
    if folder.has_model:
        found["weights"] = load_arrays(folder.model / WEIGHTS)[0]
    if folder.checkpoints.is_dir():
        arrays, rest, skipped = load_checkpoint(folder.checkpoints)
        if skipped:
            raise Corrupt(skipped[0])
        found["state"] = arrays
        step = int(rest.get("progress", {}).get("step", 0))
    return found, step


def _require_over(folder: RunFolder) -> None:
    if not folder.result.is_file():
        resume = shlex.join(["neurogebra", "train", "--resume", str(folder.path)])
        raise RunError(f"{folder.path}: this run is not over; end it with: {resume}")


def _require_ours(folder: RunFolder, record: Mapping[str, Any]) -> None:
    made_by = record.get("neurogebra")
    if made_by != __version__:
        raise RunError(
            f"{folder.path}: made by Neurogebra {made_by}, and this is {__version__}; "
            "only the same version can be expected to give the same bits"
        )
