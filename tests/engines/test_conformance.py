"""Both engines go through the shipped suite, and broken engines do not."""

import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.conformance import suite

from .broken import FAULTS, BrokenEngine, Faulty

NAMES = ("numpy", pytest.param("torch", marks=pytest.mark.torch))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("check", suite(), ids=str)
def test_engine_conforms(check, name):
    check.run(ENGINES[name].load())


@pytest.mark.parametrize(
    ("fault", "words"), FAULTS, ids=[f"{fault.__name__}-{words}" for fault, words in FAULTS]
)
def test_a_broken_engine_is_caught(fault, words):
    (check,) = (c for c in suite() if words in c.name)
    with pytest.raises(AssertionError, match=r"\w+ \w+"):
        check.run(BrokenEngine(fault))


def test_an_unspoilt_network_passes_where_the_broken_ones_fail():
    for words in {words for _, words in FAULTS}:
        next(c for c in suite() if words in c.name).run(BrokenEngine(Faulty))


def test_names_tell_the_checks_apart():
    names = [check.name for check in suite()]
    assert len(set(names)) == len(names) > 50
