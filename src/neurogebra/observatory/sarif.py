"""A diagnosis as SARIF 2.1.0, the form in which code hosts and CI take findings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.events import Alert
from neurogebra.observatory.rule import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"info": "note", "warning": "warning", "danger": "error", "critical": "error"}


def sarif(diagnosis: Diagnosis, rules: Iterable[Rule], version: str, run: str) -> dict[str, Any]:
    """Return the log of one run: its rules by stable names, and a result for each finding.

    version: of this library; run: the folder, as the place of every finding.
    """
    driver = {
        "name": "neurogebra",
        "version": version,
        "rules": [_rule(r) for r in rules],
    }
    about = {"status": diagnosis.status, "causes": [c.to_dict() for c in diagnosis.causes]}
    found = [_result(alert, run) for alert in diagnosis.findings]
    runs = [{"tool": {"driver": driver}, "results": found, "properties": about}]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.diagnosis},
        "help": {"text": ". ".join(rule.advice)},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _result(alert: Alert, run: str) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": run}}}
    if alert.layer:
        place["logicalLocations"] = [{"name": alert.layer, "kind": "layer"}]
    numbers = {k: float(v) for k, v in alert.evidence.items() if math.isfinite(v)}
    return {
        "ruleId": alert.rule,
        "level": LEVELS[alert.severity],
        "message": {"text": alert.message},
        "locations": [place],
        "properties": {"step": alert.step, "epoch": alert.epoch, "evidence": numbers},
    }
