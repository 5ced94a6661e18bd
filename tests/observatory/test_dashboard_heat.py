"""Layers over time: bounded however long the run is, exact where it says so, and told in words."""

from __future__ import annotations

import base64
import json
import math
import re
from array import array
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from neurogebra.observatory.events import (
    Alert,
    BatchEnd,
    EpochEnd,
    LayerSeen,
    Level,
    Stamped,
    Stats,
    TrainStart,
    Verdict,
)
from neurogebra.observatory.recorder import TrainingLogger
from neurogebra.observatory.rules import RULES
from neurogebra.observatory.sinks.dashboard import Dashboard
from neurogebra.observatory.sinks.dashboard_charts import charts
from neurogebra.observatory.sinks.dashboard_diagnosis import diagnosis, weigh
from neurogebra.observatory.sinks.dashboard_facts import Facts
from neurogebra.observatory.sinks.dashboard_heat import BINS, MOST_LAYERS, Looks, Row
from neurogebra.observatory.sinks.dashboard_layers import figure, histograms, layers
from neurogebra.observatory.sinks.dashboard_maps import data, maps
from neurogebra.observatory.sinks.dashboard_notes import note, note_record
from neurogebra.observatory.sinks.dashboard_page import page
from neurogebra.observatory.stats import BIN_EDGES, histogram

SITES = ("gradient", "weight", "update", "forward")


def seen(step, layer, site, norm, **more):
    known = {"size": 100, "mean": 0.0, "std": norm, "min": -norm, "max": norm, "norm": norm} | more
    histogram = known.pop("histogram", ())
    param = known.pop("param", "" if site == "forward" else "W")
    return LayerSeen(epoch=0, batch=0, step=step, index=int(layer.rpartition("_")[2] or 0),
                     layer=layer, site=site, shape=(10, 10), stats=Stats(**known), param=param,
                     histogram=histogram)  # fmt: skip


def looked(*events):
    looks = Looks()
    for event in events:
        looks.add(event)
    looks.settle()
    return looks


def heat_of(looks, name="gradient"):
    return next(m for m in maps(looks) if m.quantity.name == name)


def weight_of(looks):
    """How many numbers are kept, in whatever they are kept."""
    rows = [row for by_layer in looks.rows.values() for row in by_layer.values()]
    bars = sum(len(b.first) + len(b.last) for b in looks.bars.values())
    return sum(len(getattr(row, name)) for row in rows for name in Row.__slots__) + bars


def fed(steps, layer_count=3, every=1):
    """A run of so many updates whose layers are looked at in every `every`-th."""
    facts = Facts()
    for step in range(1, steps + 1):
        if step % every == 0:
            for i in range(layer_count):
                for site in SITES:
                    size = 1.0 + math.sin(step / 50) ** 2 + i
                    note(facts, seen(step, f"dense_{i}", site, size, histogram=(1,) * 41))
        note(facts, BatchEnd(epoch=0, batch=0, step=step, rows=1, loss=1.0 / step))
    return facts


def test_memory_does_not_grow_with_the_run():
    """20,000 updates and four times as many are kept in the same room, and in the same page."""
    short, long = fed(20_000, every=50), fed(80_000, every=50)
    assert weight_of(short.looks) == weight_of(long.looks) > 0
    assert short.looks.bars.keys() == long.looks.bars.keys()
    for facts in (short, long):
        assert len(facts.batch_loss.buckets) <= facts.batch_loss.limit
    a, b = (len(page(f, "")) for f in (short, long))
    assert b < 1.1 * a
    assert heat_of(long.looks).width == 4 * heat_of(short.looks).width


@pytest.mark.slow
def test_a_million_updates_of_a_hundred_layers_are_less_than_two_megabytes(tmp_path):
    sink, steps = Dashboard(tmp_path / "d.html", every=1e9), 1_000_000
    rng = np.random.default_rng(0)
    noise = rng.random(4096).tolist()
    spread = tuple(range(1000, 1041))
    start = TrainStart(name="x", engine="numpy", seed=1, epochs=100, batches=10_000, train_rows=1,
                       val_rows=1, layers=(), params=1)  # fmt: skip
    sink.recall(Stamped(0, 0.0, start))
    for step in range(1, steps + 1):
        if step % 1000 == 0:
            for i in range(100):
                for site in SITES:
                    value = 10 ** (9 * noise[(step // 1000 * 7 + i * 13 + len(site)) % 4096])
                    event = seen(step, f"block_{i}", site, value, histogram=spread, dead_pct=value)
                    sink.recall(Stamped(0, 0.0, event))
        loss = BatchEnd(epoch=0, batch=0, step=step, rows=1, loss=noise[step % 4096])
        sink.recall(Stamped(0, 0.0, loss))
        if step % 10_000 == 0:
            metrics = dict.fromkeys(("loss", "val_loss", "accuracy", "val_accuracy"), noise[7])
            end = EpochEnd(epoch=step // 10_000 - 1, step=step, metrics=metrics,
                           learning_rate=0.1, seconds=1.0)  # fmt: skip
            sink.recall(Stamped(0, 0.0, end))
    sink.close()
    assert len(sink.facts.batch_loss.points()) <= 4000
    assert heat_of(sink.facts.looks).bins <= BINS
    size = (tmp_path / "d.html").stat().st_size
    assert size < 2_000_000, size


def test_neighbours_merge_and_keep_their_extremes_and_their_mean():
    rng = np.random.default_rng(3)
    values = rng.random(1000)
    looks = looked(*(seen(i + 1, "d_0", "gradient", v) for i, v in enumerate(values)))
    heat = heat_of(looks)
    cells = heat.rows["d_0"]
    assert (heat.origin, heat.width, len(cells)) == (1, 16, 63)
    assert sum(c.looks for c in cells) == 1000
    for cell in cells:
        a, b = heat.steps(cell)
        own = values[a - 1 : b]
        assert (cell.low, cell.high) == (own.min(), own.max())
        assert math.isclose(cell.mean, own.mean(), rel_tol=1e-12)
        assert cell.looks == len(own)


def test_a_row_that_forgot_to_merge_would_be_noticed(monkeypatch):
    """The tooth: a grid that drops every second column loses looks."""

    def dropping(self):
        for name, empty in (("total", 0), ("looks", 0), ("finite", 0), ("bad", 0),
                            ("low", math.inf), ("high", -math.inf)):  # fmt: skip
            rest = array("d", [empty]) * (BINS // 2)
            setattr(self, name, getattr(self, name)[::2] + rest)

    monkeypatch.setattr(Row, "halve", dropping)
    with pytest.raises(AssertionError):
        test_neighbours_merge_and_keep_their_extremes_and_their_mean()


def test_the_numbers_of_a_layer_are_of_all_its_parameters():
    looks = looked(
        seen(5, "d_0", "gradient", 3.0), seen(5, "d_0", "gradient", 4.0, param="b"),
        seen(5, "d_0", "weight", 6.0), seen(5, "d_0", "weight", 8.0, param="b"),
        seen(5, "d_0", "update", 0.01), seen(5, "d_0", "forward", 2.0, mean=0.0, dead_pct=30.0),
    )  # fmt: skip
    found = {m.quantity.name: m.rows["d_0"][0].mean for m in maps(looks)}
    assert found == {"gradient": 5.0, "weight": 10.0, "update": 0.001, "activation": 2.0,
                     "idle": 30.0}  # fmt: skip


def test_a_colour_holds_until_the_next_look_and_not_beyond_the_last():
    looks = looked(*(seen(step, "d_0", "weight", 1.0) for step in (10, 12, 40)))
    heat = heat_of(looks, "weight")
    assert [(c.start, c.stop) for c in heat.rows["d_0"]] == [(0, 2), (2, 30), (30, 31)]
    assert heat.bins == 31
    assert heat.steps(heat.rows["d_0"][-1]) == (40, 40)


def test_what_is_not_finite_is_marked_and_zero_has_its_own_colour():
    nan = math.nan
    looks = looked(
        seen(1, "d_0", "gradient", nan, nonfinite=100), seen(1, "d_1", "gradient", 0.0),
        seen(1, "d_2", "gradient", 2.0, nonfinite=3), seen(1, "d_3", "gradient", 4.0),
    )  # fmt: skip
    heat = heat_of(looks)
    drawn = figure(heat)
    assert [c.mean for (c,) in heat.rows.values()] == [None, 0.0, 2.0, 4.0]
    assert len(re.findall(r'class="bad" d="M0 0.5h1M0 2.5h1"', drawn)) == 1
    assert 'class="zero" d="M0 1.5h1"' in drawn
    for word in ("NaN or infinite", "exactly 0", "2 layers had values that are NaN or infinite"):
        assert word in drawn
    sent = data(heat)
    assert sent["bad"] == [[0, 0, 1], [2, 0, 1]]
    assert sent["ends"] == [2.0, 4.0]
    assert "NaN" not in json.dumps(sent, allow_nan=False)


def unpacked(text):
    """What the page's script makes of the numbers."""
    raw = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 3)
    return np.hstack([raw, np.zeros((len(raw), 1), np.uint8)]).tobytes()


def test_the_script_gets_the_numbers_to_five_digits_whatever_their_size():
    values = [0.0, 1e-300, 3.14159265, 1e-37, 2.5e30, 1e300, -0.0, 7.0]
    events = [seen(i + 1, "d_0", "gradient", v) for i, v in enumerate(values)]
    sent = np.frombuffer(unpacked(data(heat_of(looked(*events)))["mean"]), ">f4")
    expected = np.clip(values, None, 1e38)
    expected[1] = 1e-37
    np.testing.assert_allclose(sent, expected, rtol=4e-5, atol=0)
    assert list(sent == 0) == [v == 0 for v in values], "a tiny number is not 0"


def test_layers_beyond_the_most_are_counted():
    events = [seen(1, f"d_{i}", "gradient", 1.0) for i in range(MOST_LAYERS + 5)]
    looks = looked(*events)
    assert len(heat_of(looks).rows) == MOST_LAYERS
    assert looks.left_out == 5
    assert f"only the first {MOST_LAYERS} layers" in layers(looks, maps(looks))


def test_rows_are_in_the_order_of_the_network():
    looks = looked(*(seen(1, f"d_{i}", "gradient", 1.0) for i in (2, 0, 1)))
    assert list(heat_of(looks).rows) == ["d_0", "d_1", "d_2"]


def test_the_lines_of_a_deep_network_are_few_and_say_so():
    facts = Facts()
    for i in range(40):
        facts.looks.add(seen(1, f"d_{i}", "gradient", 1.0 + i))
    facts.looks.settle()
    chart = next(c for c in charts(facts) if c.id == "gradients")
    assert [s.name for s in chart.series][:: len(chart.series) - 1] == ["d_0", "d_39"]
    assert "10 of 40 layers; the map below has all" in chart.notes


def test_records_of_a_logger_are_looks_too():
    logger, facts = TrainingLogger(Level.EXPERT), Facts()
    logger.on_layer_forward(0, "d_0", output_data=np.full((4, 5), 3.0), activation="relu")
    logger.on_gradient_computed("d_0", np.array([3.0, 4.0]))
    logger.on_weight_updated("d_0", np.full(4, 1.0), np.full(4, 1.5))
    logger.on_batch_end(0, loss=1.0)
    for record in logger.get_event_log():
        note_record(facts, record)
    found = {m.quantity.name: m.rows["d_0"][0].mean for m in maps(facts.looks)}
    assert found == pytest.approx(
        {"gradient": 5.0, "weight": 3.0, "update": 1 / 3, "activation": 3.0}
    )


def test_no_look_is_said_so_and_no_histogram_too():
    assert "need a listener at the level EXPERT" in layers(Looks(), [])
    looks = looked(seen(1, "d_0", "weight", 1.0))
    assert "need a listener at the level DEBUG" in layers(looks, maps(looks))


def test_a_histogram_counts_every_finite_value_in_its_place():
    rng = np.random.default_rng(0)
    x = rng.normal(size=5000) * 10.0 ** rng.integers(-7, 4, 5000)
    x[:10] = 0.0
    counts = histogram(np.concatenate([x, [np.nan, np.inf]]))
    edges = np.array(BIN_EDGES)
    inside = np.clip(np.abs(x), edges[0], np.nextafter(edges[-1], 0))
    above = np.histogram(inside[x > 0], edges)[0]
    below = np.histogram(inside[x < 0], edges)[0]
    assert counts == (*below[::-1], 10, *above)
    assert sum(counts) == 5000


def test_histograms_are_of_the_first_and_the_latest_look_at_the_larger_parameter():
    first, last, bias = histogram([1.0, 2.0]), histogram([-3.0, 0.0]), histogram([5.0])
    looks = looked(
        seen(1, "d_0", "weight", 1.0, histogram=bias, param="b", size=1),
        seen(1, "d_0", "weight", 1.0, histogram=first),
        seen(9, "d_0", "weight", 1.0, histogram=last),
        seen(9, "d_0", "weight", 1.0, histogram=bias, param="b", size=1),
    )
    bars = looks.bars["d_0", "weight"]
    assert (bars.first, bars.last, bars.first_step, bars.last_step) == (first, last, 1, 9)
    assert "50 % below 0, 50 % exactly 0 · step 9" in histograms(looks)


def test_the_diagnosis_is_ranked_and_shows_its_evidence():
    facts = Facts(name="x", step=500)
    for rule, numbers in (("update_too_large", {"ratio": 0.5}), ("loss_divergence", {"now": 9.0})):
        assert rule in RULES
        facts.alert(replace(ALERT, rule=rule, message=f"seen {rule}", evidence=numbers))
    facts.alert(replace(ALERT, rule="sink_failed", message="a sink"))
    shown = diagnosis(facts)
    cause = weigh(facts).causes[0]
    assert cause.name == "learning_rate_too_high"
    for part in (cause.text, cause.change, "seen update_too_large", "update_too_large.ratio 0.5",
                 f'value="{round(100 * cause.confidence)}"', "<ol>"):  # fmt: skip
        assert part in shown
    assert "a sink" not in shown


ALERT = Alert(rule="r", severity="warning", message="m", epoch=0)


def test_without_a_clear_cause_the_diagnosis_says_so_and_without_findings_nothing():
    facts = Facts(step=500)
    assert diagnosis(facts) == ""
    facts.verdict = ("healthy", "fine", ())
    assert diagnosis(facts) == ""
    facts.alert(replace(ALERT, rule="near_chance", severity="<b>"))
    assert diagnosis(facts) == "", "an unknown severity is information"
    facts.alert(replace(ALERT, rule="near_chance"))
    assert "Not enough evidence for a cause" in diagnosis(facts)


def test_one_rule_in_many_layers_is_one_finding(tmp_path):
    facts = Facts()
    for i in range(30):
        facts.alert(replace(ALERT, rule="dead_relu", layer=f"d_{i}"))
    source = page(facts, "")
    assert source.count("<article") == 1
    assert "also in d_1, d_2, d_3, d_4, d_5, d_6, d_7, d_8 and 21 more" in source
    assert "30 times" in source


def test_a_run_that_goes_on_says_so(tmp_path):
    sink = Dashboard(tmp_path / "d.html")
    start = TrainStart(name="x", engine="numpy", seed=1, epochs=5, batches=1, train_rows=1,
                       val_rows=1, layers=(), params=1)  # fmt: skip
    sink.handle(Stamped(0, 1000.0, start))
    source = (tmp_path / "d.html").read_text("utf-8")
    assert (
        "<strong>The run goes on.</strong> This page shows what was known at 00:16:40 UTC" in source
    )
    sink.facts.status = "completed"
    assert 'class="going"' not in page(sink.facts, "")


def test_a_page_that_takes_long_is_written_less_often(tmp_path):
    sink = Dashboard(tmp_path / "d.html", every=5.0)
    sink.handle(Stamped(0, 0.0, Verdict(status="healthy", summary="x")))
    assert sink._is_time(6.0)
    sink._cost = 0.5
    assert not sink._is_time(49.0)
    assert sink._is_time(50.0)


class Outline(HTMLParser):
    """Collects headings, names of what is focusable or a picture, and ids."""

    def __init__(self, source):
        super().__init__()
        self.headings, self.unnamed, self.ids = [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        self.ids += [found["id"]] if "id" in found else []
        named = found.get("aria-label") or found.get("aria-labelledby")
        if found.get("role") in ("img", "region") and not named:
            self.unnamed.append((tag, found))


def test_headings_are_in_order_and_pictures_have_names_and_tables():
    facts = fed(64)
    facts.name = "x"
    for rule in ("update_too_large", "loss_divergence", "dead_relu"):
        facts.alert(replace(ALERT, rule=rule))
    source = page(facts, "")
    outline = Outline(source)
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(b <= a + 1 for a, b in steps)
    assert outline.unnamed == []
    assert len(outline.ids) == len(set(outline.ids))
    pictures = sum(1 for c in charts(facts) if c.values()) + len(maps(facts.looks))
    assert source.count('<details class="data">') == pictures


def colours(source, start):
    at = source.index(start)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", source[at : source.index("}", at)]))


def linear(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    low, high = sorted(float(linear(c) @ (0.2126, 0.7152, 0.0722)) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


TEXTS = (
    *((tone, on) for tone in ("ink", "soft", "accent") for on in ("paper", "card")),
    *((f"{tone}", f"{tone}-wash") for tone in ("ok", "warn", "bad", "soft")),
    *((tone, "card") for tone in ("ok", "warn", "bad")), ("ok", "paper"),
    *(("card", tone) for tone in ("soft", "ok", "warn", "bad")),
    *(("ink", f"{tone}-wash") for tone in ("ok", "warn", "bad", "soft")),
)  # fmt: skip


def themes():
    source = page(Facts(), "")
    light = colours(source, ":root {")
    dark = light | colours(source, ':root[data-theme="dark"] {')
    again = light | colours(source, ':root:not([data-theme="light"]) {')
    paper = light | colours(source, ':root, :root[data-theme="dark"] {')
    assert dark == again, "the two dark themes are one"
    return {"light": light, "dark": dark, "print": paper}


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_every_text_has_contrast_enough_and_every_line_too(theme):
    known = themes()[theme]
    for tone, on in TEXTS:
        assert contrast(known[tone], known[on]) >= 4.5, (tone, on)
    for tone in ("train", "val", "time", *(f"l{i}" for i in range(10))):
        assert contrast(known[tone], known["card"]) >= 3.0, tone


# Machado, Oliveira & Fernandes (2009), Table 1, severity 1.0: what the colour-blind see.
BLIND = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                   (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
                   (0.004733, 0.691367, 0.303900)),
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}  # fmt: skip


def lightness(colour, eyes):
    seen_as = np.clip(np.array(eyes) @ linear(colour), 0, 1)
    y = float(seen_as @ (0.2126, 0.7152, 0.0722))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.mark.parametrize("eyes", BLIND)
def test_the_colours_of_the_maps_are_ordered_for_all_eyes(eyes):
    ramp = [lightness(themes()["light"][f"h{i}"], BLIND[eyes]) for i in range(16)]
    steps = np.diff(ramp)
    assert steps.min() > 1.5, "each colour is lighter than the one before"
    rainbow = [lightness(c, BLIND[eyes]) for c in ("#0000ff", "#00ffff", "#00ff00", "#ffff00")]
    assert np.diff([*rainbow, lightness("#ff0000", BLIND[eyes])]).min() < 0, "the tooth"
