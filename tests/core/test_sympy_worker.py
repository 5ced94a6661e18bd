"""SymPy in its worker: quick when asked again, stopped when late, gone when nobody needs it."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from tests.yardstick import SECOND, within

from neurogebra import Expression
from neurogebra.core import sympy_worker
from neurogebra.core.parse import parse
from neurogebra.core.sympy_bounds import is_wild
from neurogebra.core.sympy_worker import ask, from_rows, rows
from neurogebra.core.tree import Node, same, symbol
from neurogebra.errors import BadValue, FormulaError, MissingExtra
from neurogebra.repository import FORMULAS

pytest.importorskip("sympy")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")


@pytest.fixture(scope="module", autouse=True)
def nobody_stays():
    yield
    sympy_worker._DESK.end()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def worker():
    ask("expand", parse("x + x"))
    return sympy_worker._DESK.worker.process


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid, seconds):
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


HANGING = {
    "simplify": ["floor(exp(exp(exp(5))))", "max(x, floor(exp(exp(exp(6)))))"],
    "expand": ["(x + y + z + w)**64", "((x + y + 1)**64 + z)**63"],
}  # fmt: skip


@pytest.mark.parametrize(("verb", "formula"), [(v, f) for v, fs in HANGING.items() for f in fs])
def test_what_hangs_ends_with_the_deadline_and_a_sentence(verb, formula):
    process = worker()
    e = Expression("f", formula)
    start = time.monotonic()
    with pytest.raises(FormulaError, match=rf"longer than 0.5 s to {verb}.*deadline=…"):
        getattr(e, verb)(deadline=0.5)
    assert time.monotonic() - start < 20, "it hung"
    assert not alive(process.pid)


def test_a_question_without_a_deadline_would_hang():
    """The tooth: the worker itself is still at it when its deadline has passed."""
    process = worker()
    line = {"verb": "simplify", "rows": rows(parse(HANGING["simplify"][0])), "var": ""}
    desk = sympy_worker._DESK
    desk.worker.send(
        sympy_worker.json.dumps({**line, "deadline": 60, "memory": 1 << 30}).encode() + b"\n"
    )
    assert not gone(process.pid, 1.5)
    assert desk.worker.lines.empty()
    desk.end()


def test_too_much_memory_is_a_sentence(monkeypatch):
    worker()
    monkeypatch.setattr(sympy_worker, "MEMORY", 200 << 20)
    with pytest.raises(FormulaError, match=r"more than 200 MiB to expand"):
        Expression("f", "(x + y + z + w + a + b)**32").expand(deadline=60)
    monkeypatch.undo()
    assert Expression("f", "x + x").simplify().eval(x=2.0) == 4.0


def test_the_next_answers_start_nothing(monkeypatch):
    first, started = worker().pid, []
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(a) or start(*a, **k))
    for _ in range(5):
        ask("simplify", parse("sin(x)**2 + cos(x)**2"))
    assert (worker().pid, started) == (first, [])
    sympy_worker._DESK.end()
    assert worker().pid != first
    assert len(started) == 1, "a start would have been seen"


def test_a_worker_killed_by_somebody_else_is_replaced():
    process = worker()
    os.kill(process.pid, signal.SIGKILL)
    assert gone(process.pid, 5) or process.poll() is not None
    assert same(ask("expand", parse("x + x")), parse("2*x"))
    assert worker().pid != process.pid


def test_threads_wait_their_turn():
    found = {}

    def one(i):
        found[i] = ask("expand", parse(f"(x + {i})*(x + 1)"))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(2, 8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i, tree in found.items():
        assert Expression("f", tree).eval(x=10.0) == (10 + i) * 11
    assert len(found) == 6


def script(code, **options):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


START = """
    import os, sys, threading
    from neurogebra import Expression
    from neurogebra.core import sympy_worker
    e = Expression("f", "(x + 1)**2")
    e.expand()
    print(sympy_worker._DESK.worker.process.pid, flush=True)
"""


def test_it_ends_with_the_process_that_asked():
    done = script(START)
    out, err = done.communicate(timeout=30)
    assert (done.returncode, err) == (0, "")
    assert gone(int(out), 2)


def test_it_ends_itself_when_its_process_was_killed_while_it_worked():
    hanging = HANGING["simplify"][0]
    more = f"""
    ask = lambda: Expression("g", "{hanging}").simplify(deadline=0.9)
    threading.Thread(target=ask, daemon=True).start()
    import time; time.sleep(0.3); print("on its way", flush=True); time.sleep(60)
    """
    process = script(textwrap.dedent(START) + textwrap.dedent(more))
    pid = int(process.stdout.readline())
    process.stdout.readline()
    process.kill()
    process.communicate()
    assert alive(pid)
    assert gone(pid, 0.9 + sympy_worker._GRACE + 2)


def test_a_fork_leaves_the_parents_worker_to_the_parent():
    done = script(
        textwrap.dedent(START)
        + textwrap.dedent("""
        child = os.fork()
        if not child:
            good = sympy_worker._DESK.worker is None and e.expand().eval(x=2.0) == 9.0
            sympy_worker._DESK.end()
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        mine = sympy_worker._DESK.worker.process
        assert e.expand().eval(x=3.0) == 16.0 and sympy_worker._DESK.worker.process is mine
        """)
    )
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, "")
    assert gone(int(out), 2)


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path):
    path = tmp_path / "run.py"
    path.write_text(textwrap.dedent(START) + "print('once')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split()[1:] == ["once"]


def test_an_error_inside_sympy_is_a_sentence(monkeypatch):
    desk = sympy_worker._DESK
    question = {"verb": "sing", "rows": rows(symbol("x")), "var": ""}
    question |= {"deadline": 5, "memory": 1 << 30}
    answer = desk.answer(question, time.monotonic() + 20)
    assert answer["failed"].startswith("KeyError")
    assert desk.worker is None
    monkeypatch.setattr(sympy_worker, "rows", lambda root: [["print", [], [], "x"]])
    with pytest.raises(FormulaError, match="no row of a formula"):
        ask("simplify", symbol("x"))


@pytest.mark.parametrize(
    "given",
    [
        [["print", [], [], None]],
        [["symbol", [], [], "__import__('os')"]],
        [["symbol", [], [], None]],
        [["number", [], [], "1"]],
        [["number", [], [], True]],
        [["symbol", [], [], "x"], ["sin", [0, 0], [], None]],
        [["symbol", [], [], "x"], ["sin", [-1], [], None]],
        [["symbol", [], [], "x"], ["sin", [1], [], None]],
        [["symbol", [], [], "x"], ["sin", ["0"], [], None]],
    ],
)
def test_rows_that_are_no_formula_are_refused(given):
    with pytest.raises(FormulaError, match="no row"):
        from_rows(given)


def test_every_formula_of_the_book_travels():
    for formula in FORMULAS.values():
        tree = parse(formula.expr)
        carried = sympy_worker.json.loads(sympy_worker.json.dumps(rows(tree)))
        assert same(from_rows(carried), tree), formula.name


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), float("inf"), "5", None, True])
def test_a_deadline_is_seconds(deadline):
    with pytest.raises(BadValue, match="deadline: expected seconds"):
        Expression("f", "x").simplify(deadline=deadline)


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"to integrate a formula needs SymPy.*\[symbolic\]"):
        Expression("f", "x").integrate("x")


WILD = """
floor(exp(exp(exp(5))))
floor(x + exp(exp(exp(5))))
max(x, exp(exp(exp(5))), exp(exp(exp(6))))
exp(exp(exp(5))) > 1
where(exp(exp(exp(5))) > x, 1, 2)
sign(exp(exp(exp(5))) - exp(exp(exp(6))))
step(exp(exp(exp(5))))
((((2*x)**64)**64)**64)**64
((((2/3)**64)**64)**64)**64
exp(10**9*log(3) + x)
exp(10**37*log(3))
gammaln(1000000000)
digamma(1000000000)
polygamma(1000000000, 3)
sin(exp(exp(exp(5))))
sigmoid(exp(exp(9)))
""".strip().splitlines()


@pytest.mark.parametrize("formula", WILD)
def test_the_view_of_a_wild_formula_is_made_at_once(formula):
    e = Expression("f", formula)
    assert is_wild(e.tree)
    assert within(0.5 * SECOND, lambda: e.symbolic_expr) is not None
    assert e.variables is not None


def test_no_formula_of_the_book_is_wild():
    assert not [n for n, f in FORMULAS.items() if is_wild(parse(f.expr))]
    assert not is_wild(parse("floor(x) + sqrt(2/pi)*exp(-x**2/2) + log(2)**3"))


def test_a_formula_too_long_to_write_is_refused_before_it_travels():
    tree: Node = symbol("x")
    for _ in range(20):
        tree = tree + tree * tree
    with pytest.raises(FormulaError, match="too long"):
        ask("simplify", tree)
