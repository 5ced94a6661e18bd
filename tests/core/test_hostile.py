"""What somebody else wrote, as formula, name or value: nothing acts, hangs, fills the machine."""

from __future__ import annotations

import ast
import json
import os
import queue
import random
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.yardstick import SECOND, within

from neurogebra import Expression, MathForge
from neurogebra.core.card import card
from neurogebra.core.parse import parse
from neurogebra.core.trainer import Trainer
from neurogebra.core.tree import symbols
from neurogebra.errors import BadValue, FormulaError, NeurogebraError
from neurogebra.ops import ALPHABET, bounds

from .hostile import (
    BROADCASTING,
    CONTROLS,
    HEAVY,
    KEYWORDS,
    LONG_CARDS,
    NAMES,
    REFUSED_TEXTS,
    VALUES,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

CHILD = Path(__file__).with_name("hostile_child.py")
DEADLINE = 30.0  # seconds of the clock for all entries of one text: then it hung
MEMORY = 256 << 20


@dataclass
class Seen:
    """What came of a stream of texts, as told by the child and as measured from outside."""

    answers: dict[str, dict] = field(default_factory=dict)
    hung: list[str] = field(default_factory=list)
    grown: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    @property
    def acted(self):
        return [t for t, a in self.answers.items() if a["events"]] + self.files

    @property
    def slow(self):
        return self.over(SECOND)

    def over(self, yards):
        return {t: (a["slowest"], round(a["yards"], 1)) for t, a in self.answers.items()
                if a["yards"] > yards}  # fmt: skip

    @property
    def wrong(self):
        return {t: a["wrong"] for t, a in self.answers.items() if a["wrong"]}

    @property
    def large(self):
        return {t: size >> 20 for t, size in self.grown.items() if size > MEMORY}

    def figures(self):
        slowest, told = max(self.answers.items(), key=lambda i: i[1]["yards"])
        largest = max(self.grown.items(), key=lambda i: i[1])
        return (
            f"{len(self.answers)} texts, {len(self.acted)} acted, {len(self.hung)} hung; slowest "
            f"{told['yards']:.1f} of {SECOND} yards ({slowest[:40]!r}, {told['slowest']}), "
            f"most memory {largest[1] / 2**20:.0f} MB ({largest[0][:40]!r})"
        )


class _Child:
    def __init__(self, folder, plant):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-P", str(CHILD), plant],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.lines.get(timeout=120) == "ready\n"

    def _listen(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def ask(self, text, deadline):
        before = self._memory("VmRSS")
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        line = self.lines.get(timeout=deadline)
        assert line, f"the process died of {text!r:.200}"
        return json.loads(line), self._memory("VmHWM") - before

    def _memory(self, key):
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split(f"{key}:")[1].split()[0]) << 10

    def end(self):
        self.process.kill()
        self.process.communicate()


def watched(texts, folder, plant="nothing", deadline=DEADLINE):
    """Give the texts to a process of their own, and look at it from outside."""
    seen, child = Seen(), _Child(folder, plant)
    try:
        for text in texts:
            try:
                seen.answers[text], seen.grown[text] = child.ask(text, deadline)
            except queue.Empty:
                seen.hung.append(text)
                child.end()
                child = _Child(folder, plant)
    finally:
        child.end()
    seen.files = [p.name for p in Path(folder).iterdir()]
    return seen


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    return watched(REFUSED_TEXTS, tmp_path_factory.mktemp("refused"))


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    return watched(HEAVY, tmp_path_factory.mktemp("heavy"))


def test_the_corpus_is_large_and_its_own():
    assert len(set(REFUSED_TEXTS)) == len(REFUSED_TEXTS) >= 200
    assert len(set(HEAVY)) >= 40
    assert len(set(NAMES)) >= 40
    assert len(VALUES) >= 40
    assert len(CONTROLS) >= 18


def test_every_hostile_text_is_refused_and_none_acts(refused, capsys):
    accepted = [t for t, a in refused.answers.items() if not a["refused"]]
    assert not accepted
    assert not refused.acted
    assert not refused.hung
    assert not refused.wrong
    assert not refused.slow
    assert not refused.large
    assert all(len(a["refused"]) < 400 for a in refused.answers.values())
    with capsys.disabled():
        sys.stdout.write(f"\nrefused: {refused.figures()}")


def test_no_heavy_text_hangs_or_fills_the_machine(heavy, capsys):
    assert not heavy.acted
    assert not heavy.hung
    assert not heavy.wrong
    assert not heavy.slow
    assert not heavy.large
    with capsys.disabled():
        sys.stdout.write(f"\nheavy: {heavy.figures()}")


@pytest.mark.parametrize("formula", BROADCASTING)
def test_broadcasting_is_bounded_too(formula, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_ELEMENTS", 10_000)
    with pytest.raises(BadValue, match="at most"):
        Expression("f", formula).eval(x=np.ones(300))


@pytest.mark.parametrize("formula", LONG_CARDS)
def test_long_cards_are_made_within_a_second(formula):
    within(SECOND, lambda: card(Expression("f", formula)))


def test_composing_a_division_by_zero_is_refused():
    with pytest.raises(NeurogebraError):
        MathForge().compose("1/0")


def test_an_unknown_name_is_cut_in_its_message():
    with pytest.raises(NeurogebraError) as refused:
        MathForge().get("x" * 100_000)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("name", ["x²", "x\0", "x\ud83d"])
def test_source_of_any_name_is_python(name):
    ast.parse(Expression(name, "2*x").to_code())


def test_a_formula_of_new_axes_is_explained():
    assert Expression("f", "expand_dims(expand_dims(x, 0), 0)").explain()


@pytest.mark.parametrize("name", KEYWORDS)
def test_words_of_python_are_not_registered(name):
    with pytest.raises(BadValue):
        MathForge().register(name, "x")


def test_a_bytearray_is_no_array_of_numbers():
    with pytest.raises(BadValue):
        Expression("f", "x").eval(x=bytearray(b"12"))


def test_a_planted_sympify_is_caught(tmp_path):
    """The tooth: the same texts, with one entry that hands them to SymPy's reader."""
    texts = [t for t in REFUSED_TEXTS if "acted" in t and "\n" not in t][:8]
    seen = watched([*texts, "x + y"], tmp_path, "sympify")
    assert len(seen.acted) >= 5, seen.answers
    assert "x + y" in seen.acted, "sympify compiles whatever it is given"
    assert "acted" in seen.files


def test_a_planted_delay_is_caught(tmp_path):
    seen = watched(["sin(x)", "x"], tmp_path, "slow")  # of 40 yards, beside one of 2 or 3
    assert set(seen.over(20)) == {"x"}
    assert seen.over(20)["x"][0] == "planted"


def test_a_planted_hang_is_caught(tmp_path):
    seen = watched(["sin(x)", "x", "cos(x)"], tmp_path, "hang", deadline=3)
    assert seen.hung == ["x"]
    assert set(seen.answers) == {"sin(x)", "cos(x)"}


_leaves = st.sampled_from(
    ["x", "y", "z", "beta", "S", "0", "1", "2", "0.5", "3", "pi", "64", "1e9"]
)


def _grown(inner):
    calls = sorted(n for n, op in ALPHABET.items() if op.arity == 1 and not op.required)
    pairs = sorted(n for n, op in ALPHABET.items() if op.arity == 2 and not op.required)
    one = st.tuples(st.sampled_from(calls), inner).map(lambda p: f"{p[0]}({p[1]})")
    two = st.tuples(st.sampled_from(pairs), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})")
    signs = st.sampled_from(["+", "-", "*", "/", "**", ">", "<=", "=="])
    joined = st.tuples(inner, signs, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    return one | two | joined | inner.map(lambda t: f"-{t}")


FORMULAS = st.recursive(_leaves, _grown, max_leaves=14)
_PIECES = ("__", ".", "'", '"', "[", "]", "(", ")", "{", "}", ":", ";", "**", "@", "%", "\n", "\\",
           "lambda ", "import os", "__import__('os').system('touch acted')", "eval", "é", "\x00",
           "=", ",", "64", "9**9**9", "exp(", "sum(", "outer(x,", " if ", "for x in ")  # fmt: skip


def mutated(text, rng):
    """Cut, double, swap or add to a text at random."""
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        kind = rng.randrange(4)
        if kind == 0:
            text = text[:at] + text[to:]
        elif kind == 1:
            text = text[:to] + text[at:to] + text[to:]
        elif kind == 2:
            text = text[:at] + rng.choice(_PIECES) + text[at:]
        else:
            text = text[:at] + rng.choice(_PIECES) + text[to:]
    return text[:4_100]


def mutants(count, seed):
    rng = random.Random(seed)
    seeds = [*REFUSED_TEXTS, *HEAVY, *CONTROLS]
    return list(dict.fromkeys(mutated(rng.choice(seeds), rng) for _ in range(count)))


def grown(count):
    found: dict[str, None] = {}

    @settings(max_examples=count, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(FORMULAS)
    def collect(text):
        found[text] = None

    collect()
    return list(found)


def harmless(seen):
    assert not seen.acted
    assert not seen.hung
    assert not seen.wrong
    assert not seen.slow
    assert not seen.large


def test_formulas_from_a_grammar_are_answered(tmp_path, capsys):
    seen = watched(grown(80), tmp_path)
    harmless(seen)
    accepted = sum(not a["refused"] for a in seen.answers.values())
    assert accepted > len(seen.answers) // 2, "too few formulas: the law would be vacuous"
    with capsys.disabled():
        sys.stdout.write(f"\ngrammar: {accepted} accepted of {seen.figures()}")


def test_mutants_only_ever_get_a_refusal_or_a_tree(tmp_path, monkeypatch):
    """Parsing alone, so that there can be many."""
    monkeypatch.chdir(tmp_path)
    read, longest = 0, 0
    for text in mutants(3_000, seed=1):
        try:
            names = symbols(within(SECOND, lambda text=text: parse(text)))
        except FormulaError as error:
            longest = max(longest, len(str(error)))
            continue
        read += 1
        assert all(n.isascii() and n.isidentifier() for n in names)
    assert read > 100
    assert longest < 400
    assert not list(tmp_path.iterdir())


def test_mutants_do_nothing_anywhere(tmp_path, capsys):
    seen = watched(mutants(120, seed=2), tmp_path)
    harmless(seen)
    with capsys.disabled():
        sys.stdout.write(f"\nmutants: {seen.figures()}")


@pytest.mark.slow
def test_twenty_thousand_do_nothing(tmp_path, capsys):
    seen = watched([*grown(6_000), *mutants(14_000, seed=3)], tmp_path)
    harmless(seen)
    with capsys.disabled():
        sys.stdout.write(f"\nall: {seen.figures()}")


def _uses_of(name):
    forge, x = MathForge(), np.linspace(0, 1, 5)
    e = lambda: Expression("f", "a*x", {"a": 1.0})  # noqa: E731
    return {
        "params": lambda: Expression("f", "a*x", {name: 1.0}),
        "trainable": lambda: Expression("f", "a*x", {"a": 1.0}, [name]),
        "eval": lambda: e().eval(**{name: 1.0}),
        "gradient": lambda: e().gradient(name),
        "compose": lambda: e().compose(2.0, name),
        "integrate": lambda: e().integrate(name),
        "get": lambda: forge.get(name),
        "get params": lambda: forge.get("leaky_relu", {name: 1.0}),
        "register": lambda: forge.register(name, "x"),
        "formula": lambda: Expression("f", name),
        "column": lambda: Trainer(Expression("f", "a*x", {"a": 1.0}, ["a"])).fit(
            {name: x}, x, verbose=False
        ),
        "optimizer": lambda: Trainer(Expression("f", "a*x", {"a": 1.0}, ["a"]), optimizer=name),
        "loss": lambda: Trainer(Expression("f", "a*x", {"a": 1.0}, ["a"])).fit(
            x, x, loss_fn=name, verbose=False
        ),
        "target": lambda: e().to_code(name),
        "level": lambda: e().explain(name),
    }


def _is_formula(text):
    try:
        return bool(parse(text))
    except FormulaError:
        return False


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_hostile_names_are_refused_everywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for use, ask in _uses_of(name).items():
        if use == "formula" and _is_formula(name):
            continue  # x-y is no name, but a formula
        with pytest.raises(NeurogebraError):
            ask()
    assert not list(tmp_path.iterdir()), "it acted"


def test_a_symbol_of_sympys_with_a_hostile_name_is_refused():
    sympy = pytest.importorskip("sympy")
    for name in NAMES:
        if name:
            with pytest.raises(FormulaError, match="no name"):
                Expression("f", sympy.Symbol(name) + 1)


@pytest.mark.parametrize("value", VALUES)
def test_hostile_values_are_refused_everywhere_in_one_sentence(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = VALUES[value]
    forge = MathForge()
    uses = {
        "params": lambda: Expression("f", "a*x", {"a": given}),
        "get params": lambda: forge.get("leaky_relu", {"alpha": given}),
    }
    for use, ask in uses.items():
        with pytest.raises(BadValue) as refused:
            ask()
        assert len(str(refused.value)) < 400, use
    assert not list(tmp_path.iterdir()), "it acted"


TEXTS = [v for v in VALUES.values() if isinstance(v, (str, bytes)) or v is None]


@pytest.mark.parametrize("given", TEXTS, ids=range(len(TEXTS)))
def test_texts_are_no_numbers_where_a_value_is_asked_for(given):
    with pytest.raises(BadValue):
        Expression("f", "x").eval(x=given)


def test_numbers_of_every_size_are_data():
    for number in (1e308, -0.0, 10**30, float("inf"), float("nan"), np.float32(2), np.arange(3.0)):
        e = Expression("f", "a*x", {"a": number})
        np.testing.assert_array_equal(e.eval(x=1.0), np.asarray(number) * 1.0)


@pytest.mark.parametrize("formula", CONTROLS)
def test_good_formulas_still_work(formula):
    value, given = CONTROLS[formula]
    e = Expression("f", formula)
    assert e.eval(**given) == pytest.approx(value, rel=1e-14)
    for name in e.inputs:
        assert np.isfinite(e.gradient(name).eval(**given))
    assert e.formula
    assert str(e)


def test_the_whole_book_still_works(capsys):
    forge = MathForge()
    names = forge.list_all()
    for name in names:
        e = forge.get(name)
        assert str(e), name
        assert e.formula, name
    assert len(names) >= 285
    with capsys.disabled():
        sys.stdout.write(
            f"\ncontrols {len(CONTROLS)} of {len(CONTROLS)}; book {len(names)} of {len(names)}"
        )
