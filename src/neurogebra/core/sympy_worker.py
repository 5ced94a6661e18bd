"""SymPy in a process of its own, with a deadline and a bound of memory; trees go there and back.

SymPy may think for hours about a short formula and cannot be interrupted, so it is asked in a
worker that can be killed. The worker is kept for the next question, and ends with this process.
What travels is our own tree as rows of names and numbers, checked on arrival.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from neurogebra.core.parse import NAME
from neurogebra.core.tree import NUMBER, SYMBOL, Node, in_order, require_writable
from neurogebra.errors import BadValue, FormulaError, MissingExtra
from neurogebra.ops import ALPHABET

MEMORY = 2 << 30  # bytes of address space, where the platform can bound it
VERBS = ("simplify", "expand", "integrate")
_GRACE = 2.0  # after which a worker ends itself, should nobody be there to end it
_CODE = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from neurogebra.core.sympy_worker import serve; serve()"
)


def ask(verb: str, root: Node, var: str = "", deadline: float = 10.0) -> Node:
    """Return what SymPy makes of a formula: simplify, expand, or integrate by `var`.

    deadline: seconds until the answer, the start of the worker (about one) included. Raises
    FormulaError where it takes longer or more memory, or where SymPy finds nothing that is a
    formula, and MissingExtra without SymPy.
    """
    number = isinstance(deadline, (int, float)) and not isinstance(deadline, bool)
    if not number or not 0 < deadline < math.inf:
        raise BadValue("deadline", "seconds, a number above 0", deadline)
    if importlib.util.find_spec("sympy") is None:
        raise MissingExtra("SymPy", "symbolic", f"to {verb} a formula")
    require_writable(root)
    question: dict[str, Any] = {"verb": verb, "rows": rows(root), "var": var}
    question |= {"deadline": deadline, "memory": MEMORY}
    answer = _DESK.answer(question, time.monotonic() + deadline)
    if "rows" in answer:
        return from_rows(answer["rows"])
    if "refused" in answer:
        raise FormulaError(answer["refused"])
    raise FormulaError(_sentence(verb, answer["failed"], deadline))


def _sentence(verb: str, failed: str, deadline: float) -> str:
    if failed == "time":
        return (
            f"SymPy took longer than {deadline:g} s to {verb} this formula and was stopped; "
            "give it more with deadline=…, or a smaller formula"
        )
    if failed == "memory":
        return (
            f"SymPy needs more than {MEMORY >> 20} MiB to {verb} this formula and was stopped; "
            "give a smaller formula"
        )
    return f"SymPy cannot {verb} this formula ({failed}); it can still be evaluated"


def rows(root: Node) -> list[list[Any]]:
    """Return a formula as rows that JSON can carry: operation, arguments, attributes, value."""
    order = in_order(root)
    place = {id(node): i for i, node in enumerate(order)}
    return [[n.op, [place[id(a)] for a in n.args], list(n.attrs), n.value] for n in order]


def from_rows(given: Sequence[Sequence[Any]]) -> Node:
    """Return the formula that rows describe; FormulaError where they describe none."""
    made: list[Node] = []
    for op, args, attrs, value in given:
        if op == NUMBER:
            good = type(value) in (int, float)
        elif op == SYMBOL:
            good = isinstance(value, str) and NAME.fullmatch(value) is not None
        else:
            good = op in ALPHABET and len(args) == ALPHABET[op].arity
        if not good or not all(type(a) is int and 0 <= a < len(made) for a in args):
            raise FormulaError(f"no row of a formula: {[op, args, attrs, value]!r:.80}")
        frozen = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in attrs)
        made.append(Node(op, tuple(made[a] for a in args), frozen, value))
    return made[-1]


class _Worker:
    """A process that answers one line with one line; a thread waits for its lines."""

    def __init__(self) -> None:
        paths = json.dumps([p for p in sys.path if p])
        self.process = subprocess.Popen(  # noqa: S603  our own code, by our own interpreter
            [sys.executable, "-P", "-c", _CODE, paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._listen, daemon=True, name="sympy-worker")
        self.thread.start()

    def _listen(self) -> None:
        waiting = b""
        while part := os.read(self.process.stdout.fileno(), 1 << 16):  # type: ignore[union-attr]
            *lines, waiting = (waiting + part).split(b"\n")
            for line in lines:
                self.lines.put(line)
        self.lines.put(b"")  # it has ended

    def send(self, line: bytes) -> bool:
        """Send a line; False where nobody is there to read it."""
        at = 0
        try:
            while at < len(line):
                at += self.process.stdin.write(line[at:]) or 0  # type: ignore[union-attr]
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Kill the process and wait for it, so that nothing of it is left."""
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.close()

    def close(self) -> None:
        """Close this side of the pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class _Desk:
    """Holds the one worker of this process; questions wait their turn."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.worker: _Worker | None = None

    def answer(self, question: dict[str, Any], until: float) -> dict[str, Any]:
        """Return the worker's answer; one that is late or broken costs the worker its life."""
        late = {"failed": "time"}
        if not self.lock.acquire(timeout=max(until - time.monotonic(), 0.001)):
            return late
        found: dict[str, Any] = late
        try:
            line = self._line(json.dumps(question).encode() + b"\n", until)
            found = json.loads(line) if line else {"failed": "it ended without an answer"}
        except queue.Empty:
            return late
        finally:
            if "failed" in found:
                self.end()
            self.lock.release()
        return found

    def _line(self, question: bytes, until: float) -> bytes:
        if self.worker is not None and not self.worker.send(question):
            self.end()  # it was killed by somebody else
        if self.worker is None:
            self.worker = _Worker()
            self.worker.send(question)
        return self.worker.lines.get(timeout=max(until - time.monotonic(), 0.001))

    def end(self) -> None:
        """End the worker, if there is one."""
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.end()

    def forked(self) -> None:
        """Leave the parent's worker to the parent."""
        self.lock = threading.Lock()
        if self.worker is not None:
            self.worker.close()
            self.worker.process.returncode = 0  # it is not ours to wait for
            self.worker = None


_DESK = _Desk()
atexit.register(_DESK.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_DESK.forked)


def serve() -> None:
    """Answer the questions that come in as lines, until there are no more: the worker's life."""
    out, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what SymPy may print is no answer
    sys.excepthook = lambda kind, error, _: _say(out, {"failed": f"{kind.__name__}: {error}"})
    for line in sys.stdin.buffer:
        question = json.loads(line)
        _bound_memory(question["memory"])
        _end_after(question["deadline"] + _GRACE)
        _say(out, _worked(question))
        _end_after(0)


def _worked(question: dict[str, Any]) -> dict[str, Any]:
    from neurogebra.core import sympy_view

    root, verb = from_rows(question["rows"]), question["verb"]
    try:
        if verb == "integrate":
            return {"rows": rows(sympy_view.integrate(root, question["var"]))}
        return {"rows": rows({v: getattr(sympy_view, v) for v in VERBS}[verb](root))}
    except FormulaError as error:
        return {"refused": error.problem}
    except MemoryError:
        return {"failed": "memory"}
    except RecursionError:
        return {"failed": "it is too deep"}


def _say(out: int, answer: dict[str, Any]) -> None:
    left = json.dumps(answer).encode() + b"\n"
    while left:
        left = left[os.write(out, left) :]


def _bound_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such bound
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _end_after(seconds: float) -> None:
    """Let the kernel end this process, which Python could not while SymPy multiplies."""
    import signal

    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)
