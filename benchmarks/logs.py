"""What writing logs costs: ours beside `json.dumps` with a write, and beside Python's logging.

Run: python benchmarks/logs.py [--clock cpu] [--rounds 5] [--events 40000] [--out FILE]
Each round writes the same events of a run (three arrays of layers to one update) in every way,
in turns; the clock stops when the file is closed. Figures are medians over rounds; a ratio is
the median of those of the rounds. Then the same run is trained twice by `neurogebra train`'s own
function, with the log that stays small and with all that is asked for, for their sizes.
"""

from __future__ import annotations

import json
import logging
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import beside
from beside import about, arguments, show, verdict

OPTIONS = arguments(__doc__, rounds=5, threads=(1,), events=40_000)

from neurogebra.builders import project
from neurogebra.observatory.events import BatchEnd, Event, LayerSeen, Level, Stamped, Stats
from neurogebra.observatory.sinks.ndjson import TieredStorage

GOAL, SMALLER = 100_000, 80.0
STATS = {"size": 2048, "mean": 0.1234567890123, "std": 0.2345678901234, "norm": 12.345678901234}


def event(i: int) -> Event:
    """Return event `i` of a run."""
    at = {"epoch": i // 4000, "batch": i // 4 % 1000, "step": i // 4 + 1}
    if i % 4 == 3:
        return BatchEnd(**at, rows=32, loss=1 / (i + 1), metrics={"accuracy": 0.9}, seconds=1.2e-4)
    stats = Stats(**STATS, min=-1.0 - 1 / (i + 1), max=2.0 + 1 / (i + 1), zero_pct=48.1)  # type: ignore[arg-type]
    layer = {"index": i % 4, "layer": f"dense_{i % 4}", "site": "forward", "activation": "relu"}
    return LayerSeen(**at, **layer, shape=(32, 64), stats=stats)


def ours(folder: Path, events: list[Stamped]) -> None:
    """Write as a run does."""
    storage = TieredStorage(folder)
    for stamped in events:
        storage.handle(stamped)
    storage.close()


def dumped(folder: Path, events: list[Stamped]) -> None:
    """Write each event's fields with `json.dumps`, into a file that stays open."""
    with (folder / "debug.log").open("w") as file:
        for s in events:
            record = {"event_type": s.event.kind, "timestamp": s.time, "seq": s.seq}
            file.write(json.dumps(record | {"data": s.event.data()}) + "\n")


def logged(folder: Path, events: list[Stamped]) -> None:
    """Hand the same lines to a `logging.FileHandler`."""
    logger = logging.Logger("events")
    handler = logging.FileHandler(folder / "debug.log")
    logger.addHandler(handler)
    for s in events:
        record = {"event_type": s.event.kind, "timestamp": s.time, "seq": s.seq}
        logger.info("%s", json.dumps(record | {"data": s.event.data()}))
    handler.close()


WAYS: dict[str, Callable[[Path, list[Stamped]], None]] = {
    "TieredStorage": ours,
    "json.dumps, write": dumped,
    "logging.FileHandler": logged,
}


def timed(way: Callable[[Path, list[Stamped]], None], events: list[Stamped]) -> tuple[float, int]:
    """Return the seconds that a way takes, and the bytes that it writes."""
    folder = Path(tempfile.mkdtemp())
    began = beside.clock()
    way(folder, events)
    took = beside.clock() - began
    size = (folder / "debug.log").stat().st_size
    shutil.rmtree(folder)
    return took, size


class Everything:
    """A listener that asks for all there is, so that nothing is left out of the logs."""

    name, level, hears = "everything", Level.EXPERT, Level.SILENT
    looks = True

    def handle(self, stamped: Stamped) -> None:
        """There is nothing to do."""

    def close(self) -> None:
        """There is nothing to let go."""


def sizes() -> tuple[list[str], float]:
    """Return what the logs of one run hold, brief and whole, as lines, and the percent saved."""
    found = []
    for sinks in ((), (Everything(),)):
        folder = Path(tempfile.mkdtemp()) / "run"
        run = {"epochs": 60, "batch_size": 32}
        made = project.plan(project.DataSpec("breast_cancer"), [(64, "relu"), (32, "tanh")], run)
        project.start(made, folder, sinks=sinks)
        logs = [folder / f"{name}.log" for name in ("basic", "health", "debug")]
        lines = sum(log.read_bytes().count(b"\n") for log in logs)
        found.append((lines, sum(log.stat().st_size for log in logs)))
        shutil.rmtree(folder.parent)
    (few, small), (all_, large) = found
    saved = 100 * (1 - small / large)
    words = ("the log of `neurogebra train`", "every layer at every update")
    rows = [
        f"  {w:<32} {n:>8,} events {b / 1e6:>8.2f} MB"
        for w, (n, b) in zip(words, found, strict=True)
    ]
    return [*rows, f"  events saved {100 * (1 - few / all_):.1f} %"], saved


def main() -> int:
    """Write in turns, print the table, return 1 where a goal is missed."""
    events = [Stamped(i, 1.7e9 + i / 1000, event(i)) for i in range(OPTIONS.events)]
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    written = {}
    for _ in range(OPTIONS.rounds):
        for name, way in WAYS.items():
            took, written[name] = timed(way, events)
            times[name].append(took)
    lines = [f"  {'':<22}{'events/s':>12}{'bytes/event':>14}{'× ours':>9}"]
    for name, each in times.items():
        rate = len(events) / statistics.median(each)
        _, ratio = beside.ratio(times, name, "TieredStorage")
        lines.append(f"  {name:<22}{rate:>12,.0f}{written[name] / len(events):>14.0f}{ratio:>9.2f}")
    rate = len(events) / statistics.median(times["TieredStorage"])
    rows, saved = sizes()
    lines += [f"  events/s {rate:,.0f}: {verdict(rate, GOAL, least=True)}", "", *rows]
    lines += [f"  bytes saved {saved:.1f} %: {verdict(saved, SMALLER, least=True)}"]
    show([about(f"{len(events):,} events", 1, OPTIONS.rounds), "", *lines], OPTIONS.out)
    return 0 if rate >= GOAL and saved >= SMALLER else 1


if __name__ == "__main__":
    sys.exit(main())
