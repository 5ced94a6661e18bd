"""Which curves the dashboard shows: one list that the SVG and Chart.js both draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from neurogebra.observatory.render.text import count, duration, inert, number
from neurogebra.observatory.sinks.dashboard_curve import Curve, Point
from neurogebra.observatory.sinks.dashboard_facts import Facts
from neurogebra.observatory.sinks.dashboard_maps import HeatMap, maps

SPANS = 24  # lines of the table behind a chart
WIDE = 1e5  # highest over lowest value from which on an axis begins as a log one
TONES = 10  # steps of the ramp from the first layer to the last
_TITLES = {"loss": "Loss", "accuracy": "Accuracy"}


@dataclass(frozen=True)
class Series:
    """One line or one row of bars; tone is the name of its colour."""

    name: str
    tone: str
    points: list[Point]


@dataclass(frozen=True)
class Chart:
    """One picture: what it shows, in which axes, and what to say of it."""

    id: str
    title: str
    x: str  # what runs along the x axis
    series: tuple[Series, ...]
    kind: str = "line"  # or "bar"
    unit: str = ""
    log: bool = False
    switch: bool = False  # the reader may change between linear and log
    notes: tuple[str, ...] = field(default=())

    def values(self) -> list[float]:
        """Return every value that is drawn."""
        return [y for s in self.series for _, y in s.points if y is not None]

    def spans(self) -> list[tuple[float, float, list[list[float]]]]:
        """Return the values in at most `SPANS` stretches of x: (first x, last x, values a series).

        The points of a curve are its extremes, and so are those of a stretch.
        """
        places = sorted({x for s in self.series for x, _ in s.points})
        size = max(1, math.ceil(len(places) / SPANS))
        ends = [
            (places[i], places[min(i + size, len(places)) - 1]) for i in range(0, len(places), size)
        ]
        return [
            (a, b, [[y for x, y in s.points if a <= x <= b and y is not None] for s in self.series])
            for a, b in ends
        ]

    def words(self) -> str:
        """Return the picture as one sentence, for those who do not see it."""
        head = f"{self.title} by {self.x}"
        told = [_told(s) for s in self.series[:4] if s.points]
        more = f"; and {len(self.series) - 4} more curves" if len(self.series) > 4 else ""
        return f"{head}. " + "; ".join(told) + more if told else f"{head}: nothing yet"


def charts(facts: Facts, heats: Sequence[HeatMap] | None = None) -> list[Chart]:
    """Return the charts of a run in reading order; only the loss is shown when empty.

    heats: the maps of the layers, where they are at hand.
    """
    bases = dict.fromkeys(("loss", *(name.removeprefix("val_") for name in facts.metrics)))
    found = [_metric(facts, base, n) for n, base in enumerate(sorted(bases, key=_rank))]
    if facts.batch_loss.buckets:
        found.append(_batches(facts))
    gradients = _gradients(maps(facts.looks) if heats is None else heats)
    if gradients is not None:
        found.append(gradients)
    if facts.seconds.last is not None:
        found.append(_times(facts.seconds))
    return found


def _rank(name: str) -> tuple[bool, bool]:
    return (name != "loss", name != "accuracy")


def _metric(facts: Facts, base: str, place: int) -> Chart:
    pairs = (("train", "train", base), ("validation", "val", f"val_{base}"))
    shown = [(n, tone, facts.metrics[key]) for n, tone, key in pairs if key in facts.metrics]
    return Chart(
        id=f"metric-{place}",
        title=_TITLES.get(base, inert(base, 60)),
        x="epoch",
        series=tuple(Series(n, tone, c.points()) for n, tone, c in shown),
        log=_is_wide([c for _, _, c in shown]),
        switch=True,
        notes=_notes([c for _, _, c in shown], "epochs"),
    )


def _batches(facts: Facts) -> Chart:
    curve, passed = facts.batch_loss, facts.step - facts.resumed - facts.told
    notes = _notes([curve], "steps")
    if passed > 0:
        notes += (f"{count(facts.told)} of {count(facts.told + passed)} updates were told",)
    return Chart(
        id="batch-loss",
        title="Batch loss",
        x="step",
        series=(Series("batch loss", "train", curve.points()),),
        log=_is_wide([curve]),
        switch=True,
        notes=notes,
    )


def _gradients(heats: Sequence[HeatMap]) -> Chart | None:
    heat = next((m for m in heats if m.quantity.name == "gradient"), None)
    if heat is None or heat.ends is None:
        return None
    names = _some(list(heat.rows))
    lines = [[(float(heat.steps(c)[0]), c.mean) for c in heat.rows[n]] for n in names]
    zeros = sum(1 for line in lines for _, y in line if y == 0)
    notes: tuple[str, ...] = ()
    if heat.width > 1:
        notes += (f"means of the looks in {count(heat.width)} updates",)
    if zeros:
        notes += (f"{count(zeros)} norms are exactly 0 and have no place on a log axis",)
    if len(names) < len(heat.rows):
        notes += (f"{len(names)} of {len(heat.rows)} layers; the map below has all",)
    last = max(1, len(names) - 1)
    return Chart(
        id="gradients",
        title="Gradient norm per layer",
        x="step",
        series=tuple(
            Series(inert(n, 60), f"l{round(i / last * (TONES - 1))}", line)
            for i, (n, line) in enumerate(zip(names, lines, strict=True))
        ),
        log=True,
        notes=notes,
    )


def _some(names: list[str]) -> list[str]:
    """Return at most TONES of the names, from the first to the last, evenly."""
    if len(names) <= TONES:
        return names
    return [names[round(i * (len(names) - 1) / (TONES - 1))] for i in range(TONES)]


def _times(curve: Curve) -> Chart:
    wide = curve.width > 1
    return Chart(
        id="seconds",
        title="Epoch time",
        x="epoch",
        series=(Series("seconds", "time", curve.means()),),
        kind="bar",
        unit="seconds",
        notes=(f"each bar is the mean of {count(curve.width)} epochs",) if wide else (),
    )


def _is_wide(curves: list[Curve]) -> bool:
    """Say whether the values are so far apart that only a log axis shows the most of them."""
    ends = [(low[1], high[1]) for c in curves if (low := c.lowest()) and (high := c.highest())]
    return bool(ends) and min(ends)[0] > 0 and max(b for _, b in ends) > WIDE * min(ends)[0]


def _notes(curves: list[Curve], unit: str) -> tuple[str, ...]:
    width, lost = max(c.width for c in curves) if curves else 1, sum(c.nonfinite for c in curves)
    notes: tuple[str, ...] = ()
    if width > 1:
        notes += (f"lowest and highest of every {count(width)} {unit}",)
    if lost:
        notes += (f"{count(lost)} values were NaN or infinite and are gaps",)
    return notes


def _told(series: Series) -> str:
    told = [(x, y) for x, y in series.points if y is not None]
    if not told:
        return f"{series.name}: no values"
    if series.tone == "time":
        return f"mean {duration(sum(y for _, y in told) / len(told))}"
    x, low = min(told, key=lambda p: p[1])
    return (
        f"{series.name}: from {number(told[0][1])} to {number(told[-1][1])}, "
        f"lowest {number(low)} at {number(x)}"
    )
