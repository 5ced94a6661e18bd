"""The ranked diagnosis of a run as markup: causes, how sure, the evidence, what to change."""

from __future__ import annotations

from dataclasses import replace

from neurogebra.observatory.diagnosis import Cause, Diagnosis, diagnose
from neurogebra.observatory.render.text import number
from neurogebra.observatory.rules import RULES, Thresholds
from neurogebra.observatory.sinks.dashboard_facts import Facts
from neurogebra.observatory.sinks.dashboard_text import severity, text

_FAILURES = ("sink_failed",)  # of a listener, not of the run
_MOST_NUMBERS = 8
_WORDS = {
    "unhealthy": ("critical", "Likely causes"),
    "not enough evidence": ("idle", "Not enough evidence for a cause"),
}


def weigh(facts: Facts) -> Diagnosis:
    """Return the causes that the alerts so far speak for, the likeliest first."""
    alerts = [
        replace(found.alert, severity=severity(found.alert.severity))
        for found in facts.findings.values()
        if found.alert.rule not in _FAILURES
    ]
    judged = facts.step - facts.resumed >= Thresholds().min_updates
    return diagnose(alerts, RULES.values(), judged=judged or facts.resumed > 0)


def diagnosis(facts: Facts) -> str:
    """Return the ranked list of causes; nothing where nothing fired, as the verdict says."""
    found = weigh(facts)
    if not found.findings:
        return ""
    tone, title = _WORDS.get(found.status, ("idle", found.status))
    so_far = " so far" if facts.status == "running" else ""
    causes = "".join(_cause(cause) for cause in found.causes)
    listed = f"<ol>{causes}</ol>" if causes else f"<p>{text(found.why)}</p>"
    return (
        f'<section class="card diagnosis {tone}" id="diagnosis" aria-labelledby="diagnosis-title">'
        f'<h2 id="diagnosis-title">Diagnosis: {text(title)}{so_far}</h2>{listed}</section>'
    )


def _cause(cause: Cause) -> str:
    seen = "".join(f"<li>{text(sentence, 300)}</li>" for sentence in cause.evidence[:6])
    numbers = " · ".join(
        f"{text(name, 80)} {number(value)}"
        for name, value in list(cause.numbers.items())[:_MOST_NUMBERS]
    )
    told = f'<p class="evidence">{numbers}</p>' if numbers else ""
    share = round(100 * cause.confidence)
    return (
        f'<li><h3>{text(cause.text, 200)}</h3><p class="sure"><meter min="0" max="100" '
        f'value="{share}" aria-label="confidence"></meter>{share} % sure · '
        f"<code>{text(cause.name, 80)}</code></p>"
        f'<p class="change"><strong>Change:</strong> {text(cause.change, 300)}</p>'
        f"<ul>{seen}</ul>{told}</li>"
    )
