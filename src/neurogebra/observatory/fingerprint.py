"""What it takes to run a training again: seed, data, versions, machine, code."""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.errors import BadValue, Corrupt, UnknownName
from neurogebra.observatory import machine
from neurogebra.registry import near

_TOP = "╔══ Training Fingerprint ══╗"
_BOTTOM = "╚══════════════════════════╝"


@dataclass(frozen=True, kw_only=True)
class TrainingFingerprint:
    """One run's circumstances as plain values; what could not be found out is None.

    One seed feeds every generator of a run, so numpy_seed is the same number. versions:
    library → version, None when it is not installed. blas: the thread settings that change
    the order of sums. git: of the folder where the run began, None outside a repository;
    code_hash: of this library's own files. applied: what was set for the run and not only
    noted, such as {"seed": 0, "threads": {"openblas": 2}}.
    """

    run_id: str
    timestamp: str
    random_seed: int | None = None
    numpy_seed: int | None = None
    dataset_hash: str | None = None
    dataset_shape: tuple[int, ...] | None = None
    dataset_dtype: str | None = None
    dataset_samples: int | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict)
    hardware: Mapping[str, Any] = field(default_factory=dict)
    os: Mapping[str, str] = field(default_factory=dict)
    blas: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] | None = None
    code_hash: str | None = None
    model_hash: str | None = None
    model_info: Mapping[str, Any] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    applied: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def capture(
        cls,
        *,
        model_info: Mapping[str, Any] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        dataset: Any = None,
        random_seed: int | None = None,
        applied: Mapping[str, Any] | None = None,
    ) -> TrainingFingerprint:
        """Return the circumstances of now.

        dataset: an array, or several in a tuple, list or mapping; random_seed: the seed that
        the run uses; applied: what the caller has set for the run (nothing is set here).
        Raises BadValue for data that is no array.
        """
        model = plain(model_info or {})
        return cls(
            run_id=uuid.uuid4().hex[:12],
            timestamp=datetime.now().astimezone().isoformat(timespec="seconds"),
            random_seed=None if random_seed is None else int(random_seed),
            numpy_seed=None if random_seed is None else int(random_seed),
            versions=machine.versions(),
            hardware=machine.hardware(),
            os=machine.system(),
            blas=machine.blas(),
            git=machine.git(),
            code_hash=machine.code(),
            model_hash=_digest_of(model) if model_info else None,
            model_info=model,
            hyperparameters=plain(hyperparameters or {}),
            applied=plain(applied or {}),
            **_of_data(dataset),
        )

    @staticmethod
    def of_data(dataset: Any) -> dict[str, Any]:
        """Return the fields on a dataset alone: its digest, shape, dtype and samples."""
        return _of_data(dataset)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as strict JSON values."""
        return dict(plain(asdict(self)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingFingerprint:
        """Return the fingerprint that `to_dict` gave; UnknownName for a field that is none."""
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise UnknownName("fingerprint field", str(key), near(str(key), known))
        for key in ("run_id", "timestamp"):
            if key not in data:
                raise BadValue(f"fingerprint.{key}", "a text", None)
        shape = data.get("dataset_shape")
        return cls(**{**data, "dataset_shape": None if shape is None else tuple(shape)})

    def save(self, path: str | Path) -> Path:
        """Write the fingerprint as JSON and return where."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        Path(path).write_text(text + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> TrainingFingerprint:
        """Read what `save` wrote; Corrupt when it is no JSON object."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise Corrupt(f"{path}: expected a JSON fingerprint: {error}") from None
        if not isinstance(data, dict):
            raise Corrupt(f"{path}: expected a JSON object, got {type(data).__name__}")
        return cls.from_dict(data)

    def format_text(self) -> str:
        """Return the block that people read, one fact a line."""
        rows = [f"  {name + ':':<13} {value}" for name, value in self._rows()]
        return "\n".join([_TOP, *rows, _BOTTOM])

    def _rows(self) -> list[tuple[str, Any]]:
        unknown, hw = "unknown", self.hardware
        ram = hw.get("ram_gb")
        data = f"{self.dataset_shape} ({self.dataset_dtype})" if self.dataset_hash else "none given"
        return [
            ("Run ID", self.run_id),
            ("Timestamp", self.timestamp[:19].replace("T", " ")),
            ("Seed", "none given" if self.random_seed is None else self.random_seed),
            ("Dataset Hash", (self.dataset_hash or "none given")[:16]),
            ("Dataset", data),
            *((_LABELS.get(n, n), v) for n, v in self.versions.items() if v),
            ("CPU", f"{hw.get('cpu') or unknown} ({hw.get('cores') or unknown} cores)"),
            ("RAM", f"{ram:.1f} GB" if ram else unknown),
            ("GPU", hw.get("gpu") or "none found"),
            ("OS", f"{self.os.get('system', unknown)} {self.os.get('release', '')}".strip()),
            ("Git", self._git_text()),
            ("Model Hash", (self.model_hash or "none given")[:12]),
            ("Hyperparams", dict(self.hyperparameters)),
            *([("Applied", ", ".join(self.applied))] if self.applied else []),
        ]

    def _git_text(self) -> str:
        if self.git is None:
            return "none (no repository here)"
        commit = str(self.git["commit"])[:8] if self.git["commit"] else "no commit yet"
        return f"{self.git['branch'] or 'detached'}@{commit}" + (
            " (dirty)" if self.git["dirty"] else ""
        )


_LABELS = {
    "neurogebra": "Neurogebra",
    "python": "Python",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "sympy": "SymPy",
    "rich": "Rich",
    "torch": "PyTorch",
}


def digest(dataset: Any) -> str:
    """Return the SHA-256 of data over dtype, shape and bytes, whatever its memory order."""
    total = hashlib.sha256()
    for name, array in _arrays(dataset):
        total.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        total.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def plain(value: Any) -> Any:
    """Return a value as strict JSON: arrays as lists, numbers that JSON lacks as text.

    Keys become text; what is no data becomes its qualified name or its repr.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(v) for v in value), key=repr)
    name = getattr(value, "__qualname__", "")
    return f"{value.__module__}.{name}" if name else repr(value)


def _of_data(dataset: Any) -> dict[str, Any]:
    if dataset is None:
        return {}
    first = _arrays(dataset)[0][1]
    return {
        "dataset_hash": digest(dataset),
        "dataset_shape": tuple(int(n) for n in first.shape),
        "dataset_dtype": first.dtype.name,
        "dataset_samples": int(first.shape[0]) if first.ndim else 1,
    }


def _arrays(dataset: Any) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """The arrays of a dataset, each under its key or place; a list of numbers is one array."""
    if isinstance(dataset, Mapping):
        parts = [(str(key), dataset[key]) for key in sorted(dataset, key=str)]
    elif isinstance(dataset, (tuple, list)) and any(isinstance(p, np.ndarray) for p in dataset):
        parts = [(str(place), part) for place, part in enumerate(dataset)]
    else:
        parts = [("", dataset)]
    found = [(name, np.asarray(part)) for name, part in parts]
    for name, array in found:
        if array.dtype.hasobject:
            where = f"dataset[{name!r}]" if name else "dataset"
            raise BadValue(where, "an array of numbers or fixed-width text", type(dataset).__name__)
    if not found:
        raise BadValue("dataset", "at least one array", dataset)
    return found


def _digest_of(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
