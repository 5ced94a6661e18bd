"""Which curves the dashboard shows: one list that the SVG and Chart.js both draw."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurogebra.observatory.render.text import count, duration, inert, number
from neurogebra.observatory.sinks.dashboard_curve import Curve, Point
from neurogebra.observatory.sinks.dashboard_facts import Facts

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

    def words(self) -> str:
        """Return the picture as one sentence, for those who do not see it."""
        head = f"{self.title} by {self.x}"
        told = [_told(s) for s in self.series[:4] if s.points]
        more = f"; and {len(self.series) - 4} more curves" if len(self.series) > 4 else ""
        return f"{head}. " + "; ".join(told) + more if told else f"{head}: nothing yet"


def charts(facts: Facts) -> list[Chart]:
    """Return the charts of a run in reading order; only the loss is shown when empty."""
    bases = dict.fromkeys(("loss", *(name.removeprefix("val_") for name in facts.metrics)))
    found = [_metric(facts, base, n) for n, base in enumerate(sorted(bases, key=_rank))]
    if facts.batch_loss.buckets:
        found.append(_batches(facts.batch_loss))
    if any(g.curve.last is not None for g in facts.gradients.values()):
        found.append(_gradients(facts))
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
        switch=base == "loss",
        notes=_notes([c for _, _, c in shown], "epochs"),
    )


def _batches(curve: Curve) -> Chart:
    return Chart(
        id="batch-loss",
        title="Batch loss",
        x="step",
        series=(Series("batch loss", "train", curve.points()),),
        switch=True,
        notes=_notes([curve], "steps"),
    )


def _gradients(facts: Facts) -> Chart:
    names, last = list(facts.gradients), max(1, len(facts.gradients) - 1)
    curves = [facts.gradients[n].curve for n in names]
    points = [c.points() for c in curves]
    zeros = sum(1 for line in points for _, y in line if y == 0)
    notes = _notes(curves, "epochs")
    if zeros:
        notes += (f"{count(zeros)} norms are exactly 0 and have no place on a log axis",)
    left = facts.left_out.get("gradients", 0)
    if left:
        notes += (f"only the first {len(names)} layers are drawn",)
    return Chart(
        id="gradients",
        title="Gradient norm per layer",
        x="epoch",
        series=tuple(
            Series(inert(n, 60), f"l{round(i / last * (TONES - 1))}", line)
            for i, (n, line) in enumerate(zip(names, points, strict=True))
        ),
        log=True,
        notes=notes,
    )


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
