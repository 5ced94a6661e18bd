"""The Python blocks of the specification run, where the specification is at hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "shared" / "checks" / "spec_blocks.py"

# Blocks whose rooms are not built yet, by the words that name them in the check's output.
# A block that begins to pass must be taken off: the test says so.
WAITING: dict[str, str] = {}


@pytest.mark.skipif(not CHECK.is_file(), reason="the specification is not at hand")
def test_the_blocks_of_the_specification_run(tmp_path):
    done = subprocess.run(
        [sys.executable, str(CHECK)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    passed = [line for line in lines if line.startswith("ok ")]
    failed = [line for line in lines if line.startswith("FAIL")]
    assert re.fullmatch(rf"{len(passed)} passed, {len(failed)} failed", lines[-1]), done.stderr
    assert len(passed) + len(failed) >= 40, "too few blocks: the check would be vacuous"
    unexpected = [line for line in failed if not any(words in line for words in WAITING)]
    assert not unexpected, "\n".join(unexpected)
    done_waiting = [words for words in WAITING if not any(words in line for line in failed)]
    assert not done_waiting, f"these pass now, take them off WAITING: {done_waiting}"


def test_what_waits_waits_for_a_room_that_is_not_there():
    for words, module in WAITING.items():
        assert find_spec(module) is None, f"{module} is there: {words!r} may not wait any more"
