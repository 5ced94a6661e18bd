"""What `neurogebra logs` prints: the stored events of a run, as lines for people or machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from neurogebra import cli_text, files
from neurogebra.errors import BadValue, Corrupt, RunError, UnknownName
from neurogebra.observatory.otel import otlp
from neurogebra.observatory.render.text import inert, metric, number
from neurogebra.observatory.replay import silence
from neurogebra.observatory.sinks.ndjson import TIERS
from neurogebra.observatory.sinks.ndjson_follow import Torn, followed, stored
from neurogebra.observatory.sinks.ndjson_lines import Record, encode
from neurogebra.observatory.sinks.terminal_screen import DIM, Screen
from neurogebra.observatory.sinks.terminal_text import COLOURS
from neurogebra.registry import near

_AT_ONCE = 200  # lines that are laid out together where they are all there
_STATISTICS = ("norm", "mean", "std", "min", "max")
_SHARES = ("zero_pct", "dead_pct", "saturated_pct", "nonfinite")


@dataclass(frozen=True)
class Wanted:
    """Which events are told: of which tier, from which step on, of which layer."""

    tier: str | None = None
    since: int = 0
    layer: str | None = None

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tier asked for; else the small ones, and all where a layer is asked for."""
        if self.tier is not None:
            return (self.tier,)
        return TIERS if self.layer is not None else TIERS[:2]

    def takes(self, record: Record) -> bool:
        """Return whether an event is one of them; one that knows no step is of step 0."""
        step = record.get("step")
        if (step if isinstance(step, int) else 0) < self.since:
            return False
        return self.layer is None or record.get("layer_name") == self.layer


def tell_logs(folder: Path, wanted: Wanted, *, follow: bool, as_json: bool, otel: bool) -> None:
    """Print the stored events of a run; follow: go on until it is over or Ctrl-C.

    as_json: each as one line of JSON; otel: as one OTLP/JSON request a line. An unfinished last
    line of a log is told on stderr, and so is a run that fell silent.
    """
    if wanted.tier is not None and wanted.tier not in TIERS:
        raise UnknownName("tier", wanted.tier, near(wanted.tier, TIERS) or TIERS)
    if as_json and otel:
        raise BadValue("logs", "--json or --otel", "both")
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder")
    paths = [folder / f"{tier}.log" for tier in wanted.tiers]
    with closing((followed if follow else stored)(paths, _tell_torn)) as events:
        found = filter(wanted.takes, events)
        if as_json or otel:
            run = run_id(folder) if otel else ""
            for record in found:
                typer.echo(_json(otlp(record, run)) if otel else encode(record))
        else:
            _show(cli_text.screen(), found, 1 if follow else _AT_ONCE)
    silent = None if follow else silence(folder)
    if silent:
        cli_text.screen(stderr=True).show(Text(silent, COLOURS["warning"]))


def run_id(folder: Path) -> str:
    """Return the id of a stored run: that of its fingerprint, else the name of its folder."""
    try:
        found = files.read_json(folder / "fingerprint.json")
    except Corrupt:
        raise
    except RunError:
        return folder.resolve().name
    known = found.get("run_id") if isinstance(found, dict) else None
    return str(known or folder.resolve().name)


def line(record: Record) -> Text:
    """Return an event as one line: when, where, how severe, what, in which numbers."""
    severity = str(record.get("severity", "info"))
    colour = "" if severity == "info" else COLOURS.get(severity, "")
    when = datetime.fromtimestamp(record["timestamp"]).strftime("%H:%M:%S")
    kind = inert(record["event_type"], 40)
    text = Text.assemble((f"{when}  {_where(record)}  ", DIM), (f"{kind}", colour or "bold"))
    if colour:
        text.append(f"  {inert(severity, 20)}", f"bold {colour}")
    for words, style in ((record.get("layer_name"), "bold"), (record.get("message"), colour)):
        if words:
            text.append("  ").append(inert(words, 500), style)
    data = record.get("data")
    numbers = _numbers(data) if isinstance(data, Mapping) else ""
    return text.append(f"  {numbers}") if numbers else text


def _show(screen: Screen, records: Iterator[Record], at_once: int) -> None:
    while lines := [line(record) for record in islice(records, at_once)]:
        screen.show(Text("\n").join(lines))


def _where(record: Record) -> str:
    step, epoch = record.get("step"), record.get("epoch")
    words = [f"epoch {epoch + 1}"] if isinstance(epoch, int) else []
    words += [f"step {step}"] if isinstance(step, int) else []
    return "  ".join(words) or "–"


def _numbers(data: Mapping[str, Any]) -> str:
    """Return what an event measured: its metrics, or the statistics of an array."""
    pairs = [("loss", data["loss"])] if _is_number(data.get("loss")) else []
    for name in ("metrics", "evidence", "rare"):
        values = data.get(name)
        pairs += list(values.items()) if isinstance(values, Mapping) else []
    words = [f"{inert(k, 40)} {metric(float(v))}" for k, v in pairs if _is_number(v)]
    for word, stats in _arrays(data):
        shown = [f"{s} {number(stats[s])}" for s in _STATISTICS if _is_number(stats.get(s))]
        shown += [f"{s} {number(stats[s])}" for s in _SHARES if stats.get(s)]
        words.append(" ".join([word, *shown]) if word else " ".join(shown))
    return "  ".join(words)


def _arrays(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(data.get("stats"), Mapping):
        words = (data.get("site"), data.get("param"))
        yield " ".join(inert(w, 40) for w in words if w), data["stats"]
    for name in ("input", "output", "gradient", "weight", "update"):
        if isinstance(data.get(name), Mapping):
            yield name, data[name]


def _is_number(value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 1 << 63
    return isinstance(value, float)


def _tell_torn(torn: Torn) -> None:
    words = f"{torn.name} ends in an unfinished line of {torn.size} bytes"
    note = f"{words}: the run is writing it, or was cut off"
    cli_text.screen(stderr=True).show(Text(note, COLOURS["warning"]))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
