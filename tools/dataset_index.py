"""Write the listing of all data sets from their records, for src/neurogebra/datasets/index.py.

Run: python tools/dataset_index.py [--check]
After a set is added, renamed or dropped; --check ends with 1 where the file is not up to date.
"""

from __future__ import annotations

import json
import sys
from dataclasses import astuple, fields
from pathlib import Path

import neurogebra.datasets
from neurogebra.datasets.catalog import Catalog, made
from neurogebra.datasets.index import NAME, Entry
from neurogebra.datasets.record import Dataset

ROOM = Path(neurogebra.datasets.__file__).parent


def records() -> list[Dataset]:
    """Every record: the bundled ones by alphabet, then the generated and the fetched ones."""
    paths = sorted((ROOM / "data").glob("*.json"), key=lambda p: p.stem)
    bundled = [Dataset.from_json(json.loads(p.read_bytes()), p.name) for p in paths]
    return [*bundled, *made()]


def text() -> str:
    """The file: the names of the fields, then a line for each set."""
    found = records()
    Catalog(map(Entry.of, found), ())  # a name that two sets claim ends here
    rows = [json.dumps(astuple(Entry.of(r)), ensure_ascii=False) for r in found]
    names = json.dumps([f.name for f in fields(Entry)])
    return f'{{"fields": {names},\n"sets": [\n' + ",\n".join(rows) + "\n]}\n"


def main() -> int:
    """Write the file, or compare it."""
    path = ROOM / NAME
    if "--check" not in sys.argv[1:]:
        path.write_text(text(), encoding="utf-8")
        return 0
    if path.read_text(encoding="utf-8") == text():
        return 0
    print(f"{path} is not up to date: python tools/dataset_index.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
