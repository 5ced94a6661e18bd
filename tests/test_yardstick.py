"""The yardstick: it can fail, forgives one bad moment, and does not ask how fast a machine is."""

from __future__ import annotations

import pytest
from tests import yardstick
from tests.yardstick import first_yard, piece, within, yard


def long(pieces):
    return [piece() for _ in range(pieces)]


def test_too_much_work_fails_and_less_does_not():
    with pytest.raises(AssertionError, match=r"yards, and at most 3 were"):
        within(3, lambda: long(9))
    assert within(9, lambda: long(3)) == [piece()] * 3


def test_a_yard_takes_a_yard():
    assert within(3, piece) == piece()
    assert yard() > 0


@pytest.fixture
def clock(monkeypatch):
    """A clock that says what each piece of work is to take, one after another."""
    times = []

    def now(state=[0.0, False]):  # noqa: B006  it remembers between calls
        state[1] = not state[1]
        if not state[1]:
            state[0] += times.pop(0)
        return state[0]

    monkeypatch.setattr(yardstick, "process_time", now)
    first_yard.cache_clear()
    yield times
    first_yard.cache_clear()


@pytest.mark.parametrize("speed", [0.1, 1.0, 30.0])
@pytest.mark.parametrize(
    ("yards", "fails"),
    [
        ([2.0, 1, 1, 1], False),  # far below: the yard of the beginning is enough
        ([9.0, 1, 1, 1, 3, 1.5, 2], False),  # near: measured anew, the least of three
        ([30.0, 1, 1, 1, 2, 2, 2, 9, 1, 1, 1], False),  # one bad moment
        ([30.0, 1, 1, 1, 2, 2, 2, 11, 1, 1, 1], True),
        ([11.0, 1, 1, 1, 1, 1, 1, 40, 1, 1, 1], True),
    ],
)
def test_the_ratio_decides_at_every_speed(yards, fails, speed, clock):
    clock += [y * speed for y in yards]
    if fails:
        with pytest.raises(AssertionError, match=r"^11\.0 yards"):
            within(10, lambda: None)
    else:
        within(10, lambda: None)
    assert not clock
