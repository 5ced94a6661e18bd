"""What watching costs on our engines: bare steps beside BASIC, the default, and every update.

Run: python benchmarks/overhead.py [--clock cpu] [--rounds 5] [--seconds 3.0] [--only TEXT]
     [--out FILE]
Each round trains the same network from the same first weights once a mode, side by side in short
slices: bare (the session's own updates, no bus), basic (the terminal alone), default (terminal
and doctor within 3 % of the time), expert (every layer in every update, no budget, under
terminal and doctor) and kept (the same, and a sink that wants the whole statistics of each). A
ratio is that of whole runs, the median over rounds; "slice" is that of the median slices of a
run, which leaves out what is done a few times a run however long it is. All modes must end with
the same bits.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterator

import beside
from beside import about, arguments, show, verdict

OPTIONS = arguments(__doc__, rounds=5, threads=(1,), seconds=3.0)

import numpy as np
import torch
from rich.console import Console

from neurogebra.builders.watch import EveryUpdate
from neurogebra.layers import Dense
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import BatchEnd, LayerSeen, Level, Stamped, TrainEnd
from neurogebra.observatory.governor import Governor
from neurogebra.observatory.looks import Look
from neurogebra.observatory.presets import LogConfig
from neurogebra.observatory.sinks.history import History
from neurogebra.observatory.sinks.terminal import Terminal
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import PASSED, train
from neurogebra.training.session import Session

# name → sizes of the layers, rows of a batch, goal of a look in every update.
NETWORKS = {
    "64-64-10": ((64, 64, 10), 32, 1.5),
    "784-256-256": ((784, 256, 256, 10), 128, 1.2),
}
# Seconds of a step from which watching by default is held to the smaller of two goals.
LONG, LONG_GOAL, SHORT_GOAL, BASIC_GOAL = 1e-3, 1.03, 1.08, 1.01
BATCHES = 100
# Parts into which each run is cut, to be taken in turns with those of the others.
SLICES = 200
MODES: dict[str, LogConfig | None] = {
    "bare": None,
    "basic": LogConfig.minimal(),
    "default": LogConfig(),
    "expert": LogConfig(level=Level.EXPERT, budget=None),
    "kept": LogConfig(level=Level.EXPERT, budget=None),
}


class Keeper:
    """A sink that takes the statistics of each look, and keeps the latest."""

    name, level, scores = "keeper", Level.EXPERT, False
    latest: tuple[LayerSeen, ...] = ()

    def handle(self, stamped: Stamped) -> None:
        """There is nothing to do but for looks."""

    def handle_look(self, seq: int, time: float, look: Look) -> None:
        """Take the statistics."""
        self.latest = look.events

    def close(self) -> None:
        """There is nothing to let go."""


class Maker:
    """Makes the sessions of one network on one engine, all alike."""

    def __init__(self, engine: str, sizes: tuple[int, ...], rows: int) -> None:
        rng = np.random.default_rng(0)
        hidden = tuple(Dense(n, "relu") for n in sizes[1:-1])
        self.model = ModelSpec("net", (sizes[0],), (*hidden, Dense(sizes[-1], "softmax")))
        self.options = {"engine": engine, "batch_size": rows, "seed": 0, "optimizer": "adam"}
        self.x = rng.normal(size=(rows * BATCHES, sizes[0])).astype(np.float32)
        self.y = rng.integers(0, sizes[-1], len(self.x))

    def session(self, epochs: int) -> Session:
        """Return a new session, nothing trained."""
        run = RunSpec(loss="categorical_crossentropy", epochs=epochs, **self.options)  # type: ignore[arg-type]
        return Session(self.model, run, prepare(self.model, run, self.x, self.y))


def bare(session: Session) -> Iterator[None]:
    """Train without a loop of events, as a hand-written one does; yield after each update."""
    p = session.progress
    while not p.reason:
        for batch in session.data.epoch(p.epoch, session.run):
            session.step(batch, told=False)
            yield
        session.end_epoch()
    session.finish()


class Turns:
    """A clock that stands still while it is others' turn, and how long its own turns were."""

    def __init__(self) -> None:
        self.away, self.left, self.slices = 0.0, beside.clock(), [0.0]

    def __call__(self) -> float:
        return beside.clock() - self.away

    def take(self, updates: Iterator[None], many: int) -> None:
        """Let so many updates be made."""
        start = beside.clock()
        self.away += start - self.left
        for _ in itertools.islice(updates, many):
            pass
        self.left = beside.clock()
        self.slices.append(self.left - start)


def watched(session: Session, mode: str, clock: Turns, told: list[float]) -> Iterator[None]:
    """Train as `run` does under the sinks of a `fit`; yield after each update."""
    config = MODES[mode]
    assert config is not None
    # A clock in Python takes several times as long to read as the one that users have, many
    # times an update: only where a budget hangs on the time that passes does it stand still.
    governor = Governor(config.budget, beside.clock if config.budget is None else clock)
    bus = Bus([History(), Terminal(config.level, Console(file=io.StringIO()))])
    if config.budget is None:
        bus.add(EveryUpdate())
    if mode == "kept":
        bus.add(Keeper())
    if config.health_checks:
        bus.add(Doctor(bus.publish, governor=governor))
    ask = bus.wants, bus.looks, bus.quiet
    for event in train(
        session, *ask, governor, scores=bus.scores, passes=bus.passes_over, whole=True
    ):
        if event is not PASSED:
            governor.begin()
            bus.publish(event)
            governor.end()
        if event is PASSED or isinstance(event, BatchEnd):
            yield
        elif isinstance(event, TrainEnd):
            own = event.observer.get("seconds", float("nan"))
            told.append(own / (sum(clock.slices) - own))


def measured(maker: Maker, updates: int) -> tuple[dict[str, list[float]], Told, bool]:
    """Return each mode's seconds a slice, its own account, and whether all weights are equal.

    The modes train side by side, a slice of updates each in turns, so that what else the
    machine does falls on all of them alike.
    """
    epochs = max(2, round(updates / BATCHES))
    sessions = {name: maker.session(epochs) for name in MODES}
    told: Told = {name: [] for name in MODES}
    clocks = {name: Turns() for name in MODES}
    runs = {}
    for name, config in MODES.items():
        made = sessions[name]
        runs[name] = watched(made, name, clocks[name], told[name]) if config else bare(made)
    part = max(1, epochs * BATCHES // SLICES)
    for i in range(epochs * BATCHES // part + 2):
        turn = list(MODES)[i % len(MODES) :] + list(MODES)[: i % len(MODES)]
        for name in turn:
            clocks[name].take(runs[name], part)
    ends = [session.network.weights() for session in sessions.values()]
    equal = all(w.tobytes() == ends[0][n].tobytes() for end in ends for n, w in end.items())
    return {name: clock.slices for name, clock in clocks.items()}, told, equal


Told = dict[str, list[float]]


def goals(step: float, expert: float) -> dict[str, float]:
    """Return what each mode may cost at a step of so many seconds."""
    usual = LONG_GOAL if step >= LONG else SHORT_GOAL
    return {"basic": BASIC_GOAL, "default": usual, "expert": expert, "kept": expert}


def table() -> Iterator[str]:
    """Yield the lines."""
    torch.set_num_threads(OPTIONS.threads)
    yield about("Watching our engines", OPTIONS.threads, OPTIONS.rounds)
    yield ""
    yield (
        f"{'engine':8}{'network':14}{'step ms':>8}  {'mode':9}{'median':>7}{'best':>8}"
        f"{'slice':>8}{'by its clock':>14}   goal"
    )
    for engine in ("numpy", "torch"):
        for name, (sizes, rows, expert) in NETWORKS.items():
            if OPTIONS.only in f"{engine} {name}":
                yield from row(engine, name, Maker(engine, sizes, rows), expert)


def row(engine: str, name: str, maker: Maker, expert: float) -> Iterator[str]:
    """Yield the lines of one network on one engine: ratios of whole runs, medians over them."""
    start = beside.clock()
    for _ in bare(maker.session(1)):
        pass
    step = (beside.clock() - start) / BATCHES
    found = [measured(maker, round(OPTIONS.seconds / step)) for _ in range(OPTIONS.rounds)]
    whole = {mode: [sum(times[mode]) for times, _, _ in found] for mode in MODES}
    step = min(whole["bare"]) / (max(2, round(OPTIONS.seconds / step / BATCHES)) * BATCHES)
    for mode, goal in goals(step, expert).items():
        ratios = [a / b for a, b in zip(whole[mode], whole["bare"], strict=True)]
        slices = [
            float(np.median(times[mode][1:]) / np.median(times["bare"][1:]))
            for times, _, _ in found
        ]
        own = 1 + float(np.nanmedian([share for _, told, _ in found for share in told[mode]]))
        yield (
            f"{engine:8}{name:14}{1e3 * step:8.3f}  {mode:9}{np.median(ratios):7.3f}"
            f"{min(ratios):8.3f}{np.median(slices):8.3f}{own:14.3f}   "
            f"{verdict(float(np.median(ratios)), goal)}"
        )
    equal = all(same for _, _, same in found)
    yield f"{'':32}weights of all modes {'equal, bit for bit' if equal else 'DIFFER'}"
    if not equal:
        sys.exit(f"{engine} {name}: watching changed the weights")


if __name__ == "__main__":
    show(table(), OPTIONS.out)
