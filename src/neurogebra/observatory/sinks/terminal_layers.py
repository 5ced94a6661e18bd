"""The mathematics of one step: every layer's formula forward and backward, with its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text

from neurogebra.observatory.events import LayerInfo, LayerSeen, Stats
from neurogebra.observatory.render.formula import ascii_math
from neurogebra.observatory.render.text import inert, number, percent, scientific, shape
from neurogebra.observatory.sinks.terminal_screen import BLUE, DIM, GREEN, MAGENTA, RED

_WIDE = 100
_TARGET = re.compile(r"^\s*[∂d]L\s*/\s*[∂d](?P<name>[^=]+?)\s*=")
_WORD = re.compile(r"[^\W\d_]\w*")
_INDEX = re.compile(r"^(_\w+|\d*)$")


@dataclass
class Step:
    """The arrays of one step, gathered as they come: (layer, site, parameter) → what was seen."""

    epoch: int
    step: int
    seen: dict[tuple[str, str, str], LayerSeen] = field(default_factory=dict)

    def add(self, event: LayerSeen) -> None:
        """Gather one more array."""
        self.seen[event.layer, event.site, event.param] = event

    def of(self, layer: str, site: str) -> list[LayerSeen]:
        """Return what was seen of `layer` at `site`, in order."""
        return [e for (name, where, _), e in self.seen.items() if (name, where) == (layer, site)]


def blocks(
    step: Step, infos: Mapping[str, LayerInfo], marks: Mapping[str, Text], width: int
) -> list[Table]:
    """Return the forward and the backward formulas of `step`, a table each.

    infos: the layers by name, in order; marks: what to add to a layer that has an alert.
    """
    forward, backward = _grid(), _grid()
    names = ordered(step, infos)
    for name in names:
        for event in step.of(name, "forward"):
            *cells, facts = _forward(event, infos.get(name), width)
            forward.add_row(*cells, facts + marks.get(name, Text()))
    for name in reversed(names):
        for row in _backward(step, name, infos, width):
            backward.add_row(*row)
    return [forward, backward]


def ordered(step: Step, infos: Mapping[str, LayerInfo]) -> list[str]:
    """Return the names of the layers of a step in the order of the network."""
    seen = dict.fromkeys(layer for layer, _, _ in step.seen)
    return [n for n in infos if n in seen] + [n for n in seen if n not in infos]


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style=BLUE, min_width=len("Backward"))
    grid.add_column(style=MAGENTA, overflow="fold")
    grid.add_column(no_wrap=True, style=DIM)
    grid.add_column()
    return grid


def raw(event: LayerSeen) -> tuple[Text, Text]:
    """Return one array, where it was seen, and every statistic there is of it."""
    place = " ".join(inert(part, 24) for part in (event.layer, event.site, event.param) if part)
    head = Text.assemble((f"step {event.step}  ", BLUE), place, (f" {shape(event.shape)}", DIM))
    s = event.stats
    moments = {"mean": s.mean, "std": s.std, "min": s.min, "max": s.max, "norm": s.norm}
    facts = [f"{name} {number(x, 3)}" for name, x in moments.items()]
    facts += [f"zeros {percent(s.zero_pct)}", f"NaN/inf {s.nonfinite}"]
    if event.site == "forward":
        facts += [f"dead {percent(s.dead_pct)}", f"saturated {percent(s.saturated_pct)}"]
    return head, Text("  ".join(facts), f"bold {RED}" if s.nonfinite else "")


def _forward(event: LayerSeen, info: LayerInfo | None, width: int) -> tuple[Text, ...]:
    formula = event.formula or (info.formula if info else "") or event.layer
    into = f"{shape((*event.shape[:1], *info.in_shape))} → " if info else ""
    s = event.stats
    wide = width >= _WIDE
    tails = "saturated" if wide else "sat."
    shares = {"zeros": s.zero_pct, "dead": s.dead_pct, tails: s.saturated_pct}
    told = [f"{word} {percent(share)}" for word, share in shares.items() if share]
    mean, norm = f"mean {number(s.mean, 2)}", f"|a| {number(s.norm, 3)}"
    facts = [mean, norm, *told] if wide else [mean, *told[:1]]
    sizes = Text(into + shape(event.shape))
    return Text("Forward"), Text(inert(formula, 300)), sizes, _healthy(facts, s)


def _backward(
    step: Step, layer: str, infos: Mapping[str, LayerInfo], width: int
) -> Iterator[tuple[Text, ...]]:
    gradients = {e.param: e for e in step.of(layer, "gradient")}
    info = infos.get(layer)
    for formula, param in paired(info.gradient if info else (), list(gradients)):
        label, text = Text("Backward"), Text(inert(formula or f"∂L/∂{param}  ({layer})", 300))
        event = gradients.get(param) or _of_signal(step, layer, formula, infos)
        if event is None:
            yield label, text
            continue
        result = ", ".join(
            [f"|g| {scientific(event.stats.norm)}", *_update(step, layer, param, width)]
        )
        made_of = " · ".join(_sources(step, layer, formula, infos)) if width >= _WIDE else ""
        facts = [f"{made_of} → {result}" if made_of else result]
        yield label, text, Text(shape(event.shape)), _healthy(facts, event.stats)


def _sources(step: Step, layer: str, formula: str, infos: Mapping[str, LayerInfo]) -> Iterator[str]:
    """Yield the norms of what a gradient is computed from, as far as they were seen.

    δ of a layer is the derivative of the loss by its output, aₙ the output of another, W its own
    parameter.
    """
    words = dict.fromkeys(w.rstrip("ᵀ") for w in _WORD.findall(formula.partition("=")[2]))
    made = {i.formula.split("=")[0].strip(): i.name for i in infos.values()}
    own = [param for name, site, param in step.seen if (name, site) == (layer, "weight")]
    for word in sorted(words, key=lambda w: not w.startswith("δ")):
        if word.startswith("δ"):
            event = step.seen.get((layer, "backward", ""))
        elif word in made:
            event = step.seen.get((made[word], "forward", ""))
        else:
            fits = [p for p in own if word.startswith(p) and _INDEX.match(word[len(p) :])]
            event = step.seen.get((layer, "weight", max(fits, key=len))) if fits else None
        if event is not None:
            norm = event.stats.norm
            size = scientific(norm) if word.startswith("δ") else number(norm, 2)
            yield f"|{inert(word, 12)}| {size}"


def _of_signal(
    step: Step, layer: str, formula: str, infos: Mapping[str, LayerInfo]
) -> LayerSeen | None:
    """Find dL/d a of the layer that made a: `∂L/∂a1 = …` is of the layer `a1 = …`, δ of its own."""
    match = _TARGET.match(formula)
    made = {i.formula.split("=")[0].strip(): i.name for i in infos.values()}
    source = made.get(match["name"], "") if match else layer
    return step.seen.get((source, "backward", ""))


def _update(step: Step, layer: str, param: str, width: int) -> Iterator[str]:
    change = step.seen.get((layer, "update", param))
    weight = step.seen.get((layer, "weight", param))
    if not param or change is None:
        return
    if weight is None or not weight.stats.norm:
        yield f"update {scientific(change.stats.norm)}"
    else:
        share = percent(100 * change.stats.norm / weight.stats.norm)
        yield f"update {share}" + (f" of |{inert(param, 12)}|" if width >= _WIDE else "")


def paired(formulas: Sequence[str], params: Sequence[str]) -> list[tuple[str, str]]:
    """Return each gradient formula with the parameter it is of ("": of none), then the rest.

    `∂L/∂W2 = …` is of `W`, `∂L/∂γ₁ = …` of `gamma`; a parameter without a formula comes last.
    """
    found = [(f, _named(f, params)) for f in formulas]
    told = {param for _, param in found}
    return [*found, *(("", p) for p in params if p not in told)]


def _named(formula: str, params: Iterable[str]) -> str:
    match = _TARGET.match(formula)
    if match is None:
        return ""
    name = ascii_math(match["name"])
    fits = [p for p in params if name.startswith(p) and _INDEX.match(name[len(p) :])]
    return max(fits, key=len, default="")


def _healthy(facts: list[str], stats: Stats) -> Text:
    if stats.nonfinite:
        return Text("  ".join([*facts, f"NaN/inf {stats.nonfinite}"]), f"bold {RED}")
    return Text("  ".join(facts), GREEN)
