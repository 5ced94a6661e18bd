"""The sets there are, and the way from a record to its table."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np

from neurogebra.datasets.cells import CATEGORICAL, NUMERIC, Cells
from neurogebra.datasets.patterns import PATTERNS
from neurogebra.datasets.record import Dataset
from neurogebra.datasets.seeds import Seed, generator
from neurogebra.datasets.table import Table, parse_csv, unpack
from neurogebra.errors import Corrupt
from neurogebra.registry import Registry


@cache
def catalog() -> Registry[Dataset]:
    """Every data set by id and alias: the bundled ones by alphabet, then the generated ones."""
    paths = sorted((p for p in _data().iterdir() if p.name.endswith(".json")), key=lambda p: p.name)
    bundled = [Dataset.from_json(json.loads(p.read_bytes()), p.name) for p in paths]
    return Registry("dataset", (*bundled, *PATTERNS), key=lambda d: d.id)


def read_table(record: Dataset, seed: Seed = None) -> Table:
    """The whole table of a set: read and checked against its hash, or drawn from `seed`.

    Raises Corrupt where the bytes of a file are not those that the record names.
    """
    if record.draw is not None:
        X, y = record.draw(generator(seed))
        words = bool(record.target.categories)
        answers: Cells = np.array([str(v) for v in y], dtype=object) if words else y.astype(float)
        kinds = (*(NUMERIC for _ in record.features), CATEGORICAL if words else NUMERIC)
        names = tuple(c.name for c in record.columns)
        return Table(names, (*X.astype(np.float64).T, answers), kinds, record.id)
    file = record.files[0]
    data = check_bytes((_data() / file.name).read_bytes(), file.name, file.sha256)
    by_name = {c.name: NUMERIC if c.kind == "numeric" else CATEGORICAL for c in record.columns}
    return parse_csv(unpack(data, file.name), file.name, kinds=by_name)


def check_bytes(data: bytes, name: str, sha256: str) -> bytes:
    """The same bytes, or Corrupt if their SHA-256 is another."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise Corrupt(
            f"{name} is not the file that was shipped: expected SHA-256 {sha256[:16]}…, "
            f"got {found[:16]}…; install the package again"
        )
    return data


def _data() -> Traversable:
    return files("neurogebra.datasets") / "data"
