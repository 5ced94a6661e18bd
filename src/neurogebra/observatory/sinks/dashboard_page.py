"""The dashboard as one offline HTML page: template, style, script, data and Chart.js in one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from neurogebra import __version__
from neurogebra.observatory.render.assets import asset_text
from neurogebra.observatory.sinks import dashboard_sections as sections
from neurogebra.observatory.sinks.dashboard_charts import Chart, charts
from neurogebra.observatory.sinks.dashboard_diagnosis import diagnosis
from neurogebra.observatory.sinks.dashboard_facts import Facts
from neurogebra.observatory.sinks.dashboard_health import health, timeline
from neurogebra.observatory.sinks.dashboard_layers import layers
from neurogebra.observatory.sinks.dashboard_maps import data, maps
from neurogebra.observatory.sinks.dashboard_svg import Axis, frame
from neurogebra.observatory.sinks.dashboard_text import text

_SCRIPTS = ("dashboard.js", "dashboard_charts.js", "dashboard_maps.js")
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_JSON_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_DIGITS = 6  # significant, in the data of the curves


def page(facts: Facts, chart_js: str | None = None) -> str:
    """Return the whole page; without `chart_js` (default: the installed one) it stays plain SVG."""
    library = _library() if chart_js is None else chart_js
    heats = maps(facts.looks)
    shown = charts(facts, heats)
    style = _file("dashboard.css")
    scripts = [s for s in (library, *map(_file, _SCRIPTS)) if s]
    return _fill(
        _file("dashboard.html"),
        {
            "csp": _policy(scripts, style),
            "title": text(facts.name, 120),
            "style": style,
            "heading": sections.heading(facts),
            "verdict": sections.verdict(facts),
            "kpis": sections.kpis(facts),
            "diagnosis": diagnosis(facts),
            "layers": layers(facts.looks, heats),
            "charts": "".join(sections.figure(c) for c in shown) + timeline(facts),
            "health": health(facts),
            "parts": _parts(facts),
            "foot": _foot(facts, bool(library)),
            "data": data_block([_plain(c) for c in shown]),
            "maps": data_block([data(heat) for heat in heats]),
            "scripts": "".join(f"<script>{s}</script>" for s in scripts),
        },
    )


def data_block(value: object) -> str:
    """Return a value as strict JSON in which nothing can end or open an element."""
    text = json.dumps(
        value, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=float
    )
    return text.translate(_JSON_UNSAFE)


def _parts(facts: Facts) -> str:
    parts = [
        ("Final scores", sections.scores(facts) if facts.scores else "", True),
        ("Architecture", sections.architecture(facts.layers) if facts.layers else "", True),
        ("Epochs", sections.epochs(facts) if facts.table.seen else "", False),
        ("Settings", _pairs(facts.settings), False),
        ("Fingerprint", _pairs(facts.fingerprint), True),
    ]
    return "".join(_part(name, inner, unfold) for name, inner, unfold in parts if inner)


def _part(name: str, inner: str, unfold: bool) -> str:
    return (
        f'<details class="card part" id="{name.lower().replace(" ", "-")}"'
        f"{' open' if unfold else ''}><summary><h2>{name}</h2></summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{inner}</div>'
        "</details>"
    )


def _pairs(values: Mapping[str, Any]) -> str:
    return f'<dl class="pairs">{sections.pairs(values)}</dl>' if values else ""


def _foot(facts: Facts, charted: bool) -> str:
    moment = datetime.fromtimestamp(facts.updated, UTC) if facts.updated is not None else None
    written = f"as of {moment:%Y-%m-%d %H:%M:%S} UTC · " if moment else ""
    drawn = (
        "charts by Chart.js (MIT licence, inside)"
        if charted
        else "plain curves; for interactive ones run <code>neurogebra assets install</code>"
    )
    return f"Neurogebra {__version__} · {written}one file, nothing is fetched · {drawn}"


def _plain(chart: Chart) -> dict[str, Any]:
    linear, log = frame(chart, log=False), frame(chart, log=True)
    return {
        "id": chart.id,
        "kind": chart.kind,
        "log": chart.log,
        "name": chart.x,
        "x": _axis(linear and linear[0]),
        "y": {"linear": _axis(linear and linear[1]), "logarithmic": _axis(log and log[1])},
        "series": [
            {
                "name": s.name,
                "tone": s.tone,
                "points": [[x, None if y is None else _rounded(y)] for x, y in s.points],
            }
            for s in chart.series
        ],
    }


def _axis(axis: Axis | None) -> dict[str, Any] | None:
    return {"min": axis.low, "max": axis.high, "ticks": list(axis.ticks)} if axis else None


def _rounded(y: float) -> float:
    return float(f"{y:.{_DIGITS}g}")


def _policy(scripts: list[str], style: str) -> str:
    allowed = " ".join(_source(s) for s in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _library() -> str:
    """Return Chart.js with its licence before it, or nothing where it is not installed."""
    code, licence = asset_text("chart.js"), asset_text("chart.js licence")
    if code is None or licence is None:
        return ""
    code = re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", code)
    return f"/*!\n{licence.strip()}\n*/\n{code}".replace("\r", "")


def _file(name: str) -> str:
    source = resources.files("neurogebra.observatory.sinks").joinpath(name)
    return source.read_text(encoding="utf-8").replace("\r", "")


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Fill every slot in one pass, so that a slot in a value stays the text that it is."""
    return _SLOT.sub(lambda slot: values[slot[1]], template)
