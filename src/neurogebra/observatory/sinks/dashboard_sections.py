"""The parts of the dashboard as markup; every text passes through `text` and is inert."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from neurogebra.observatory.events import LayerInfo
from neurogebra.observatory.render.text import count, duration, metric, number, sizes
from neurogebra.observatory.sinks.dashboard_charts import Chart
from neurogebra.observatory.sinks.dashboard_facts import EpochRow, Facts
from neurogebra.observatory.sinks.dashboard_layers import behind
from neurogebra.observatory.sinks.dashboard_svg import plot
from neurogebra.observatory.sinks.dashboard_text import MARKS, head, text

_STATUS = {
    "waiting": ("waiting", "idle"),
    "running": ("training", "live"),
    "completed": ("completed", "ok"),
    "early_stopping": ("stopped early", "ok"),
    "interrupted": ("interrupted", "warning"),
    "diverged": ("diverged", "critical"),
}
_VERDICTS = {"healthy": "ok", "warning": "warning", "unhealthy": "critical"}
_DASH = "–"
MOST_COLUMNS = 10
MOST_LEGENDS = 8
MOST_LAYER_ROWS = 300


def heading(facts: Facts) -> str:
    """Return the name of the run, its state, its facts and its progress."""
    word, tone = _STATUS.get(facts.status, (facts.status, "idle"))
    told = [f"engine {facts.engine}" if facts.engine else ""]
    told.append(f"seed {facts.seed}" if facts.seed is not None else "")
    told.append(f"epoch {facts.epochs}" + (f" of {facts.planned}" if facts.planned else ""))
    told.append(f"{count(facts.train_rows)} training rows" if facts.train_rows else "")
    told.append(f"{count(facts.val_rows)} validation rows" if facts.val_rows else "")
    told.append(f"{count(facts.params)} parameters" if facts.params else "")
    told.append(f"resumed at step {count(facts.resumed)}" if facts.resumed else "")
    meta = "".join(f"<li>{text(t)}</li>" for t in told if t)
    return (
        f'<h1>{text(facts.name, 120)}</h1><span class="pill {tone}">{text(word, 40)}</span>'
        f'<ul class="meta">{meta}</ul>{_progress(facts)}{_live(facts)}'
    )


def _live(facts: Facts) -> str:
    if facts.status != "running":
        return ""
    moment = datetime.fromtimestamp(facts.updated, UTC) if facts.updated is not None else None
    when = (
        f" This page shows what was known at {moment:%H:%M:%S} UTC on {moment:%Y-%m-%d}."
        if moment
        else ""
    )
    return f'<p class="going"><strong>The run goes on.</strong>{when} Reload to see more.</p>'


def _progress(facts: Facts) -> str:
    if facts.status != "running" or not facts.planned:
        return ""
    done = min(facts.epochs, facts.planned)
    return (
        f'<progress max="{facts.planned}" value="{done}" aria-label="epochs">'
        f"{done} of {facts.planned}</progress>"
    )


def verdict(facts: Facts) -> str:
    """Return the health of the run in one line, or how far it is known."""
    if facts.verdict is None:
        return ""
    status, summary, causes = facts.verdict
    tone = _VERDICTS.get(status, "idle")
    named = "".join(f"<code>{text(c, 80)}</code>" for c in causes[:8])
    named = f'<span class="causes">{named}</span>' if named else ""
    return (
        f'<div class="verdict {tone}" role="status"><span class="mark">{MARKS[tone]}</span>'
        f"<p><strong>{text(status, 60)}</strong> {text(summary)}</p>{named}</div>"
    )


def kpis(facts: Facts) -> str:
    """Return the six numbers of the run, each with one line that puts it in place."""
    named, scored, below = _score(facts)
    val = facts.metrics.get("val_loss")
    tiles = (
        ("train loss", _last(_now(facts, "loss")), _change(facts)),
        ("val loss", _last(_now(facts, "val_loss")), _best(val.lowest() if val else None)),
        (named, scored, below),
        ("learning rate", _number(facts.learning_rate), text(_optimizer(facts.settings), 60)),
        ("step", count(facts.step), _pace(facts)),
        ("time", *_time(facts)),
    )
    return "".join(
        f'<div class="kpi"><dt>{text(name, 40)}</dt><dd>{value}</dd>'
        f'<dd class="sub">{sub}</dd></div>'
        for name, value, sub in tiles
    )


def _now(facts: Facts, name: str) -> float | None:
    """Return the last epoch's value, NaN included, or the last one that was measured."""
    row, curve = facts.table.last, facts.metrics.get(name)
    if row is not None and name in row.metrics:
        return row.metrics[name]
    return curve.last if curve else None


def _last(value: float | None) -> str:
    return metric(value) if value is not None else _DASH


def _number(value: float | None) -> str:
    return number(value) if value is not None else _DASH


def _change(facts: Facts) -> str:
    curve, rows = facts.metrics.get("loss"), (facts.table.before, facts.table.last)
    before, now = (row.metrics.get("loss") if row else None for row in rows)
    if before is None or now is None or not before or not isfinite(now / before):
        return _best(curve.lowest() if curve else None)
    share = now / before - 1
    if abs(share) < 5e-4:
        return "unchanged"
    return f"{'▼' if share < 0 else '▲'} {abs(share) * 100:.1f} % / epoch"


def _best(low: tuple[float, float] | None) -> str:
    return f"best {metric(low[1])} · epoch {low[0]:.0f}" if low else "not measured"


def _score(facts: Facts) -> tuple[str, str, str]:
    others = [n.removeprefix("val_") for n in facts.metrics if n.removeprefix("val_") != "loss"]
    base = "accuracy" if "accuracy" in others or not others else others[0]
    val, train = _now(facts, f"val_{base}"), _now(facts, base)
    if val is not None:
        return base, metric(val), "validation" + (f" · train {_last(train)}" if train else "")
    return base, _last(train), "train" if train is not None else "not measured"


def _optimizer(settings: Mapping[str, Any]) -> str:
    chosen = settings.get("optimizer", "")
    return str(chosen.get("name", "")) if isinstance(chosen, Mapping) else str(chosen)


def elapsed(facts: Facts) -> float | None:
    """Return the seconds of the run so far, as the loop says or as the clock saw them."""
    if facts.took is not None:
        return facts.took
    if facts.started is None or facts.updated is None:
        return None
    return max(0.0, facts.updated - facts.started)


def _pace(facts: Facts) -> str:
    seconds, steps = elapsed(facts), facts.step - facts.resumed
    return f"{number(steps / seconds, 3)} per second" if seconds and steps > 0 else ""


def _time(facts: Facts) -> tuple[str, str]:
    seconds = elapsed(facts)
    means = [y for _, y in facts.seconds.means() if y is not None]
    each = f"{duration(sum(means) / len(means))} per epoch" if means else ""
    return (duration(seconds) if seconds is not None else _DASH), each


def figure(chart: Chart) -> str:
    """Return one chart: title, legend, the drawn SVG and the place for Chart.js."""
    note = f'<p class="note">{text(" · ".join(chart.notes))}</p>' if chart.notes else ""
    on = str(chart.log).lower()
    switch = f'<button type="button" class="log" aria-pressed="{on}" hidden>log scale</button>'
    switch = switch if chart.switch else ""
    many = " many" if len(chart.series) > MOST_LEGENDS else ""
    drawn = plot(chart) or '<p class="empty">no value yet</p>'
    axis = f"{chart.unit} by {chart.x}".strip()
    if chart.log:  # where a button says so, the words are for who has no button
        axis += f'<span class="{"static" if chart.switch else "log-axis"}"> · log scale</span>'
    return (
        f'<figure class="card chart{many}" id="{chart.id}"><figcaption>'
        f'<h2>{text(chart.title, 60)}</h2><span class="axis">{axis}</span>{switch}'
        f'<ul class="legend">{_legend(chart)}</ul></figcaption>'
        f'<div class="canvas" role="img" aria-label="{text(chart.words(), 800)}">{drawn}</div>'
        f"{note}{_numbers(chart)}</figure>"
    )


def _numbers(chart: Chart) -> str:
    """Return the table behind a chart: the lowest and the highest value of each stretch."""
    shown = chart.series[:MOST_COLUMNS]
    titles = head((chart.x, "n"), *((s.name, "n") for s in shown))
    rows = "".join(
        f'<tr><th scope="row" class="n">{_number(a)}{f"–{_number(b)}" if b > a else ""}</th>'
        + "".join(f'<td class="n">{_range(values)}</td>' for values in found[:MOST_COLUMNS])
        + "</tr>"
        for a, b, found in chart.spans()
    )
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
    return behind(table, text(chart.title, 60)) if rows else ""


def _range(values: list[float]) -> str:
    if not values:
        return _DASH
    low, high = min(values), max(values)
    return metric(low) if low == high else f"{metric(low)} – {metric(high)}"


def _legend(chart: Chart) -> str:
    series, last = chart.series, len(chart.series) - 1
    shown = sorted({round(i * last / (MOST_LEGENDS - 1)) for i in range(MOST_LEGENDS)})
    entries = "".join(
        f'<li class="{series[i].tone}" data-at="{i}"><i></i>{text(series[i].name, 60)}</li>'
        for i in (shown if last > 0 else ())
    )
    left = len(series) - len(shown)
    return entries + (f"<li>and {left} between them</li>" if left > 0 else "")


def architecture(layers: Iterable[LayerInfo]) -> str:
    """Return the table of layers with their formulas, shapes and parameter counts."""
    known = list(layers)
    rows = "".join(_layer(i, layer) for i, layer in enumerate(known[:MOST_LAYER_ROWS], 1))
    total = count(sum(layer.params for layer in known))
    left = len(known) - MOST_LAYER_ROWS
    more = f'<tr><td colspan="6">and {left} more layers</td></tr>' if left > 0 else ""
    titles = head(("#", "n"), ("layer", ""), ("type", ""), ("formula", ""), ("shape", ""))
    return (
        f'<table class="layers"><thead><tr>{titles}<th scope="col" class="n">parameters</th></tr>'
        f"</thead><tbody>{rows}{more}</tbody><tfoot><tr><th scope=row colspan=5>in all</th>"
        f'<td class="n">{total}</td></tr></tfoot></table>'
    )


def _layer(place: int, layer: LayerInfo) -> str:
    formula = f"<code>{text(layer.formula, 300) or _DASH}</code>"
    if layer.gradient:
        lines = "".join(f"<code>{text(g, 300)}</code>" for g in layer.gradient[:12])
        formula = f"<details><summary>{formula}</summary>{lines}</details>"
    kind = text(layer.type, 60) + (f" · {text(layer.activation, 60)}" if layer.activation else "")
    return (
        f'<tr><td class="n">{place}</td><th scope="row">{text(layer.name, 80)}</th><td>{kind}</td>'
        f'<td class="formula">{formula}</td><td class="shape">{sizes(layer.in_shape)} → '
        f'{sizes(layer.out_shape)}</td><td class="n">{count(layer.params)}</td></tr>'
    )


def scores(facts: Facts) -> str:
    """Return the scores of the finished model, one line a part of the data."""
    names = list(dict.fromkeys(n for _, values in facts.scores.values() for n in values))[:12]
    titles = head(("data", ""), ("rows", "n"), *((n, "n") for n in names))
    rows = "".join(
        f'<tr><th scope="row">{text(split, 60)}</th><td class="n">{count(size)}</td>'
        + "".join(f'<td class="n">{_last(values.get(n))}</td>' for n in names)
        + "</tr>"
        for split, (size, values) in facts.scores.items()
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


def epochs(facts: Facts) -> str:
    """Return the table of epochs; a metric that was not measured is a dash."""
    names, rows = list(facts.metrics), facts.table.lines()
    titles = head(("epoch", "n"), *((n, "n") for n in names), ("learning rate", "n"), ("time", "n"))
    body = "".join(_epoch(row, names, row is facts.table.best) for row in rows)
    left = facts.table.seen - len(rows)
    note = (
        f'<p class="note">every {facts.table.every}th epoch, the best and the last one</p>'
        if left > 0
        else ""
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>{note}"


def _epoch(row: EpochRow, names: list[str], best: bool) -> str:
    cells = [_last(row.metrics.get(n)) for n in names]
    cells += [_number(row.learning_rate)]
    cells += [duration(row.seconds) if row.seconds is not None else _DASH]
    mark = '<b class="best">best</b> ' if best else ""
    tail = "".join(f'<td class="n">{c}</td>' for c in cells)
    return f'<tr><th scope="row" class="n">{mark}{row.epoch + 1}</th>{tail}</tr>'


def pairs(values: Mapping[str, Any]) -> str:
    """Return nested plain values as a list of terms, the inner names after the outer ones."""
    rows = list(_flat(values))[:200]
    return "".join(f"<div><dt>{text(k, 120)}</dt><dd>{text(v, 1000)}</dd></div>" for k, v in rows)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for key, value in values.items():
        name = f"{before}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name} · ")
        else:
            yield name, value if isinstance(value, str) else _plain(value)


def _plain(value: object) -> str:
    if value is None:
        return _DASH
    return json.dumps(value, ensure_ascii=False, default=str)
