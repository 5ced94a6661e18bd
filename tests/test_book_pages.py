"""The pages of the book: every formula once, sound mathematics, drawings, links that lead."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from neurogebra.core.book_slopes import shapes_of
from neurogebra.core.expression import Expression
from neurogebra.repository import CATEGORIES, FORMULAS, Formula

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import book_pages  # noqa: E402
import book_plot  # noqa: E402

# The smallest domain is read as a page; of the others every seventh formula.
SMALL = "regularizer"
SAMPLE = [f for i, f in enumerate(FORMULAS.values()) if i % 7 == 0]


@pytest.fixture(scope="module")
def page():
    return book_pages.page(SMALL)


@pytest.fixture(scope="module")
def entries():
    return {f.name: book_pages.entry(f) for f in SAMPLE}


def anchors(text):
    return re.findall(r"^#+ .*\{ #(\S+) \}$", text, re.M)


def broken(text):
    """The links within a page that lead nowhere, and the anchors that are there twice."""
    found = anchors(text)
    links = re.findall(r"\]\(#([^)]*)\)", text)
    return [a for a in links if a not in found] + [a for a in found if found.count(a) > 1]


def unbalanced(text):
    """The pieces of mathematics whose braces or \\left and \\right do not match."""
    wrong = []
    for piece in re.findall(r"^\$\$\n(.*?)\n\$\$$", text, re.M | re.S):
        bare = re.sub(r"\\[{}]", "", piece)
        depth, least = 0, 0
        for char in bare:
            depth += (char == "{") - (char == "}")
            least = min(least, depth)
        pairs = [piece.count(rf"\{a}") == piece.count(rf"\{b}") for a, b in _PAIRS]
        if depth or least or not all(pairs):
            wrong.append(piece)
    return wrong


_PAIRS = (("left(", "right)"), ("begin{", "end{"))


def test_every_formula_of_a_page_is_there_once_and_every_link_leads(page):
    members = {f.name for f in FORMULAS.values() if f.category == SMALL}
    told = [a for a in anchors(page) if not a.startswith("kind-")]
    assert sorted(told) == sorted(members)
    assert len(members) > 40
    assert broken(page) == []
    assert broken(page.replace("{ #l1 }", "{ #l2 }")) == ["l1", "l2", "l2"]


def test_the_pages_together_have_every_formula(monkeypatch):
    monkeypatch.setattr(book_pages, "entry", lambda f: f"### {f.name} {{ #{f.name} }}")
    made = dict(book_pages.pages())
    assert list(made) == [f"{c}.md" for c in CATEGORIES]
    assert [name for name, text in made.items() if broken(text)] == []
    told = [a for text in made.values() for a in anchors(text) if not a.startswith("kind-")]
    assert sorted(told) == sorted(FORMULAS)


def test_mathematics_is_balanced_in_what_is_sampled(entries):
    assert len(entries) > 180
    assert sum(text.count("\n$$\n") for text in entries.values()) > 400
    assert {n: unbalanced(text) for n, text in entries.items() if unbalanced(text)} == {}
    assert unbalanced("$$\n\\frac{1}{2\n$$") == ["\\frac{1}{2"]


def test_an_entry_says_all_there_is(entries):
    for formula in SAMPLE:
        text = entries[formula.name]
        assert text.startswith(f"### {formula.name} {{ #{formula.name} }}\n")
        assert '??? note "NumPy"' in text
        assert all(f"- `{n}`: " in text for n in formula.inputs)
        assert all(f"- `{n}` = {v:g}, a parameter" in text for n, v in formula.params)
        assert all(f"`{a}`" in text for a in formula.aliases)
        assert text.count("**Source:**") == text.count("**Mind:**") == 1
        derived = text.count(r"\nabla_{") + text.count(r"\frac{\partial f}{\partial ")
        assert derived + text.count("fills a page") >= len(formula.inputs)


def test_the_code_of_an_entry_is_a_function_of_its_name(entries):
    for name, text in entries.items():
        lines = text[text.index("```python") :].splitlines()[1:-1]
        source = "\n".join(line[4:] for line in lines)
        compile(source, name, "exec")
        assert f"def {name}" in source


def test_pages_are_the_same_each_time(page, entries):
    assert book_pages.page(SMALL) == page
    again = [book_pages.entry(f) for f in SAMPLE[:40]]
    assert again == [entries[f.name] for f in SAMPLE[:40]]


def test_drawings_are_small_whole_and_within_their_frame():
    drawn = {f.name: svg for f in FORMULAS.values() if (svg := draw(f))}
    assert len(drawn) > 250
    for name, svg in drawn.items():
        assert len(svg) <= 1536, (name, len(svg))
        assert not re.search("nan|inf", svg.replace(name, "")), name
        paths = {p.get("class"): p.get("d") for p in ET.fromstring(svg).iter("path")}
        assert "f" in paths, name
        assert strays(paths["f"]) == strays(paths.get("d", "")) == [], name


def draw(formula):
    return book_plot.svg(Expression(formula.name, formula))


def strays(path):
    """The corners of a path that lie outside of the frame."""
    found = []
    for stroke in path.split("M")[1:]:
        start, _, steps = stroke.partition("l")
        x, y = map(int, start.split())
        numbers = [int(v) for v in re.findall(r"-?\d+", steps)]
        for dx, dy in zip([0, *numbers[::2]], [0, *numbers[1::2]], strict=True):
            x, y = x + dx, y + dy
            if not (-1 <= x <= book_plot.WIDTH + 1 and -1 <= y <= book_plot.HEIGHT + 1):
                found.append((x, y))
    return found


def test_a_drawing_shows_the_formula_and_not_another():
    relu = FORMULAS["relu"]
    assert (
        draw(relu).count("M") == 2 + 2 + 2
    )  # two axes; a curve and its derivative, both in two strokes
    assert draw(relu) != draw(replace(relu, expr="max(0, -x)"))
    assert draw(FORMULAS["tan"]).count("M") > draw(FORMULAS["sin"]).count("M")
    assert draw(FORMULAS["mse"]) == draw(FORMULAS["softmax"]) == ""
    assert strays("M0 0l2000 1") == [(2000, 1)]


def test_words_are_shown_as_they_are():
    odd = Formula("odd", "x", ("x",), "A *bold* <b> $1 |x|_2 [y](z).", "algebra", source="S. (1)")
    text = book_pages.entry(odd)
    assert r"A \*bold\* &lt;b\> \$1 \|x\|\_2 \[y\](z)." in text


def test_sizes_get_letters_that_no_name_has():
    for formula in FORMULAS.values():
        names = {*formula.inputs, *(p for p, _ in formula.params)}
        shapes = shapes_of(tuple(names), formula.domain)
        sizes = {s for shape in shapes.values() for s in shape}
        assert not names & sizes, formula.name


def test_the_index_is_what_would_be_written_and_a_change_is_seen(monkeypatch, tmp_path):
    assert book_pages.main_of(["--check"]) == 0
    (tmp_path / "index.md").write_text("old")
    monkeypatch.setattr(book_pages, "BOOK", tmp_path)
    assert book_pages.main_of(["--check"]) == 1


def test_the_blocks_of_both_first_pages_run():
    texts = (book_pages.index(), (ROOT / "docs" / "index.md").read_text("utf-8"))
    blocks = [b for text in texts for b in re.findall(r"```python\n(.*?)```", text, re.S)]
    assert len(blocks) == 2
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
