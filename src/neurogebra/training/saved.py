"""A trained model as a folder: model.json says what it is, safetensors files hold its numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurogebra import __version__, files
from neurogebra.errors import BadValue, Corrupt, RunError
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.arrays import array_shapes, load_arrays, save_arrays

FORMAT = 1
MODEL, WEIGHTS, OPTIMIZER = "model.json", "weights.safetensors", "optimizer.safetensors"
FINGERPRINT = "fingerprint.json"
# Bytes of model.json beyond which it is not read: a thousand layers fill a fifth of it.
MAX_RECORD = 4 * 2**20
_VERSION = re.compile(r"\d{4,9}")


class Saved(NamedTuple):
    """What a model folder holds.

    rest: whatever else was saved with it (preprocessing); optimizer: the optimiser's memory
    and step by the names of a network's state, None where it was not saved.
    """

    model: ModelSpec
    run: RunSpec
    weights: dict[str, np.ndarray]
    rest: dict[str, Any]
    optimizer: dict[str, np.ndarray] | None = None


def save_model(
    folder: str | Path,
    model: ModelSpec,
    run: RunSpec,
    weights: Mapping[str, np.ndarray],
    rest: Mapping[str, Any] | None = None,
    *,
    optimizer: Mapping[str, np.ndarray] | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    version: bool = False,
) -> Path:
    """Write a model folder and return it; nothing is overwritten.

    version: write a numbered folder, 0001 and on, inside `folder`. fingerprint: the
    circumstances of the run, as JSON-able values. Raises RunError when a model is there.
    """
    folder = _next_version(Path(folder)) if version else _empty(Path(folder))
    record: dict[str, Any] = {
        "format": FORMAT,
        "neurogebra": __version__,
        "model": model.to_dict(),
        "run": run.to_dict(),
        "weights": _written(folder / WEIGHTS, weights),
        "rest": dict(rest or {}),
    }
    if optimizer is not None:
        record["optimizer"] = _written(folder / OPTIMIZER, optimizer)
    if fingerprint is not None:
        files.write_json(folder / FINGERPRINT, dict(fingerprint))
    # Last, so that a folder with model.json is a whole one.
    files.write_json(folder / MODEL, record)
    return folder


def load_model(folder: str | Path, version: int | None = None) -> Saved:
    """Return a saved model; RunError or Corrupt names the file, BadValue the field.

    version: a number of those in the folder, None for the newest, or for the folder itself
    where it holds a model. Sizes, digests and shapes are compared with what model.json says
    before any array is read.
    """
    folder = _chosen(Path(folder), version)
    record = check.mapping(MODEL, files.read_json(folder / MODEL, MAX_RECORD))
    if record.get("format") != FORMAT:
        raise Corrupt(f"{folder / MODEL}: format {record.get('format')!r}, this reads {FORMAT}")
    for key in ("model", "run", "weights", "rest"):
        check.mapping(f"{MODEL}: {key}", record.get(key))
    model, run = ModelSpec.from_dict(record["model"]), RunSpec.from_dict(record["run"])
    path = folder / WEIGHTS
    _require_size(path, record["weights"])
    _require_shapes(path, model, array_shapes(path))
    _require_digest(path, record["weights"])
    weights, _ = load_arrays(path)
    optimizer = None
    if "optimizer" in record:
        path = folder / OPTIMIZER
        said = check.mapping(f"{MODEL}: optimizer", record["optimizer"])
        _require_size(path, said)
        _require_flat(path, model, array_shapes(path))
        _require_digest(path, said)
        optimizer, _ = load_arrays(path)
    return Saved(model, run, weights, dict(record["rest"]), optimizer)


def versions(folder: str | Path) -> list[int]:
    """Return the numbers of the whole models in a folder of versions, the oldest first."""
    return sorted(
        int(p.name)
        for p in Path(folder).glob("[0-9]*")
        if _VERSION.fullmatch(p.name) and (p / MODEL).is_file()
    )


def _chosen(folder: Path, version: int | None) -> Path:
    if version is None and (folder / MODEL).exists():
        return folder
    found = versions(folder)
    if version is None and not found:
        return folder  # reading model.json says that it is not there
    if version is not None and version not in found:
        there = f"there are {', '.join(map(str, found))}" if found else "there are none"
        raise BadValue("version", f"a version of the model in {folder}", version, there)
    return folder / f"{found[-1] if version is None else version:04d}"


def _empty(folder: Path) -> Path:
    if (folder / MODEL).exists():
        raise RunError(f"{folder}: holds a model already; choose another folder, or version=True")
    _make(folder)
    return folder


def _next_version(folder: Path) -> Path:
    """Make and return the next numbered folder; two savers never get the same one."""
    _make(folder)
    taken = [int(p.name) for p in folder.iterdir() if _VERSION.fullmatch(p.name)]
    number = max(taken, default=0) + 1
    while True:
        try:
            (folder / f"{number:04d}").mkdir()
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise RunError(f"{folder}: cannot be written: {error.strerror}") from error
        return folder / f"{number:04d}"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror}") from error


def _written(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    save_arrays(path, arrays)
    return {"file": path.name, "sha256": files.sha256(path), "bytes": path.stat().st_size}


def _require_size(path: Path, said: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise RunError(f"{path}: there is no such file")
    size = path.stat().st_size
    if size != said.get("bytes"):
        raise Corrupt(f"{path}: {size} bytes, {MODEL} says {said.get('bytes')!r}")


def _require_digest(path: Path, said: Mapping[str, Any]) -> None:
    if files.sha256(path) != said.get("sha256"):
        raise Corrupt(f"{path}: the contents differ from what {MODEL} says (SHA-256)")


def _require_shapes(path: Path, model: ModelSpec, found: Mapping[str, tuple[int, ...]]) -> None:
    names = set(model.state_names())
    for placed in model.placed():
        for key, shape in placed.layer.shapes(placed.in_shape).items():
            name = f"{placed.name}.{key}"
            names.add(name)
            if found.get(name) != shape:
                got = f"shape {found[name]}" if name in found else "nothing"
                raise Corrupt(f"{path}: {name} should have shape {shape}, found {got}")
    missing, unknown = sorted(names - found.keys()), sorted(found.keys() - names)
    if missing:
        raise Corrupt(f"{path}: {missing[0]} is missing")
    if unknown:
        raise Corrupt(f"{path}: {unknown[0]!r} belongs to no layer")


def _require_flat(path: Path, model: ModelSpec, found: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse an optimiser's memory that is larger than the model has numbers."""
    total = max(model.count(), 1)
    for name, shape in found.items():
        size = 1
        for n in shape:
            size *= n
        if size > total:
            raise Corrupt(f"{path}: {name} has shape {shape}, the model has {total} numbers")
