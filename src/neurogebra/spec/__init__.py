"""What a model and a run are: frozen records that go to JSON and back."""

from neurogebra.spec.model import Head, ModelSpec
from neurogebra.spec.run import Group, RunSpec

__all__ = ["Group", "Head", "ModelSpec", "RunSpec"]
