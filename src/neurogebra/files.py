"""Files that are whole or not there: written beside, flushed, then moved into place."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from neurogebra.errors import Corrupt, RunError

# No JSON file of ours comes near this; a larger one is not read into memory.
MAX_JSON = 64 * 2**20


def write(path: str | Path, data: bytes | str) -> Path:
    """Replace a file by `data` so that a crash leaves the old bytes or the new, never a mix.

    Raises RunError with the path and the system's reason.
    """
    path = Path(path)
    raw = data.encode("utf-8") if isinstance(data, str) else data
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp made it private
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise RunError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder durable, where the system lets folders be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders, and needs no sync of them
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: str | Path, value: Any) -> Path:
    """Write strict JSON (no NaN), two spaces deep, whole or not at all."""
    return write(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: str | Path, largest: int = MAX_JSON) -> Any:
    """Return the value of a JSON file; RunError when it is absent, Corrupt when it is no JSON.

    largest: bytes beyond which it is not read.
    """
    path = Path(path)
    if path.is_file() and path.stat().st_size > largest:
        raise Corrupt(f"{path}: larger than any file of this kind ({largest >> 20} MiB)")
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_no_constant)
    except FileNotFoundError:
        raise RunError(f"{path}: there is no such file") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"{path}: not valid JSON: {error}") from None


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
