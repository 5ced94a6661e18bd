"""What holds for the whole suite: what all its tests share is made once and kept."""

from __future__ import annotations

import gc
import sys
from functools import cache

import pytest
import typer.main


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without the cycle collector, then leave what was collected out of its rounds.

    Tests, modules and tables stay to the end; to walk through millions of them again and again
    takes long. What the tests themselves make is collected as ever.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _one_command_line():
    """Build the command line once a process, not at every call of `main`, as Typer does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_thread_each():
    """Give PyTorch one thread: the suite's processes share the cores.

    Where threads wait for a core, an operation on ten numbers takes tens of milliseconds.
    """
    if "torch" not in sys.modules:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
