"""What a listener may ask of a run in progress: to stop, or another learning rate."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from neurogebra.observatory.bus import Bus
from neurogebra.observatory.events import Asked
from neurogebra.spec import check
from neurogebra.training.session import Session


@dataclass(frozen=True)
class Wish:
    """What a callback may return for an event: stop, or a new learning_rate, and why.

    A wish is granted after the update that the event belongs to. Raises BadValue for a rate
    that is no number above 0.
    """

    stop: bool = False
    learning_rate: float | None = None
    why: str = ""

    def __post_init__(self) -> None:
        check.flag("Wish.stop", self.stop)
        if self.learning_rate is not None:
            rate = check.real(0.0, math.inf, "a number above 0", open_low=True)
            object.__setattr__(self, "learning_rate", rate("learning_rate", self.learning_rate))


class Control:
    """The handle by which one listener, `who`, asks; all handles of a run share one queue."""

    def __init__(
        self,
        session: Session,
        who: str = "callback",
        waiting: deque[tuple[str, Wish]] | None = None,
    ) -> None:
        self._session, self.who = session, who
        self._waiting: deque[tuple[str, Wish]] = deque() if waiting is None else waiting

    def of(self, who: str) -> Control:
        """Return the handle of another listener."""
        return Control(self._session, who, self._waiting)

    def stop(self, why: str = "") -> None:
        """Ask to stop after the current update; the run then ends as "stopped"."""
        self.ask(Wish(stop=True, why=why))

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update; setting it asks for another one."""
        return self._session.rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self.ask(Wish(learning_rate=rate))

    def ask(self, wish: Wish) -> None:
        """Ask for what a Wish says."""
        self._waiting.append((self.who, wish))

    def grant(self, bus: Bus) -> None:
        """Fulfil what was asked for, telling the bus who asked and why.

        A stop waits for the end of the epoch whose last update is made, so that a log can be
        cut at the step of a checkpoint. What is asked of a run that is over changes nothing.
        """
        if not self._waiting:
            return
        session, p = self._session, self._session.progress
        again: list[tuple[str, Wish]] = []
        while self._waiting and not p.reason:
            who, wish = self._waiting.popleft()
            if wish.stop and p.batch and p.batch == session.batches:
                again.append((who, wish))
                continue
            if wish.learning_rate is not None:
                session.set_rate(wish.learning_rate)
            if wish.stop:
                p.reason = "stopped"
            bus.publish(
                Asked(
                    epoch=p.epoch,
                    step=p.step,
                    who=who,
                    stop=wish.stop,
                    learning_rate=wish.learning_rate,
                    why=wish.why,
                )
            )
        self._waiting.extendleft(reversed(again))
