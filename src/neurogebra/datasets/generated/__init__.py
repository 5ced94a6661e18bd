"""Sets that are drawn when asked for: each a stated distribution and a generator argument."""

from __future__ import annotations

from neurogebra.datasets.generated.clusters import CLUSTERS
from neurogebra.datasets.generated.curves import CURVES
from neurogebra.datasets.generated.dynamics import DYNAMICS
from neurogebra.datasets.generated.glyphs import GLYPHS
from neurogebra.datasets.generated.rendered import RENDERED
from neurogebra.datasets.generated.series import SERIES
from neurogebra.datasets.generated.squares import SQUARES
from neurogebra.datasets.generated.surfaces import SURFACES
from neurogebra.datasets.generated.toys import TOYS
from neurogebra.datasets.record import Dataset

GENERATED: tuple[Dataset, ...] = (
    *CURVES,
    *CLUSTERS,
    *SQUARES,
    *SURFACES,
    *SERIES,
    *DYNAMICS,
    *RENDERED,
    *GLYPHS,
    *TOYS,
)
