"""Sets that lie elsewhere: their records, and the way from an address to checked rows.

`Datasets.load_<id>` fetches what the cache lacks; `NEUROGEBRA_OFFLINE=1` forbids it, and
`NEUROGEBRA_DATA` names the folder of the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from neurogebra.datasets.fetched.images import IMAGES
from neurogebra.datasets.fetched.tabular import TABULAR
from neurogebra.datasets.fetched.texts import TEXTS
from neurogebra.datasets.record import Dataset

if TYPE_CHECKING:
    from neurogebra.datasets.arrays import Rows
    from neurogebra.datasets.cells import Cells
    from neurogebra.datasets.table import Table

    Arrays4: TypeAlias = tuple[Cells, Cells, Rows | None, Rows | None]

FETCHED: tuple[Dataset, ...] = (*IMAGES, *TABULAR, *TEXTS)

__all__ = ["FETCHED", "load_arrays", "load_table"]


def load_arrays(record: Dataset) -> Arrays4:
    """X, y, and the rows of the source's (training, test) parts or None; fetched if need be.

    X: (rows, features) float32, (rows, height, width[, 3]) uint8 or (rows,) of str.
    Raises NotFetched with what was tried, MissingExtra, RunError, Corrupt.
    """
    from neurogebra.datasets.fetched.load import arrays

    return arrays(record)


def load_table(record: Dataset) -> Table:
    """The table of a set of columns as it stands; see `load_arrays`."""
    from neurogebra.datasets.fetched.load import table

    return table(record)
