"""A quick sample of published faults, each beside its healthy twin; all in benchmarks/diagnosis."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "faults" / "cases.json"

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="../shared/faults is not here")

QUICK = (
    "so-31556268",
    "so-48251943",
    "so-50306988",
    "so-47932589",
    "at-sc-circle",
    "tdc-regr-softmax_single_output",
    "tdc-regr-constant_init",
    "silent-lr_decay_per_batch",
    "silent-clip_too_small",
    "silent-constant_features",
)


@pytest.fixture(scope="module")
def bench():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import fault_programs

    yield fault_programs
    sys.path.remove(str(ROOT / "benchmarks"))


def case(name: str) -> dict:
    return next(c for c in json.loads(CASES.read_text("utf-8")) if c["id"] == name)


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_is_found_and_its_twin_is_not(bench, name):
    faulty, twin = bench.programs(case(name), 0, 0.0)
    _, doctor = bench.play(faulty, 10_000)
    found = doctor.diagnosis()
    assert found.findings
    assert {c.name for c in found.causes} & set(case(name)["fault_labels"]), found.text
    _, doctor = bench.play(twin, 10_000)
    assert doctor.diagnosis().findings == (), doctor.diagnosis().text


def test_a_refused_program_says_why(bench):
    from neurogebra.errors import DataError

    faulty, _ = bench.programs(case("tdc-regr-cross_entropy_for_regression"), 0, 0.0)
    with pytest.raises(DataError, match="at least 2 units"):
        bench.play(faulty, 10_000)


def test_a_fault_that_is_taken_out_is_not_found(bench):
    """The tooth: without its mutation the program of a silent error has nothing to find."""
    known = case("silent-zero_grad_before_step")
    faulty, _ = bench.programs({**known, "mutation": None}, 0, 0.0)
    _, doctor = bench.play(faulty, 10_000)
    assert doctor.diagnosis().findings == ()
