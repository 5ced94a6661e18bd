"""Importing is cheap: no optional library comes along, and the first value needs none."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

OPTIONAL = ("sympy", "matplotlib", "torch", "pandas", "scipy", "sklearn", "tensorflow", "jax")
FIRST_VALUE = 'from neurogebra import MathForge; print(MathForge().get("relu").eval(x=5))'
CODES = {
    "import numpy": "import numpy",
    "import neurogebra": "import neurogebra",
    "first value": FIRST_VALUE,
    "first gradient": (
        "from neurogebra import MathForge\n"
        'f = MathForge().get("softplus")\n'
        'f.gradient("x").eval(x=0.0), f.formula, str(f), f.explain("advanced")'
    ),
    "search": 'from neurogebra import MathForge; MathForge().search("entropy")',
    "trainer": "import neurogebra.core.trainer",
}


def run(code: str) -> tuple[set[str], str, float]:
    """The top-level modules that a process of this code loads, what it prints, its seconds."""
    ends = "\nimport sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + ends],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    *printed, modules = done.stdout.splitlines()
    return set(json.loads(modules)), "\n".join(printed), seconds


@pytest.mark.parametrize("what", CODES)
def test_no_optional_library_is_loaded(what):
    modules, printed, _ = run(CODES[what])
    assert modules.isdisjoint(OPTIONAL)
    if what == "first value":
        assert printed == "5"


def test_the_check_sees_what_is_loaded():
    assert "sympy" in run("import sympy")[0]


def test_the_first_value_needs_no_terminal_and_no_engine():
    modules, _, _ = run(FIRST_VALUE)
    assert modules.isdisjoint({"rich", "typer", "safetensors"})


def test_times_are_told_beside_numpys(capsys):
    """Printed, not held: the machine decides; benchmarks hold the ratio."""
    best = {what: min(run(CODES[what])[2] for _ in range(3)) for what in list(CODES)[:3]}
    with capsys.disabled():
        base = best["import numpy"]
        words = ", ".join(f"{w} {s:.2f} s ({s / base:.2f}×)" for w, s in best.items())
        print(f"\n  {words}")  # noqa: T201
