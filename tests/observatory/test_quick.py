"""Records made quickly are the records that their classes make."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace

import pytest

from neurogebra.observatory import quick
from neurogebra.observatory.events import BatchEnd, LayerSeen, Stats
from neurogebra.observatory.quick import maker

STATS = {"size": 4, "mean": 0.5, "std": 1.0, "min": -1.0, "max": 2.0, "norm": 3.0}
CASES = {
    Stats: STATS,
    BatchEnd: {"epoch": 1, "batch": 2, "step": 3, "rows": 4, "loss": 0.5},
    LayerSeen: {
        "epoch": 0, "batch": 0, "step": 1, "index": 2, "layer": "a", "site": "weight",
        "shape": (2, 2), "stats": Stats(**STATS), "param": "W",  # type: ignore[arg-type]
    },
}  # fmt: skip


def the_same(cls: type) -> None:
    given = CASES[cls]
    made, named = maker(cls, *given)(*given.values()), cls(**given)
    assert type(made) is cls
    assert made == named
    assert [getattr(made, f.name) for f in fields(made)] == [
        getattr(named, f.name) for f in fields(cls)
    ]
    assert repr(made) == repr(named)
    first = next(iter(given))
    assert replace(made, **{first: 7}) == replace(named, **{first: 7}) != made
    with pytest.raises(FrozenInstanceError):
        setattr(made, first, 7)
    if cls is Stats:
        assert hash(made) == hash(named)
        assert asdict(made) == asdict(named)
        assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == named


@pytest.mark.parametrize("cls", CASES)
def test_what_is_made_quickly_is_the_record_itself(cls):
    the_same(cls)


def test_a_maker_that_mixes_fields_up_is_seen(monkeypatch):
    """The tooth."""
    whole = quick.maker

    def mixed(cls: type, *names: str) -> object:
        return whole(cls, *names[1::-1], *names[2:])

    monkeypatch.setitem(globals(), "maker", mixed)
    with pytest.raises(AssertionError):
        the_same(Stats)


def test_each_record_has_defaults_of_its_own():
    @dataclass(frozen=True, slots=True)
    class Box:
        size: int
        things: list[int] = field(default_factory=list)

    make = maker(Box, "size")
    one, other = make(1), make(1)
    assert one == other == Box(1)
    assert one.things is not other.things


def test_what_cannot_be_made_is_refused():
    with pytest.raises(TypeError, match=r"BatchEnd: .*'loss'"):
        maker(BatchEnd, "epoch", "batch", "step", "rows")
    with pytest.raises(TypeError, match="lost"):
        maker(BatchEnd, *CASES[BatchEnd], "lost")
