"""The layers over time as markup: heat maps with their legends and tables, and histograms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from neurogebra.observatory.render.text import count, number, percent
from neurogebra.observatory.sinks.dashboard_heat import MOST_LAYERS, Bars, Cell, Looks
from neurogebra.observatory.sinks.dashboard_maps import SHADES, HeatMap
from neurogebra.observatory.sinks.dashboard_svg import across, x_labels
from neurogebra.observatory.sinks.dashboard_text import head, text
from neurogebra.observatory.stats import BIN_EDGES

_NAMES = 24  # labels beside a map
_HEIGHTS = ((4, "low"), (14, "mid"), (48, "tall"))
_SITES = {"weight": "weights", "gradient": "gradients", "forward": "outputs"}
_DASH = "–"


def layers(looks: Looks, shown: Sequence[HeatMap]) -> str:
    """Return everything that was seen of the layers, or how to see it; shown: `maps(looks)`."""
    if not shown:
        return (
            '<p class="card none">No look at the layers was recorded: '
            "the maps need a listener at the level EXPERT.</p>"
        )
    left = f"only the first {MOST_LAYERS} layers are kept" if looks.left_out else ""
    note = f'<p class="note">{left}</p>' if left else ""
    figures = "".join(figure(heat) for heat in shown)
    return f'<div class="charts">{figures}</div>{note}{histograms(looks)}'


def figure(heat: HeatMap) -> str:
    """Return one heat map: its picture, legend, reading and table."""
    end = heat.origin + heat.bins * heat.width
    size = next((word for most, word in _HEIGHTS if len(heat.rows) <= most), "vast")
    colours = "log colours" if heat.quantity.log else "colours"
    return (
        f'<figure class="card chart heat" id="{heat.id}"><figcaption>'
        f'<h3>{text(heat.quantity.title)}</h3><span class="axis">{text(heat.quantity.what)} '
        f"by step · {colours}</span>{_legend(heat)}</figcaption>"
        f'<div class="canvas {size}" role="img" aria-label="{text(heat.words(), 800)}">'
        f'<div class="map"><svg class="names">{_names(list(heat.rows))}</svg>'
        f'<svg class="field" viewBox="0 0 {heat.bins} {len(heat.rows)}" '
        f'preserveAspectRatio="none">{cells(heat)}</svg>'
        f'<svg class="xs">{x_labels(across([heat.origin, end]))}</svg></div></div>'
        f'<p class="note">{text(" · ".join(heat.notes))}</p>{_table(heat)}</figure>'
    )


def cells(heat: HeatMap) -> str:
    """Return the cells as one path a colour; neighbours of one colour are one stroke."""
    paths: dict[str, list[str]] = {}
    for y, row in enumerate(heat.rows.values()):
        for tone, start, stop in _strokes(heat, row):
            paths.setdefault(tone, []).append(f"M{start} {y}.5h{stop - start}")
    return "".join(f'<path class="{tone}" d="{"".join(d)}"/>' for tone, d in sorted(paths.items()))


def _strokes(heat: HeatMap, row: Sequence[Cell]) -> Iterator[tuple[str, int, int]]:
    open_: tuple[str, int, int] | None = None
    for cell in row:
        tone = _tone(heat, cell)
        if open_ and open_[0] == tone and open_[2] == cell.start:
            open_ = (tone, open_[1], cell.stop)
            continue
        if open_:
            yield open_
        open_ = (tone, cell.start, cell.stop)
    if open_:
        yield open_


def _tone(heat: HeatMap, cell: Cell) -> str:
    if cell.bad or cell.mean is None:
        return "bad"
    shade = heat.shade(cell.mean)
    return "zero" if shade is None else f"h{min(SHADES - 1, int(shade * SHADES))}"


def _names(names: Sequence[str]) -> str:
    every = ceil(len(names) / _NAMES)
    return "".join(
        f'<text x="100%" y="{(i + 0.5) / len(names) * 100:.2f}%" dx="-8" dy="4">'
        f"{text(name, 16)}</text>"
        for i, name in enumerate(names)
        if i % every == 0
    )


def _legend(heat: HeatMap) -> str:
    every = [c for row in heat.rows.values() for c in row]
    low, high = (heat.say(v) for v in heat.ends) if heat.ends else (_DASH, _DASH)
    zero = heat.quantity.log and any(c.mean == 0 for c in every)
    entries = f'<li>{low}<i class="ramp"></i>{high}</li>' if heat.ends else ""
    entries += '<li><i class="cell zero"></i>exactly 0</li>' if zero else ""
    bad = any(c.bad for c in every)
    entries += '<li><i class="cell bad"></i>NaN or infinite</li>' if bad else ""
    return f'<ul class="legend">{entries}</ul>'


def _table(heat: HeatMap) -> str:
    columns = (("layer", ""), *((n, "n") for n in ("first", "latest", "lowest", "highest")))
    rows = "".join(_row(heat, name, row) for name, row in heat.rows.items())
    title = text(heat.quantity.title)
    return behind(
        f"<table><thead><tr>{head(*columns)}</tr></thead><tbody>{rows}</tbody></table>", title
    )


def _row(heat: HeatMap, name: str, row: Sequence[Cell]) -> str:
    lows = [(c.low, c) for c in row if c.low is not None]
    highs = [(c.high, c) for c in row if c.high is not None]
    shown = [heat.say(row[0].mean), heat.say(row[-1].mean)]
    for found, choose in ((lows, min), (highs, max)):
        value, at = choose(found, key=lambda pair: pair[0]) if found else (None, row[0])
        shown.append(f"{heat.say(value)} <small>step {count(heat.steps(at)[0])}</small>")
    marks = "".join(f'<td class="n">{value}</td>' for value in shown)
    return f'<tr><th scope="row">{text(name, 80)}</th>{marks}</tr>'


def behind(table: str, title: str) -> str:
    """Return the table behind a picture, folded away; `table` and `title` are markup."""
    return (
        '<details class="data"><summary>Numbers</summary>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}: numbers">'
        f"{table}</div></details>"
    )


def histograms(looks: Looks) -> str:
    """Return how the values of each layer are spread, at the first and at the latest look."""
    if not looks.bars:
        return (
            '<p class="note none">No histograms of the values were recorded: '
            "they need a listener at the level DEBUG.</p>"
        )
    names = sorted({layer for layer, _ in looks.bars}, key=looks.layers.__getitem__)
    sites = [site for site in _SITES if any((name, site) in looks.bars for name in names)]
    columns = head(("layer", ""), *((_SITES[site], "") for site in sites))
    rows = "".join(
        f'<tr><th scope="row">{text(name, 80)}</th>'
        + "".join(f"<td>{_bars(looks.bars.get((name, site)))}</td>" for site in sites)
        + "</tr>"
        for name in names
    )
    low, high = number(BIN_EDGES[0]), number(BIN_EDGES[-1])
    return (
        '<div class="card part" id="histograms">'
        '<h3>Histograms</h3><p class="note">signed values, each bar four '
        f"times as far from 0 as the one before ({low} to {high}), 0 in the middle · filled: "
        "latest look · line: first look</p>"
        '<div class="scroll" tabindex="0" role="region" aria-label="Histograms">'
        f'<table class="bars"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>'
        "</div></div>"
    )


def _bars(bars: Bars | None) -> str:
    if bars is None:
        return _DASH
    words = _spread(bars.last)
    first, last = _outline(bars.first), _outline(bars.last)
    middle = len(bars.last) / 2
    return (
        f'<svg class="bars" viewBox="0 0 {len(bars.last)} 40" preserveAspectRatio="none" '
        f'role="img" aria-label="{text(words)}"><path class="grid" d="M{middle} 0V40"/>'
        f'<path class="last" d="{last}"/><path class="first" d="{first}"/></svg>'
        f"<small>{text(words)} · step {count(bars.last_step)}</small>"
    )


def _outline(counts: Sequence[int]) -> str:
    most = max(counts) or 1
    return "M0 40" + "".join(f"V{40 - 38 * n / most:.1f}h1" for n in counts) + "V40"


def _spread(counts: Sequence[int]) -> str:
    """Return a histogram in words: the middle of the sizes, and the shares of 0 and below it."""
    total = sum(counts)
    if not total:
        return "no finite value"
    half = len(counts) // 2
    sizes = [counts[half + 1 + k] + counts[half - 1 - k] for k in range(half)]
    low, high = (_quantile(sizes, share) for share in (0.05, 0.95))
    zero, below = 100 * counts[half] / total, 100 * sum(counts[:half]) / total
    span = f"sizes {number(low, 2)} to {number(high, 2)}, " if sum(sizes) else ""
    return f"{span}{percent(below)} below 0, {percent(zero)} exactly 0"


def _quantile(sizes: Iterable[int], share: float) -> float:
    known = list(sizes)
    left = share * sum(known)
    for k, n in enumerate(known):
        left -= n
        if left <= 0 and n:
            return BIN_EDGES[k] if share < 0.5 else BIN_EDGES[k + 1]
    return BIN_EDGES[-1]
