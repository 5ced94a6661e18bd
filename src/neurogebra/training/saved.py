"""A trained model as a folder: model.json says what it is, weights.safetensors holds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurogebra import __version__, files
from neurogebra.errors import Corrupt, RunError
from neurogebra.spec import ModelSpec, RunSpec, check
from neurogebra.training.arrays import load_arrays, save_arrays

FORMAT = 1
MODEL, WEIGHTS = "model.json", "weights.safetensors"


class Saved(NamedTuple):
    """What a model folder holds; rest: whatever else was saved with it (preprocessing)."""

    model: ModelSpec
    run: RunSpec
    weights: dict[str, np.ndarray]
    rest: dict[str, Any]


def save_model(
    folder: str | Path,
    model: ModelSpec,
    run: RunSpec,
    weights: Mapping[str, np.ndarray],
    rest: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model folder; RunError when one is there already, nothing is overwritten."""
    folder = Path(folder)
    if (folder / MODEL).exists():
        raise RunError(f"{folder}: holds a model already; choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror}") from error
    path = save_arrays(folder / WEIGHTS, weights)
    record = {
        "format": FORMAT,
        "neurogebra": __version__,
        "model": model.to_dict(),
        "run": run.to_dict(),
        "weights": {"file": WEIGHTS, "sha256": files.sha256(path), "bytes": path.stat().st_size},
        "rest": dict(rest or {}),
    }
    # Last, so that a folder with model.json is a whole one.
    files.write_json(folder / MODEL, record)
    return folder


def load_model(folder: str | Path) -> Saved:
    """Return a saved model; RunError or Corrupt names the file, BadValue the field."""
    folder = Path(folder)
    record = check.mapping(MODEL, files.read_json(folder / MODEL))
    if record.get("format") != FORMAT:
        raise Corrupt(f"{folder / MODEL}: format {record.get('format')!r}, this reads {FORMAT}")
    for key in ("model", "run", "weights", "rest"):
        check.mapping(f"{MODEL}: {key}", record.get(key))
    model, run = ModelSpec.from_dict(record["model"]), RunSpec.from_dict(record["run"])
    path = folder / WEIGHTS
    if not path.is_file():
        raise RunError(f"{path}: there is no such file")
    if path.stat().st_size != record["weights"].get("bytes"):
        raise Corrupt(f"{path}: {path.stat().st_size} bytes, saved were {record['weights']}")
    weights, _ = load_arrays(path)
    _require_shapes(path, model, weights)
    return Saved(model, run, weights, dict(record["rest"]))


def _require_shapes(path: Path, model: ModelSpec, weights: Mapping[str, np.ndarray]) -> None:
    names = set(model.state_names())
    for placed in model.placed():
        for key, shape in placed.layer.shapes(placed.in_shape).items():
            name = f"{placed.name}.{key}"
            names.add(name)
            found = weights.get(name)
            if found is None or found.shape != shape:
                got = "nothing" if found is None else f"shape {found.shape}"
                raise Corrupt(f"{path}: {name} should have shape {shape}, found {got}")
    missing = sorted(names - weights.keys())
    if missing:
        raise Corrupt(f"{path}: {missing[0]} is missing")
