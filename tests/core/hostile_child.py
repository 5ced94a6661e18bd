"""Asks every public entry about one text after another, watched from inside and from outside.

A line in: a JSON text. A line out: what came of it, the slowest entry, and every audit event.
The first argument names what is planted: nothing, sympify, slow or hang.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra import Expression, MathForge
from neurogebra.core.card import card
from neurogebra.core.code import source
from neurogebra.core.latex import latex, unicode
from neurogebra.errors import FormulaError, NeurogebraError

sys.path.append(str(Path(__file__).parents[2]))
from tests.yardstick import SECOND, first_yard, piece, timed, yard

TARGETS = ("numpy", "torch", "jax", "tensorflow", "sympy", "python")
LEVELS = ("beginner", "intermediate", "advanced")
POINTS = np.linspace(0.1, 2.0, 1_000)
ACTS = ("exec", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "pty.", "import", "code.")
PYTHON = {ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign}

forge = MathForge()
events: list[str] = []
watching = False


def watch(event: str, args: tuple[Any, ...]) -> None:
    if not watching:
        return
    if event == "compile":
        caller = sys._getframe(1)
        if (caller.f_code.co_name, caller.f_code.co_filename.rsplit("/", 1)[-1]) != (
            "parse",
            "ast.py",
        ):
            events.append(f"compile {str(args[0])[:80]}")
    elif event == "open":
        if args[1] is not None and set(str(args[1])) & set("wax+"):
            events.append(f"open {args[0]}")
    elif event.startswith(ACTS):
        events.append(f"{event} {str(args)[:80]}")


def entries(text: str, plant: str) -> list[tuple[str, Callable[[], Any]]]:
    """The entries that take the text itself."""
    found: list[tuple[str, Callable[[], Any]]] = [
        ("get", lambda: forge.get(text)),
        ("search", lambda: forge.search(text)),
        ("compose", lambda: forge.compose(text)),
        ("register", lambda: forge.register("own", text)),
        ("register name", lambda: forge.register(text, "x")),
        ("gradient name", lambda: Expression("f", "x").gradient(text)),
        ("params name", lambda: Expression("f", "x", {text: 1.0})),
        ("eval name", lambda: Expression("f", "x").eval(**{text: 1.0})),
        ("eval value", lambda: Expression("f", "x").eval(x=text)),
        ("explain name", lambda: forge.explain(text)),
        ("label", lambda: _label(text)),
    ]
    if plant == "sympify":
        found.append(("planted", lambda: __import__("sympy").sympify(text)))
    if plant == "slow" and text == "x":
        found.append(("planted", lambda: [piece() for _ in range(40)]))
    if plant == "hang" and text == "x":
        found.append(("planted", _hang))
    return found


def _hang() -> None:
    while True:
        pass


def _label(text: str) -> None:
    """A name that is only shown must stay a word in the source that is written."""
    e = Expression(text, "a*x", {"a": 1.0}, metadata={"description": text, "usage": text})
    _check_source(source(e, "numpy", None))
    str(e), repr(e), e.explain("advanced"), card(e)


def _check_source(code: str) -> None:
    kinds = {type(node) for node in ast.parse(code).body}
    calls = {n.func.id for n in ast.walk(ast.parse(code))
             if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}  # fmt: skip
    if not kinds <= PYTHON or calls & {"eval", "exec", "open", "__import__", "system"}:
        raise AssertionError(f"source with {kinds} and calls of {calls}")


def views(e: Expression) -> list[tuple[str, Callable[[], Any]]]:
    """The entries of a formula that was read."""
    arrays = dict.fromkeys(e.inputs, POINTS)
    numbers = dict.fromkeys(e.inputs, 0.7)
    found: list[tuple[str, Callable[[], Any]]] = [
        ("str", lambda: (str(e), repr(e))),
        ("latex", lambda: (e.formula, e.to_latex(), latex(e.tree))),
        ("unicode", lambda: (e.to_unicode(), unicode(e.tree))),
        ("eval", lambda: e.eval(**numbers)),
        ("eval 1,000", lambda: e.eval(**arrays)),
        ("card", lambda: card(e)),
        ("compose with itself", lambda: e.compose(e, e.inputs[0]) if e.inputs else None),
        ("symbolic view", lambda: (e.symbolic_expr, e.variables)),
        *((f"code {t}", lambda t=t: _check_source(e.to_code(t))) for t in TARGETS),
        *((f"explain {v}", lambda v=v: e.explain(v)) for v in LEVELS),
    ]
    for name in e.inputs[:3]:
        found.append((f"gradient {name}", lambda n=name: e.gradient(n)))
        found.append((f"slope {name}", lambda n=name: e.gradient(n).eval(**numbers)))
        found.append((f"slopes {name}", lambda n=name: e.gradient(n).eval(**arrays)))
    return found


def answer(text: str, plant: str) -> dict[str, Any]:
    """Ask every entry; a refusal is an answer, any other error is told."""
    found: dict[str, Any] = {"refused": "", "slowest": "", "yards": 0.0, "wrong": []}
    asked = entries(text, plant)
    try:
        asked += views(Expression("f", text))
    except FormulaError as error:
        found["refused"] = str(error)
    for name, entry in asked:
        wrong, seconds = timed(lambda entry=entry: _wrong(entry))
        found["wrong"] += [f"{name}: {w}" for w in wrong]
        taken = seconds / first_yard()
        if taken > SECOND / 2:  # measured anew, with the yard of this moment
            taken = min(seconds, timed(lambda entry=entry: _wrong(entry))[1]) / yard()
        if taken > found["yards"]:
            found |= {"yards": taken, "slowest": name}
    return found


def _wrong(entry: Callable[[], Any]) -> list[str]:
    try:
        entry()
    except NeurogebraError as error:
        return [f"an error of {len(str(error))} characters"] if len(str(error)) > 600 else []
    except Exception as error:
        return [f"{type(error).__name__}: {str(error)[:200]}"]
    return []


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    global watching
    plant = sys.argv[1]
    sys.addaudithook(watch)
    if plant == "sympify":
        import sympy.parsing.sympy_parser  # noqa: F401  so that only its acts are seen
    for text in ("max(0, x)*sin(y) + sum(x)", "matmul(x, y)", "x*", "where(x > 1, erf(x), 0)"):
        answer(text, "")  # what is imported late is imported here
    first_yard()
    _say("ready")
    for line in sys.stdin:
        events.clear()
        watching = True
        found = answer(json.loads(line), plant)
        watching = False
        _say(json.dumps(found | {"events": list(events)}))


if __name__ == "__main__":
    main()
