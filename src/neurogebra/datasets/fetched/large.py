"""More rows than memory likes: batches one after another, and arrays that stay on the disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurogebra.datasets.arrays import Loaded, Rows, read_arrays
from neurogebra.datasets.deal import Split, Wish, chosen, deal
from neurogebra.datasets.fetched.cache import (
    clear_parts,
    locked,
    make_folder,
    open_part,
    root,
)
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.seeds import Seed, generator
from neurogebra.errors import BadValue, Corrupt, DataError, RunError
from neurogebra.files import sync_folder

Pair: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
FORM: Final = 1  # of what the cache holds; another number leaves old files aside
STRETCH: Final = 16 * 2**20
PARTS: Final = ("train", "test", "all")


def batches(
    record: Dataset,
    batch_size: int = 32,
    random_state: Seed = None,
    *,
    part: str = "train",
    split: Split = "default",
    n_samples: int | None = None,
) -> Iterator[Pair]:
    """Pass once over a part of a stored set, `batch_size` rows at a time: (X, y), (X, y) …

    part: "train", "test" or "all" of its rows. The training part and "all" are shuffled, a
    series and the test part keep their order; the last batch may be short. Images stay bytes in
    memory and become float32 batch by batch.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise BadValue("batch_size", "a whole number ≥ 1", batch_size)
    if part not in PARTS:
        raise BadValue("part", 'one of "train", "test", "all"', part)
    _require_stored(record, "batches")
    loaded = read_arrays(record, raw=True)
    wish = Wish(None if part == "all" else split, record.seed, n_samples)
    dealt = deal(record, loaded, wish)
    if part != "all" and not isinstance(dealt, tuple):
        raise BadValue("split", 'a split, or part="all"', split)
    rows = dealt[part == "test"] if isinstance(dealt, tuple) else dealt
    order = np.arange(len(loaded.y))[rows]
    if part != "test" and record.form != "series":
        order = generator(record.seed if random_state is None else random_state).permutation(order)
    return _pass(loaded, order, batch_size)


def _pass(loaded: Loaded, order: NDArray[np.int64], size: int) -> Iterator[Pair]:
    for at in range(0, len(order), size):
        yield chosen(loaded.X, loaded.y, order[at : at + size])


def mapped(
    record: Dataset,
    split: Split = "default",
    random_state: int | None = None,
    n_samples: int | None = None,
) -> Any:
    """What the loader of a set returns, as memory maps of files in the cache (read only).

    The first call with these options reads the set and writes the files; later calls map them.
    Raises DataError for texts and generated sets, BadValue for a generator as the seed.
    """
    _require_stored(record, "a memory map")
    if record.form == "text":
        raise DataError(f"{record.id} holds texts, which cannot be mapped into memory")
    if random_state is not None and not isinstance(random_state, int):
        raise BadValue("random_state", "None or a whole number with memory_map=True", random_state)
    wish = Wish(split, random_state, n_samples)
    folder = root() / record.id / f"arrays-{_key(record, wish)}"
    if not (folder / "parts.json").exists():
        _write(record, wish, folder)
    parts = json.loads((folder / "parts.json").read_bytes())
    held = tuple((_map(folder / f"X_{p}.npy"), _map(folder / f"y_{p}.npy")) for p in parts)
    return held if len(held) == 2 else held[0]


def _require_stored(record: Dataset, what: str) -> None:
    if record.draw is not None:
        raise DataError(f"{record.id} is generated: {what} is for sets that are stored")


def _key(record: Dataset, wish: Wish) -> str:
    """What the cached arrays depend on: the bytes of the set and the options."""
    remote = record.remote
    hashes = [f.sha256 for f in record.files]
    if remote is not None:
        hashes += [f.sha256 for f in remote.files] + [f"{remote.openml} {remote.version}"]
    seed = record.seed if wish.seed is None else wish.seed
    facts = [FORM, record.id, hashes, repr(record.official), repr(wish.split), seed, wish.n_samples]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _write(record: Dataset, wish: Wish, folder: Path) -> None:
    loaded = read_arrays(record, raw=True)
    rows = deal(record, loaded, wish)
    parts = dict(zip(PARTS, rows, strict=False)) if isinstance(rows, tuple) else {"all": rows}
    make_folder(folder)
    done = folder / "parts.json"
    with locked(done):
        if done.exists():
            return
        for part, chosen_rows in parts.items():
            _save(folder / f"X_{part}.npy", loaded.X, chosen_rows, np.dtype(np.float32))
            _save(folder / f"y_{part}.npy", loaded.y, chosen_rows, loaded.y.dtype)
        _place(done, [json.dumps(list(parts)).encode()])


def _save(path: Path, values: NDArray[Any], rows: Rows, dtype: np.dtype[Any]) -> None:
    order = np.arange(len(values))[rows]
    shape = (len(order), *values.shape[1:])
    _place(path, _pieces(values, order, shape, dtype))


def _pieces(
    values: NDArray[Any], order: NDArray[np.int64], shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Iterator[bytes]:
    yield _header(shape, dtype)
    width = max(1, STRETCH // max(1, dtype.itemsize * int(np.prod(shape[1:], dtype=np.int64))))
    for at in range(0, len(order), width):
        yield values[order[at : at + width]].astype(dtype).tobytes()


def _header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    from io import BytesIO

    head = BytesIO()
    facts = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, facts)
    return head.getvalue()


def _place(path: Path, pieces: Any) -> None:
    """Write a file beside its place and move it there, whole or not at all."""
    clear_parts(path)
    target, part = open_part(path)
    try:
        with target:
            for piece in pieces:
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _map(path: Path) -> NDArray[Any]:
    try:
        held: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as e:
        again = f"remove {path.parent}, and it is made again"
        raise Corrupt(f"{path} is not the array that was stored: {e}; {again}") from e
    return held
