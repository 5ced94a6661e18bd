"""A `fit` under the Observatory: the sinks that a user asked for, and the loop between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra.builders.last_fit import LastFit, Overhearing
from neurogebra.errors import BadValue, RunError
from neurogebra.observatory.bus import Bus, Sink
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Event, Level, Note, Stamped, TrainEnd
from neurogebra.observatory.fingerprint import TrainingFingerprint
from neurogebra.observatory.governor import BUDGET, Governor
from neurogebra.observatory.presets import LogConfig
from neurogebra.observatory.recorder import BackendSink
from neurogebra.observatory.sinks.exporters import EXPORTERS
from neurogebra.observatory.sinks.failures import Failures
from neurogebra.observatory.sinks.history import History
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.training.control import Control, Wish
from neurogebra.training.data import Data
from neurogebra.training.runner import Stop, on_signals, run
from neurogebra.training.session import Session
from neurogebra.training.sources import Source

# Bytes up to which a `fit` takes the digest of its data, to be saved with the model.
HASHED = 64 * 2**20


@dataclass(frozen=True)
class Watch:
    """How a run is watched: the terminal's level, the files, and whoever else listens."""

    level: Level | None
    config: LogConfig | None
    verbose: bool
    callbacks: tuple[Any, ...]

    @property
    def shown(self) -> Level:
        """What the terminal shows: nothing unless verbose, else the level asked for, else BASIC."""
        if not self.verbose:
            return Level.SILENT
        if self.level is not None:
            return self.level
        return Level.BASIC if self.config is None else self.config.level

    @property
    def is_seen(self) -> bool:
        """Whether anybody is told how the run ends."""
        return self.shown > Level.SILENT or bool(self.callbacks)

    @property
    def budget(self) -> float | None:
        """The share of the training's time that watching may take."""
        return BUDGET if self.config is None else self.config.budget

    def sinks(self) -> list[Sink]:
        """Return the terminal, the files of the config and the sinks among the callbacks."""
        terminal: list[Sink] = [Terminal(self.shown)] if self.shown > Level.SILENT else []
        others = [_sink(i, c) for i, c in enumerate(self.callbacks) if _is_sink(c)]
        found = [*terminal, *_exporters(self.config), *others]
        unlimited = self.budget is None and any(sink.level >= Level.EXPERT for sink in found)
        return [*found, EveryUpdate()] if unlimited else found

    def calls(self) -> Calls:
        """Return the callables among the callbacks."""
        functions = []
        for i, each in enumerate(self.callbacks):
            if not _is_sink(each) and not callable(each):
                raise BadValue(f"callbacks[{i}]", "a sink or a callable(event)", each)
            functions += [] if _is_sink(each) else [each]
        return Calls(functions)


class EveryUpdate:
    """A sink that asks for the layers of every update, and leaves hearing them to others."""

    name, level, hears = "every update", Level.SILENT, Level.SILENT
    looks, scores, quiet = True, False, 0

    def handle(self, stamped: Stamped) -> None:
        """There is nothing to do."""

    def close(self) -> None:
        """There is nothing to let go."""


class Calls:
    """A sink that hands events to functions outside the bus, where an error ends the run."""

    name = "callbacks"

    def __init__(self, functions: Iterable[Callable[[Event], Any]]) -> None:
        self.functions = tuple(functions)
        self.level = Level.DETAILED if self.functions else Level.SILENT
        self._waiting: deque[Event] = deque()
        self.control: Control | None = None

    def attach(self, control: Control) -> None:
        """Pass on what the functions wish."""
        self.control = control

    def handle(self, stamped: Stamped) -> None:
        """Keep an event until it is delivered."""
        if self.functions:
            self._waiting.append(stamped.event)

    def deliver(self) -> None:
        """Call each function with each event that waits."""
        while self._waiting:
            event = self._waiting.popleft()
            for function in self.functions:
                wish = function(event)
                if isinstance(wish, Wish) and self.control is not None:
                    self.control.of(getattr(function, "__name__", repr(function))).ask(wish)

    def close(self) -> None:
        """There is nothing to let go."""


def train_watched(session: Session, watch: Watch, history: History, last: LastFit) -> TrainEnd:
    """Train to the end and return the last event; `last` keeps the doctor.

    Where nobody listens the doctor hears what is said anyway, and asks for nothing more.
    The sinks are closed and their files whole, however it ends. A sink that fails is taken off
    with a RuntimeWarning. Ctrl-C ends after the current update and is then raised as always.
    """
    failures, calls, sinks = Failures(), watch.calls(), watch.sinks()
    _tell_fingerprint(session, sinks)
    bus = Bus([failures, history, *sinks, calls])
    control = _attached(session, (*sinks, calls))
    governor = Governor(watch.budget)
    every = watch.config.layer_every if watch.config else 0
    doctor = Doctor(bus.publish, sample_every=every, governor=governor)
    listened = bool(sinks) or bool(calls.functions)
    examined = listened and (watch.config is None or watch.config.health_checks)
    if examined or watch.config is None or watch.config.health_checks:
        bus.add(doctor if examined else Overhearing(doctor))
        last.doctor, last.watched = doctor, examined
    stop = Stop()

    def over() -> bool:
        calls.deliver()
        return stop.asked

    try:
        for message in _constant(session.data):
            bus.publish(Note(message=message))
        with on_signals(stop):
            end = run(session, bus, stop=over, control=control, governor=governor)
        if examined and not stop.asked:
            bus.publish(doctor.verdict())
        calls.deliver()
    finally:
        bus.close()
    failures.warn(3)
    if stop.asked:
        raise KeyboardInterrupt
    return end


def _constant(rows: Source) -> Iterator[str]:
    """Yield a sentence for each head whose targets are all the same."""
    for head, y in rows.y.items() if isinstance(rows, Data) else ():
        if len(y) > 1 and y[0].size and (y == y[:1]).all():
            yield f"all {len(y)} targets of {head!r} are the same: there is nothing to learn"


def _attached(session: Session, sinks: Iterable[Sink]) -> Control:
    """Return the run's control, after handing it to every sink that has `attach`."""
    control = Control(session)
    for sink in sinks:
        attach = getattr(sink, "attach", None)
        if attach is not None:
            attach(control.of(sink.name))
    return control


def _is_sink(callback: Any) -> bool:
    return any(name.startswith("handle") for name in dir(callback))


def _sink(index: int, callback: Any) -> Sink:
    """Return a sink as it is, and a documented backend as a sink."""
    if isinstance(callback, type):
        raise BadValue(f"callbacks[{index}]", "an object, not its class", callback)
    if hasattr(callback, "handle") and hasattr(callback, "level"):
        sink: Sink = callback
        return sink
    return BackendSink(callback, Level.EXPERT)


def _exporters(config: LogConfig | None) -> list[Sink]:
    if config is None or not config.export_formats:
        return []
    folder = Path(config.export_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: no folder for reports: {error.strerror}") from error
    level = max(config.level, Level.BASIC)  # a silent screen is no reason for an empty file
    rows = [EXPORTERS[name] for name in config.export_formats]
    return [row.make(folder / row.file, level) for row in rows]


def data_facts(rows: Source) -> dict[str, Any]:
    """Return the fingerprint's fields on what a model learned from; {} where it is not at hand."""
    arrays = _arrays(rows)
    if arrays is None or sum(a.nbytes for a in arrays.values()) > HASHED:
        return {}
    found = TrainingFingerprint.of_data(arrays)
    return {**found, "dataset_shape": list(found["dataset_shape"])}


def _arrays(rows: Source) -> dict[str, np.ndarray] | None:
    """Return the arrays of rows that lie in memory; a digest of others takes a second pass."""
    if not isinstance(rows, Data):
        return None
    return {"x": rows.x, **{f"y.{h}": a for h, a in rows.y.items()}}


def _tell_fingerprint(session: Session, sinks: Iterable[Sink]) -> None:
    takers = [sink for sink in sinks if hasattr(sink, "add_fingerprint")]
    if not takers:
        return
    data = _arrays(session.data)
    found = TrainingFingerprint.capture(
        model_info=session.model.to_dict(),
        hyperparameters=session.run.to_dict(),
        dataset=data,
        random_seed=session.run.seed,
        applied={"seed": session.run.seed},
    )
    for taker in takers:
        taker.add_fingerprint(found.to_dict())
