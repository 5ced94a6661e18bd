"""What the bridges offer is loaded when it is asked for; what is absent names its extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neurogebra import bridges
from neurogebra.bridges import _HOMES

HEAVY = ("torch", "keras", "tensorflow", "jax", "lightning", "transformers")


def run(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


def test_the_room_loads_no_library():
    assert (
        run(f"import sys, neurogebra.bridges\nprint([n for n in {HEAVY} if n in sys.modules])\n")
        == "[]\n"
    )


def test_all_names_have_a_home():
    assert set(bridges.__all__) == set(_HOMES)
    with pytest.raises(AttributeError, match="nothing"):
        _ = bridges.nothing


def test_what_is_absent_names_its_extra():
    said = run(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        f"u.find_spec = lambda name, *a: None if name in {HEAVY} else find(name, *a)\n"
        "from neurogebra import bridges\n"
        "from neurogebra.errors import MissingExtra\n"
        "for name in sorted(bridges.__all__):\n"
        "    try:\n"
        "        getattr(bridges, name)\n"
        "    except MissingExtra as error:\n"
        "        print(error)\n"
    ).splitlines()
    assert len(said) == len(_HOMES)
    for name, line in zip(sorted(_HOMES), said, strict=True):
        _, library, extra = _HOMES[name]
        assert f"bridges.{name} needs {library}" in line
        assert f"neurogebra[{extra}]" in line
