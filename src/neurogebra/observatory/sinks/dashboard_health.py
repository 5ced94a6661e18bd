"""What the health rules found, as markup: one card a rule, and when each of them fired."""

from __future__ import annotations

from neurogebra.observatory.events import SEVERITIES
from neurogebra.observatory.render.text import count, number
from neurogebra.observatory.sinks.dashboard_facts import MOST_ALERTS, Facts, Finding
from neurogebra.observatory.sinks.dashboard_text import MARKS, severity, text

MOST_LANES = 12


def health(facts: Facts) -> str:
    """Return every finding with its message, its reason and its advice."""
    if not facts.findings:
        if facts.status in ("running", "waiting"):
            word = "No rule has fired so far."
        else:
            word = "No rule fired in this run."
        return f'<p class="finding ok"><strong>{word}</strong></p>'
    groups: dict[tuple[str, str], list[Finding]] = {}
    for found in sorted(facts.findings.values(), key=_weight):
        groups.setdefault((found.alert.rule, found.alert.severity), []).append(found)
    left = facts.left_out.get("alerts", 0)
    tail = f'<p class="note">{left} alerts beyond {MOST_ALERTS} kinds</p>' if left else ""
    return "".join(_finding(group) for group in groups.values()) + tail


def _weight(found: Finding) -> tuple[int, int]:
    return (-SEVERITIES.index(severity(found.alert.severity)), found.first)


def _finding(group: list[Finding]) -> str:
    """Return what one rule found: in the words of its first alert, and where else."""
    alert, tone = group[0].alert, severity(group[0].alert.severity)
    first, last = min(f.first for f in group), max(f.last for f in group)
    when = f"epoch {first}" + (f"–{last}" if last != first else "")
    fired = sum(f.times for f in group)
    times = f" · {count(fired)} times" if fired > 1 else ""
    where = f" · {text(alert.layer, 80)}" if alert.layer else ""
    others = ", ".join(text(f.alert.layer, 40) for f in group[1:9])
    others += f" and {len(group) - 9} more" if len(group) > 9 else ""
    also = f'<p class="when">also in {others}</p>' if others else ""
    why = f"<p>{text(alert.diagnosis)}</p>" if alert.diagnosis else ""
    shown = " · ".join(f"{text(k, 60)} {number(v)}" for k, v in list(alert.evidence.items())[:6])
    evidence = f'<p class="evidence">{shown}</p>' if shown else ""
    steps = "".join(f"<li>{text(a, 300)}</li>" for a in alert.advice[:8])
    advice = f"<ul>{steps}</ul>" if steps else ""
    return (
        f'<article class="finding {tone}"><h3><span class="mark" aria-hidden="true">'
        f"{MARKS[tone]}</span>{text(alert.message)}</h3>"
        f'<p class="when">{tone} · {text(alert.rule, 80)}{where} · {when}{times}</p>'
        f"{also}{why}{evidence}{advice}</article>"
    )


def timeline(facts: Facts) -> str:
    """Return one lane a finding: when it fired, from the first to the last epoch."""
    found = sorted(facts.findings.values(), key=_weight)[:MOST_LANES]
    if not found:
        return ""
    span = max(facts.planned, facts.epochs, 1, *(f.last for f in found))
    names = "".join(f"<li>{text(_lane_name(f), 60)}</li>" for f in found)
    lanes = "".join(_lane(f, i, span) for i, f in enumerate(found))
    words = "; ".join(f"{_lane_name(f)} from epoch {f.first} to {f.last}" for f in found)
    left = len(facts.findings) - len(found)
    note = f'<p class="note">and {left} more findings</p>' if left > 0 else ""
    return (
        '<figure class="card chart" id="timeline"><figcaption><h2>Health timeline</h2>'
        f'<span class="axis">by epoch</span></figcaption><div class="lanes"><ul>{names}</ul>'
        f'<svg role="img" aria-label="Health timeline. {text(words, 800)}" '
        f'height="{28 * len(found) + 26}">{lanes}'
        f'<text x="0" y="{28 * len(found) + 20}">1</text>'
        f'<text x="100%" y="{28 * len(found) + 20}" class="end">{count(span)}</text></svg></div>'
        f"{note}</figure>"
    )


def _lane_name(found: Finding) -> str:
    return found.alert.rule + (f" · {found.alert.layer}" if found.alert.layer else "")


def _lane(found: Finding, place: int, span: int) -> str:
    tone, y = severity(found.alert.severity), 28 * place + 14
    marks = "".join(
        f'<use href="#mark-{tone}" x="{(max(m, 1) - 0.5) / span * 100:.2f}%" y="{y}"/>'
        for m in found.marks
    )
    return f'<line x1="0" x2="100%" y1="{y}" y2="{y}"/><g class="{tone}">{marks}</g>'
