"""The terminal: levels differ, user text stays inert, and without a terminal lines stay plain."""

import io
import re

import pytest
from rich.console import Console

from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    CheckpointSaved,
    EpochEnd,
    EpochStart,
    Evaluated,
    LayerInfo,
    LayerSeen,
    Level,
    Note,
    SinkFailed,
    Stamped,
    Stats,
    TrainEnd,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.sinks.terminal import Terminal

HOSTILE = "[red]x[/red]\x1b[2J\r\n\u2028:smile: \x9b31m " + "z" * 5000


def info(i, name, formula, gradient, shapes):
    into, out = shapes
    base = {"name": name, "type": "Dense", "formula": formula, "gradient": gradient}
    params = into * out + out
    return LayerInfo(**base, in_shape=(into,), out_shape=(out,), params=params)


SIGNAL = "∂L/∂a1 = δ2·W2ᵀ"
LAYERS = (
    info(1, "dense_1", "a1 = relu(x·W1 + b1)", ("∂L/∂W1 = xᵀ·δ1", "∂L/∂b1 = Σ δ1"), (30, 64)),
    info(2, "dense_2", "ŷ = σ(a1·W2 + b2)", ("∂L/∂W2 = a1ᵀ·δ2", "∂L/∂b2 = Σ δ2", SIGNAL), (64, 1)),
)


def start(epochs=3, batches=8, **changed):
    base = {"name": "breast_cancer", "engine": "numpy", "seed": 42, "epochs": epochs}
    base |= {"batches": batches, "train_rows": 455, "val_rows": 57, "layers": LAYERS}
    run = {"loss": "binary_crossentropy", "optimizer": {"name": "adam"}, "learning_rate": 0.01}
    return TrainStart(**(base | {"params": 2049, "run": run} | changed))


def seen(site, layer, epoch, step, norm, param="", **stats):
    base = {"size": 64, "mean": 0.41, "std": 0.2, "min": -1.0, "max": 2.0, "norm": norm}
    shape = (32, LAYERS[layer].out_shape[0]) if site in ("forward", "backward") else (30, 64)
    at = {"epoch": epoch, "batch": 0, "step": step, "index": layer, "layer": LAYERS[layer].name}
    return LayerSeen(**at, site=site, shape=shape, stats=Stats(**(base | stats)), param=param)


def arrays(epoch, step):
    for i in (0, 1):
        yield seen("forward", i, epoch, step, 5.0, zero_pct=48.0 if i == 0 else 0.0)
    for i in (1, 0):
        yield seen("backward", i, epoch, step, 0.5 + i)
        for p in "Wb":
            yield seen("gradient", i, epoch, step, 0.031, p)
            yield seen("weight", i, epoch, step, 2.0, p)
            yield seen("update", i, epoch, step, 0.008, p)


def run(epochs=3, batches=8, alert_at=(), **changed):
    yield start(epochs, batches, **changed)
    step = 0
    for epoch in range(epochs):
        yield EpochStart(epoch=epoch, epochs=epochs, batches=batches)
        for batch in range(batches):
            step += 1
            if batch == 0:
                yield from arrays(epoch, step)
            at = {"epoch": epoch, "batch": batch, "step": step, "rows": 32}
            yield BatchEnd(**at, loss=1 / step, metrics={"accuracy": 0.5}, seconds=1e-4)
        metrics = {"loss": 0.5 / (epoch + 1), "accuracy": 0.9, "val_loss": 0.6}
        end = {"epoch": epoch, "step": step, "learning_rate": 0.01, "seconds": 0.01}
        yield EpochEnd(**end, metrics=metrics, best=epoch == 1)
        if epoch in alert_at:
            yield dying(epoch)
    yield TrainEnd(reason="completed", epochs=epochs, step=step, seconds=1.5, best_epoch=1)
    yield Evaluated(split="validation", rows=57, metrics={"loss": 0.09, "accuracy": 0.9649})
    yield Evaluated(split="test", rows=57, metrics={"loss": 0.07, "accuracy": 0.9825})
    yield Note(message="dashboard: runs/dashboard.html")
    yield Verdict(status="healthy", summary="No rule fired.")


def dying(epoch):
    base = {"rule": "dead_relu", "severity": "warning", "message": "Possible dying ReLU"}
    base |= {"advice": ("Lower the rate",), "diagnosis": "No gradient.", "layer": "dense_1"}
    return Alert(**base, epoch=epoch)


def show(events, level=Level.BASIC, width=80, tty=False, **options):
    """What a terminal of this level writes, as a bus would deliver to it."""
    out = io.StringIO()
    options |= {"force_terminal": tty, "force_interactive": tty, "force_jupyter": False}
    colours = {"color_system": "truecolor"} if tty else {}
    terminal = Terminal(level, Console(file=out, width=width, **options, **colours, _environ={}))
    for i, event in enumerate(events):
        if event.level <= level:
            terminal.handle(Stamped(i, 0.0, event))
    terminal.close()
    return out.getvalue()


def lines_with(text, word):
    return [line for line in text.splitlines() if word in line]


def test_the_start_shows_the_architecture():
    text = show(run())
    assert "breast_cancer" in text
    assert "numpy engine  455 training rows  57 validation rows  seed 42" in text
    assert "3 epochs of 8 steps  loss binary_crossentropy  optimizer adam  lr 0.01" in text
    (row,) = lines_with(text, "a1 = relu(x·W1 + b1)")
    assert re.split(r"\s{2,}", row.strip()) == [
        "dense_1",
        "Dense",
        "a1 = relu(x·W1 + b1)",
        "30 → 64",
        "1,984",
    ]
    assert lines_with(text, "Total")[0].split()[-1] == "2,049"


def test_a_resumed_run_says_so():
    assert "resumed after step 1,500" in show([start(resumed_step=1500)])


def test_epochs_scores_and_the_end_are_told():
    text = show(run())
    assert "epoch 2/3  loss 0.2500 (val 0.6000)  accuracy 0.9000  best" in text
    assert "Training completed  3 epochs, 24 steps in 1.5 s  best epoch 2" in text
    assert lines_with(text, "Scores")[0].split() == ["Scores", "rows", "loss", "accuracy"]
    assert lines_with(text, "test ")[0].split() == ["test", "57", "0.07", "0.9825"]
    assert "HEALTHY  No rule fired." in text
    assert text.index("validation ") < text.index("dashboard:") < text.index("HEALTHY")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("early_stopping", "Stopped early"),
        ("diverged", "Training diverged"),
        ("interrupted", "Training interrupted"),
        ("power cut", "Ended: power cut"),
    ],
)
def test_every_ending_has_its_words(reason, words):
    assert words in show([TrainEnd(reason=reason, epochs=1, step=2, seconds=0.5)])


def test_the_levels_really_differ():
    texts = {level: show(run(), level, width=100) for level in list(Level)[1:]}
    basic, detailed, expert, debug = texts.values()
    assert "step 2/8" not in basic
    assert "rows/s" not in basic
    assert "step 2/8  loss" in detailed
    assert "100 µs/step  320,000 rows/s  lr 0.01" in detailed
    assert "Forward" not in detailed
    assert "Backward" in expert
    assert "dense_1 gradient W" not in expert
    assert len(lines_with(debug, "std 0.2")) == 3 * 16
    assert "dense_1 gradient W (30, 64)" in debug
    counts = [len(text.splitlines()) for text in texts.values()]
    assert counts == sorted(set(counts))


def test_expert_shows_formulas_with_shapes_and_statistics():
    text = show(run(), Level.EXPERT, width=120)
    forward = lines_with(text, "Forward   a1 = relu(x·W1 + b1)")[0]
    assert "(32, 30) → (32, 64)" in forward
    assert "mean 0.41  |a| 5  zeros 48 %" in forward
    (backward,) = lines_with(text, "∂L/∂W2 = a1ᵀ·δ2")[:1]
    assert "|δ2| 1.5e0 · |a1| 5 → |g| 3.1e-2, update 0.4 % of |W|" in backward
    signal = lines_with(text, SIGNAL)[0]
    assert "(32, 64)" in signal
    assert "|g| 5.0e-1" in signal, "dL/da1 belongs to the layer that made a1"
    block = text[text.index("epoch 1, step 1") : text.index("epoch 1/3")]
    order = [block.index(s) for s in ("relu(x", "σ(a1", "∂L/∂W2", "∂L/∂b2", "∂L/∂W1", "∂L/∂b1")]
    assert order == sorted(order)


@pytest.mark.parametrize("width", [80, 120])
def test_expert_fits_its_screen(width):
    text = show(run(), Level.EXPERT, width=width)
    rows = lines_with(text, "Forward") + lines_with(text, "Backward")
    assert len(rows) == 3 * 7
    assert all(len(row) <= width for row in rows)


def test_nonfinite_numbers_are_said_and_not_only_red():
    events = [start(), EpochStart(epoch=0, epochs=1, batches=1)]
    events += [seen("forward", 0, 0, 1, 1.0, nonfinite=7), seen("gradient", 0, 0, 1, 1.0, "W")]
    metrics = {"loss": float("nan"), "accuracy": 0.5}
    events += [EpochEnd(epoch=0, step=1, metrics=metrics, learning_rate=0.1, seconds=0.1)]
    text = show(events, Level.EXPERT)
    assert "NaN/inf 7" in text
    assert "loss NaN" in text


def blocks(text):
    return [int(n) for n in re.findall(r"^epoch (\d+), step", text, re.MULTILINE)]


def test_a_long_run_shows_few_formulas_and_says_which():
    text = show(run(epochs=100), Level.EXPERT)
    chosen = blocks(text)
    assert chosen[0] == 1
    assert chosen[-1] == 100
    assert len(chosen) == 9
    said = re.search(r"Formulas of epochs ([\d, ]+), and of epochs with an alert", text)
    assert [int(n) for n in said[1].split(", ")] == chosen


def test_an_epoch_with_an_alert_shows_its_formulas_and_marks_the_layer():
    quiet, loud = show(run(epochs=100), Level.EXPERT), show(run(100, alert_at=(6,)), Level.EXPERT)
    assert sorted({*blocks(loud)} - {*blocks(quiet)}) == [7]
    marked = loud[loud.index("epoch 7, step") : loud.index("Possible dying")]
    assert "WARNING" in marked
    assert "dead_relu" in marked


def test_alerts_in_every_epoch_do_not_flood():
    text = show(run(epochs=300, alert_at=range(300)), Level.EXPERT)
    assert len(blocks(text)) <= 9 + 8
    assert text.count("Possible dying ReLU") == 1
    assert text.count(", again") == 2
    assert "Alerts in all: dead_relu dense_1 300×" in text


def test_an_alert_says_what_why_and_what_to_do():
    text = show([dying(4)])
    assert "WARNING  dead_relu, dense_1, epoch 5\n" in text
    assert "  Possible dying ReLU\n  No gradient.\n  → Lower the rate\n" in text
    for severity in ("info", "danger", "critical"):
        alert = Alert(rule="r", severity=severity, message="m")
        assert f"{severity.upper()}  r\n  m\n" in show([alert])


def test_other_words():
    text = show(
        [
            SinkFailed(sink="dashboard", error="OSError: disk full"),
            Verdict(status="unhealthy", summary="Does not learn.", causes=("dead_relu",)),
        ]
    )
    assert "WARNING  the dashboard sink failed and was taken off: OSError: disk full" in text
    assert "UNHEALTHY  Does not learn.  (dead_relu)" in text


def test_checkpoints_are_told_once_at_the_end_of_a_detailed_run():
    def saved(epoch):
        return CheckpointSaved(epoch=epoch, step=1, what="best", path="runs/best.safetensors")

    events = [start(), saved(0), saved(1), *list(run())[-5:]]
    assert "best state, epoch 2: runs/best.safetensors" in show(events, Level.DETAILED)
    assert "epoch 1:" not in show(events, Level.DETAILED)
    assert "best.safetensors" not in show(events)


@pytest.mark.parametrize("epochs", [1, 20, 21, 5000])
def test_without_a_terminal_lines_are_plain_and_few(epochs):
    text = show(run(epochs=epochs, batches=1))
    shown = [int(n) for n in re.findall(r"^epoch +(\d+)/", text, re.MULTILINE)]
    assert len(shown) == min(epochs, 20)
    assert shown[0] == 1
    assert shown[-1] == epochs
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_run_that_stops_early_still_tells_its_last_epoch():
    events = list(run(epochs=100, batches=1))
    stop = next(i for i, e in enumerate(events) if e.kind == "epoch_end" and e.epoch == 42)
    end = TrainEnd(reason="early_stopping", epochs=43, step=43, seconds=1.0)
    assert "epoch  43/100" in show([*events[: stop + 1], end])


def test_a_slow_epoch_without_a_terminal_tells_a_step_now_and_then():
    events = [start(), EpochStart(epoch=1, epochs=9, batches=1000)]
    for batch in range(100):
        at = {"epoch": 1, "batch": batch, "step": batch + 1, "rows": 1}
        events.append(BatchEnd(**at, loss=1.0, seconds=1.0))
    assert len(lines_with(show(events, Level.DETAILED), "/1000")) == 9


def test_no_line_ends_in_the_middle_when_it_is_piped():
    path = "dashboard: /" + "long/" * 60
    assert path in show([Note(message=path)])


def test_on_a_terminal_there_is_one_bar_that_ends_full():
    text = show(run(epochs=30, batches=4), Level.DETAILED, tty=True)
    assert "\x1b[?25l" in text, "the cursor is hidden while the bar moves"
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "and given back"
    plain = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", text)
    assert re.search(r"epoch 30/30 ━{20,} in 0:00", plain)
    assert re.search(r"Total +2,049 *\n *\n", plain), "the table stands apart from the epochs"
    assert "step 4/4" not in plain[plain.rindex("epoch 30/30 ━") :]


def test_a_terminal_that_is_closed_in_the_middle_gives_the_cursor_back():
    text = show(list(run())[:12], Level.DETAILED, tty=True)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def everywhere(text):
    """A run in which every string a user can choose is `text`."""
    layer = LayerInfo(
        name=text,
        type=text,
        formula=text,
        gradient=(text,),
        in_shape=(1,),
        out_shape=(1,),
        params=1,
    )
    stats = Stats(size=1, mean=1.0, std=0.0, min=1.0, max=1.0, norm=1.0)
    at = {"epoch": 0, "step": 1}
    yield start(1, 1, name=text, engine=text, layers=(layer,), run={"loss": text})
    yield EpochStart(epoch=0, epochs=1, batches=1)
    for site in ("forward", "gradient", "weight", "update", text):
        spot = {"batch": 0, "index": 0, "layer": text, "site": site, "shape": (1,)}
        yield LayerSeen(**at, **spot, stats=stats, param=text, formula=text)
    yield BatchEnd(**at, batch=0, rows=1, loss=1.0, metrics={text: 1.0})
    yield EpochEnd(**at, metrics={"loss": 1.0, text: 1.0}, learning_rate=0.1, seconds=1.0)
    alert = Alert(rule=text, severity=text, message=text, advice=(text,), layer=text)
    yield from (alert, alert, alert, alert)
    yield CheckpointSaved(**at, what=text, path=text)
    yield SinkFailed(sink=text, error=text)
    yield TrainEnd(reason=text, epochs=1, step=1, seconds=1.0)
    yield Evaluated(split=text, rows=1, metrics={text: 1.0})
    yield Note(message=text)
    yield Verdict(status=text, summary=text, causes=(text,))


@pytest.mark.parametrize("level", list(Level)[1:])
def test_user_text_is_inert_without_a_terminal(level):
    text = show(everywhere(HOSTILE), level)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", text)
    assert "[red]x[/red]" in text
    assert r"\x1b[2J\r\n\u2028:smile:" in text
    assert len(text) < 40_000


def test_user_text_is_inert_on_a_terminal():
    text = show(everywhere(HOSTILE), Level.DEBUG, tty=True)
    codes = set(re.findall(r"\x1b\[[?\d;]*([A-Za-z])", text))
    assert codes <= set("mKAhl")
    assert "\x1b[2J" not in text
    assert "\u2028" not in text
    assert "\x9b" not in text


def test_tooth_markup_would_be_seen():
    out = io.StringIO()
    Console(file=out, width=80, force_jupyter=False).print("[red]x[/red]")
    assert "[red]" not in out.getvalue()


def test_a_screen_without_unicode_gets_ascii():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    terminal = Terminal(Level.EXPERT, Console(file=out, width=120, force_jupyter=False))
    for i, event in enumerate(run()):
        terminal.handle(Stamped(i, 0.0, event))
    terminal.close()
    out.flush()
    text = raw.getvalue().decode("ascii")
    assert "dL/dW2 = a1^T*delta2" in text
    assert "30 -> 64" in text
    assert "y_hat = sigma(a1*W2 + b2)" in text
