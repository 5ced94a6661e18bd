"""Arrays by name in one safetensors file, with a digest over all that the file says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from neurogebra import files
from neurogebra.errors import Corrupt, RunError

# Bytes of a header beyond which it is not read: a thousand layers fill less than a tenth of it.
MAX_HEADER = 4 * 2**20


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], rest: Any = None) -> Path:
    """Write arrays and a JSON-able rest, whole or not at all."""
    whole = {name: np.asarray(a, order="C") for name, a in arrays.items()}
    text = json.dumps(rest, allow_nan=False)
    # One key, because the library writes several in no fixed order: equal runs, equal bytes.
    metadata = {"neurogebra": json.dumps({"rest": text, "sha256": _digest(whole, text)})}
    return files.write(path, save(whole, metadata))


def load_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], Any]:
    """Return what `save_arrays` wrote; Corrupt when a byte of it differs.

    The library checks every offset and size against the file before anything is allocated.
    """
    path = Path(path)
    _require_small_header(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {}).get("neurogebra", "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise Corrupt(f"{path}: not a readable safetensors file: {error}") from None
    match metadata:
        case {"rest": str(text), "sha256": str(digest)} if digest == _digest(arrays, text):
            return arrays, json.loads(text)
    raise Corrupt(f"{path}: the contents differ from what was saved (SHA-256)")


def array_shapes(path: str | Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes that a file's header tells, by name; no array is read.

    Raises RunError, Corrupt as `load_arrays` does.
    """
    path = Path(path)
    _require_small_header(path)
    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise Corrupt(f"{path}: not a readable safetensors file: {error}") from None


def _require_small_header(path: Path) -> None:
    if not path.is_file():
        raise RunError(f"{path}: there is no such file")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > min(MAX_HEADER, path.stat().st_size - 8):
        raise Corrupt(f"{path}: its header claims {length:,} bytes; this is no file of arrays")


def _digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8"))
    for name in sorted(arrays):
        a = arrays[name]
        digest.update(f"\n{name} {a.dtype.str} {a.shape}\n".encode())
        digest.update(a.tobytes())
    return digest.hexdigest()
