"""Watch somebody else's JAX loop: the vectors that its steps return, as our events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from neurogebra.bridges.course import Place, Plan
from neurogebra.bridges.desk import Desk, Seen, Sight, events
from neurogebra.bridges.jax_looks import Statistics, jax, jax_statistics, sights_of
from neurogebra.errors import BadValue
from neurogebra.observatory.bus import Sink
from neurogebra.observatory.events import LayerInfo, LayerSeen, Level, Verdict

__all__ = ["JaxWatch", "Statistics", "jax_statistics"]


class Waiting(NamedTuple):
    """An update whose numbers are still on their way."""

    place: Place
    loss: Any
    seen: Statistics | None
    rows: int


class JaxWatch:
    """A JAX loop under observation: each `step(loss, seen)` becomes events, none waited for.

    The jitted step returns `jax_statistics(params, grads, …)` beside its loss, always or when
    it is asked to (a static argument): `due` says when that is wanted, by `every` or by whoever
    listens, as the budget allows (a share of the time; None: always; what the statistics take
    inside the step counts as the step's). Losses and vectors are read when they are there; only
    `epoch`, `close` and the doctor's word wait for them. run: what else is known, as in
    `TrainStart.run`. Raises BadValue for what cannot be.
    """

    def __init__(
        self,
        params: Any,
        *,
        log_level: Level | int | str = Level.BASIC,
        sinks: Iterable[Sink] = (),
        every: int | None = None,
        budget: float | None = 0.03,
        run: Mapping[str, Any] | None = None,
        name: str = "jax",
        optimizer: str = "",
        learning_rate: float = 0.0,
        epochs: int = 0,
        batches: int = 0,
        seed: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._weights = sights_of(params)
        if not self._weights:
            raise BadValue("params", "a pytree with real arrays", params)
        known = {"optimizer": optimizer, "learning_rate": learning_rate, **(run or {})}
        facts = {"frozen": 0, **known.get("facts", {})}
        plan = Plan(name, "jax (own loop)", seed, epochs, batches, {**known, "facts": facts})
        self._rate = float(known["learning_rate"])
        self._waiting: deque[Waiting] = deque()
        self.watcher = Desk(
            plan, log_level=log_level, sinks=sinks, every=every, budget=budget, clock=clock
        )
        self.due = True

    def step(self, loss: Any, seen: Statistics | None = None, *, rows: int = 0) -> None:
        """Take what one update returned, as it is: arrays on a device are not waited for."""
        if getattr(loss, "size", 1) != 1:
            raise BadValue("loss", "one number", f"shape {loss.shape}")
        if seen is not None and not isinstance(seen, Statistics):
            raise BadValue("seen", "what jax_statistics returns, or None", seen)
        desk, g = self.watcher, self.watcher.governor
        g.begin()
        for x in (loss, *(() if seen is None else (seen.vector,))):
            if hasattr(x, "copy_to_host_async"):
                x.copy_to_host_async()
        self._waiting.append(Waiting(desk.update(), loss, seen, rows))
        while self._waiting and _is_here(self._waiting[0]):
            self._deliver(self._waiting.popleft())
        self.due = desk.is_due()
        g.end()

    def epoch(
        self, metrics: Mapping[str, Any] | None = None, learning_rate: float | None = None
    ) -> None:
        """Say that an epoch is over, with what was measured; NotReady when it has no update."""
        desk, g = self.watcher, self.watcher.governor
        self._rate = self._rate if learning_rate is None else float(learning_rate)
        self._land()
        g.begin()
        desk.course.end_epoch(metrics or {}, self._rate, g.clock())
        g.end()

    def close(self, reason: str = "completed") -> Verdict:
        """Wait for what is on its way, say the end and the verdict; again: nothing."""
        if self.watcher.verdict is None:
            self._land()
        return self.watcher.end(reason, self._layers(None))

    def __enter__(self) -> JaxWatch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self.close("completed" if kind is None else "interrupted")

    def _land(self) -> None:
        """Wait for the device (that is its time, not ours), and tell everything."""
        jax.block_until_ready([(w.loss, w.seen) for w in self._waiting])
        self.watcher.governor.begin()
        while self._waiting:
            self._deliver(self._waiting.popleft())
        self.watcher.governor.end()

    def _deliver(self, done: Waiting) -> None:
        desk, seen = self.watcher, done.seen
        desk.start(self._layers(seen))
        began, told = desk.governor.clock(), list[LayerSeen]()
        if seen is not None:
            told = events(done.place, map(Seen, seen.sights, seen.stats()))
            desk.looks += 1
        desk.tell(done.place, float(done.loss), done.rows, told)
        if seen is not None:
            desk.governor.learn("look", desk.governor.clock() - began)

    def _layers(self, seen: Statistics | None) -> list[LayerInfo]:
        """Return the rows of the architecture; outputs are known of a first look."""
        heard = {s.layer: s for s in (seen.sights if seen else ()) if s.site == "forward"}
        names = dict.fromkeys([*(s.layer for s in self._weights), *heard])
        return [_info(n, [s for s in self._weights if s.layer == n], heard.get(n)) for n in names]


def _info(name: str, own: list[Sight], heard: Sight | None) -> LayerInfo:
    kind = name.rpartition(".")[2].rstrip("0123456789").rstrip("_") or "layer"
    return LayerInfo(
        name=name,
        type=kind,
        formula=f"y = {(heard.activation if heard else '') or kind}(x)",
        gradient=(),
        in_shape=(),
        out_shape=heard.shape[1:] if heard else (),
        params=sum(_size(s.shape) for s in own),
        activation=heard.activation if heard else "",
    )


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _is_here(waiting: Waiting) -> bool:
    parts = [waiting.loss, *([] if waiting.seen is None else [waiting.seen.vector])]
    return all(x.is_ready() for x in parts if hasattr(x, "is_ready"))
