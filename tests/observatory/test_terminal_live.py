"""The one view of a terminal: curves that lose no extreme, bars, and layers in their place."""

import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.observatory.test_terminal import HOSTILE, dying, everywhere, run, show

from neurogebra.observatory.events import Alert, BatchEnd, EpochStart, Level, Stamped
from neurogebra.observatory.sinks import terminal_live
from neurogebra.observatory.sinks.spread import Course, thinned
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.observatory.sinks.terminal_spark import BLOCKS, curves, spark

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400)


@given(values, st.integers(2, 60))
def test_few_of_many_keep_the_extremes_and_the_order(found, most):
    kept = thinned(found, most)
    assert len(kept) <= most
    assert {min(found), max(found)} <= set(kept)
    rest = iter(found)
    if len(found) > most:
        for low, high in zip(kept[::2], kept[1::2], strict=True):  # a stretch may be one value
            assert low in rest
            assert high == low or high in rest
    else:
        assert kept == found


def test_tooth_every_nth_value_loses_the_spike():
    found = [0.0] * 101
    found[37] = 9.0
    assert max(thinned(found, 20)) == 9.0
    assert max(found[::5]) == 0.0


def test_a_value_that_is_no_number_is_not_lost_either():
    found = [1.0] * 500
    found[123] = math.nan
    assert any(math.isnan(v) for v in thinned(found, 10))


def test_a_long_curve_stays_small_and_keeps_its_extremes_and_ends():
    course = Course(64)
    for i in range(10_000):
        course.add(99.0 if i == 4321 else math.sin(i))
    points = course.points(30)
    assert len(points) <= 30
    assert max(points) == 99.0
    assert course.ends == (0.0, math.sin(9999))
    assert len(course._values) < 64


def test_a_spark_says_where_a_value_lies():
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], 0, 7) == BLOCKS
    assert spark([1.0, 1.0], 1.0, 1.0) == "▁▁"
    assert spark([1.0, math.nan, math.inf, 2.0], 1.0, 2.0) == "▁××█"
    assert spark([1.0, 10.0, 100.0], 1.0, 100.0) == "▁▅█", "logarithmic over two decades"
    assert spark([0.0, 10.0, 100.0], 0.0, 100.0) == "▁▁█", "not where there is a zero"
    assert spark([1.0, math.nan, 8.0], 1.0, 8.0, ascii_only=True) == "_!@"


def drawn(found, width=60):
    out = io.StringIO()
    courses = {}
    for name, each in found.items():
        courses[name] = Course()
        for value in each:
            courses[name].add(value)
    table = curves(courses, width)
    Console(file=out, width=width, _environ={}).print(table or "nothing")
    return out.getvalue()


def test_curves_share_one_scale_and_say_their_ends():
    text = drawn({"loss": [4.0, 2.0, 0.1], "val": [4.0, 3.0]})
    assert re.search(r"loss +█▇▁ +4\.0000 → 0\.1000  log", text)
    assert re.search(r"val +██ +4\.0000 → 3\.0000", text)
    assert drawn({"loss": [1.0], "val": []}) == "nothing\n"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_curves_fit(width):
    text = drawn({"loss": [1 / (i + 1) for i in range(500)], "x" * 50: [-1e300, 1e300]}, width)
    assert max(map(len, text.splitlines())) <= width


def frame(events, level, width=100, height=40, *, mono=False):
    """The last picture of a terminal before the run is over, without codes."""
    out = io.StringIO()
    options = {"force_terminal": True, "force_interactive": True, "color_system": "truecolor"}
    options["_environ"] = {"NO_COLOR": "1"} if mono else {}
    console = Console(file=out, width=width, height=height, **options)
    terminal = Terminal(level, console)
    for i, event in enumerate(events):
        if event.level <= level:
            terminal.handle(Stamped(i, 0.0, event))
    live = terminal._view._live
    before = len(out.getvalue())
    live.refresh()
    raw = out.getvalue()[before:]
    terminal.close()
    return (raw if mono else re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", raw)).replace("\r", "")


def going(epochs=30, **options):
    events = list(run(epochs=epochs, **options))
    last = max(i for i, e in enumerate(events) if e.kind == "epoch_end")
    return events[: last + 1]


def test_what_each_level_draws():
    texts = {level: frame(going(6), level) for level in list(Level)[1:]}
    basic, detailed, expert, debug = texts.values()
    for text in texts.values():
        assert re.search(r"epoch +\d+/6 +━", text)
        assert re.search(r"loss +[▁-█]+ +0\.5000 → 0\.0833", text)
        assert re.search(r"val +[▁-█]+ +0\.6000 → 0\.6000", text)
    assert "step" not in basic
    assert re.search(r"steps +█.*1\.0000 → 0\.0208", detailed)
    assert "|∂L/∂a|" not in detailed
    assert "|∂L/∂a|" in expert
    assert "|∂L/∂a|" in debug
    assert show(run(), Level.SILENT, tty=True) == ""


def test_the_table_shows_the_latest_look_with_its_numbers():
    text = frame(going(), Level.EXPERT, 110)
    (place,) = re.findall(r"layer +epoch (\d+), step (\d+)", text)
    assert place == ("30", "233"), "the last look, and only it"
    rows = [line.split("  ") for line in text.splitlines() if line.startswith("dense_1")]
    (row,) = ([cell.strip() for cell in row if cell.strip()] for row in rows)
    assert row == ["dense_1", "a1 = relu(x·W1 + b1)", "5", "0.5", "4.4e-2", "0.4 %"]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("level", [Level.BASIC, Level.EXPERT])
def test_a_picture_fits_its_screen(level, width):
    text = frame(going(alert_at=(3,)), level, width)
    assert max(map(len, text.splitlines())) <= width
    assert ("dead_relu" in text) == (level == Level.EXPERT)


def test_a_worse_alert_stays_beside_its_layer():
    bad = Alert(rule="nan_inf_array", severity="critical", message="m", layer="dense_1")
    text = frame([*going(), bad, dying(29)], Level.EXPERT)
    assert "CRITICAL nan_inf_array" in text
    assert "dead_relu" not in text
    assert "dead_relu" in frame([*going(), dying(29)], Level.EXPERT)


def test_of_more_layers_than_lines_those_with_alerts_are_shown(monkeypatch):
    events = [*going(), dying(29)]
    text = frame(events, Level.EXPERT, height=14)  # three lines are for layers at the least
    assert "more layers" not in text
    monkeypatch.setattr(terminal_live, "LEAST", 1)
    text = frame(events, Level.EXPERT, height=10)
    assert "dense_1" in text
    assert "dense_2" not in text
    assert re.search(r"\+ 1 +more layers", text)


def test_without_colours_the_words_are_all_there():
    events = [*going(), dying(29)]
    text = frame(events, Level.EXPERT, mono=True)
    assert not re.search(r"\x1b\[[\d;]*(3|9)\d[;m]", text)
    assert "WARNING dead_relu" in text


def test_thousands_of_epochs_are_one_view_and_not_thousands_of_lines():
    text = show(run(epochs=2000, batches=1), Level.DETAILED, tty=True)
    plain = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", text).replace("\r", "\n")
    assert len(re.findall(r"^epoch +\d+/2000  loss", plain, re.MULTILINE)) == 1
    assert "epoch 2000/2000  loss" in plain


def test_hostile_names_are_inert_in_the_view():
    events = [e for e in everywhere(HOSTILE) if e.kind != "train_end"]
    text = frame(events, Level.EXPERT, mono=True)
    codes = set(re.findall(r"\x1b\[[?\d;]*([A-Za-z])", text))
    assert codes <= set("mKAhl")
    assert not {"\x1b[2J", "\u2028", "\x9b"} & set(re.findall(r"\x1b\[2J|\u2028|\x9b", text))
    assert "[red]x" in text


def test_a_loss_that_is_no_number_is_marked():
    steps = [BatchEnd(epoch=0, batch=i, step=i + 1, rows=1, loss=x, seconds=1.0)
             for i, x in enumerate((1.0, 2.0, math.nan))]  # fmt: skip
    text = frame([EpochStart(epoch=0, epochs=2, batches=9), *steps], Level.DETAILED)
    assert re.search(r"steps +▁█× +1\.0000 → NaN", text)
