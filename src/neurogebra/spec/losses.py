"""Names of losses and metrics in a description: checked, with the near ones."""

from __future__ import annotations

from typing import Any

from neurogebra.errors import BadValue
from neurogebra.losses import LOSSES, METRICS
from neurogebra.losses.table import why_no_loss
from neurogebra.spec import check


def check_loss(where: str, value: Any) -> str:
    """Check for a loss by name; of a formula that is no loss of one output it says why."""
    reason = why_no_loss(value) if isinstance(value, str) else ""
    if reason:
        close = " or ".join(repr(n) for n in LOSSES.near(value))
        hint = f"{reason}; did you mean {close}?" if close else reason
        raise BadValue(where, "a loss by name", value, hint)
    return check.one_of("a loss", check.own_names(LOSSES.values()))(where, value)


def check_monitor(where: str, value: Any) -> str:
    """Check for a measure to watch: "loss" or a metric, after "val_" and a head's name if any."""
    known = [*(n for m in METRICS.values() for n in (m.name, *m.aliases)), "loss"]
    last = value.removeprefix("val_").rpartition(".")[2] if isinstance(value, str) else None
    if last not in known:
        every = [prefix + name for name in ("loss", *known) for prefix in ("val_", "")]
        hint = check.did_you_mean(str(value), every)
        raise BadValue(where, "a monitored metric by name", value, hint)
    return str(value)


def settled_monitor(value: str) -> str:
    """Return a monitored measure with its metric's own name."""
    head, dot, last = value.removeprefix("val_").rpartition(".")
    own = METRICS[last].name if last in METRICS else last
    return ("val_" if value.startswith("val_") else "") + head + dot + own
