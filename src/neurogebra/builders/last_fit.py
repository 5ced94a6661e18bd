"""What a model keeps of its last `fit`, so that it can be diagnosed afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.builders.alter import Beginning
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Level, Stamped, TrainEnd
from neurogebra.observatory.looks import Look
from neurogebra.spec import RunSpec
from neurogebra.training import runner
from neurogebra.training.session import Session

KEPT = 64 * 2**20
"""Bytes up to which rows and first weights of a `fit` are kept."""

UNSEEN = "nobody watched, so this rests on its epochs, and on updates late in a long run"

OFTEN = 64
"""Updates after which the clock is asked whether a run has become a long one."""

PATIENCE = 10.0
"""Seconds of a `fit` that nobody watched up to which it is made again to be diagnosed."""


class Overhearing:
    """A sink that tells a doctor what is said anyway: beginning, epochs and end of a run.

    A run that is too long to be made again is looked at as the doctor's budget allows, from
    PATIENCE seconds on.
    """

    name = "doctor"
    level = Level.SILENT
    hears = Level.EXPERT

    def __init__(self, doctor: Doctor, clock: Callable[[], float] = time.monotonic) -> None:
        self._doctor, self._clock = doctor, clock
        self._from = clock() + PATIENCE

    @property
    def quiet(self) -> int:
        """How many updates from here it need not hear of."""
        return self._doctor.quiet if self._clock() > self._from else OFTEN

    @property
    def looks(self) -> bool:
        """Whether the layers are to be looked at in the next update."""
        return self._clock() > self._from and self._doctor.looks

    def handle(self, stamped: Stamped) -> None:
        """Pass on one event."""
        self._doctor.handle(stamped)

    def handle_look(self, seq: int, time: float, look: Look) -> None:
        """Pass on a whole look."""
        self._doctor.handle_look(seq, time, look)

    def close(self) -> None:
        """There is nothing to let go."""


class LastFit:
    """The doctor of a training, where it began and how it ended.

    run: how it was trained; begun: None where its rows came in batches or take more than KEPT
    bytes; state: what the optimiser remembered then; watched: whether the doctor saw updates
    and layers, too. Copies and pickles of a model leave all of it behind.
    """

    def __init__(
        self,
        run: RunSpec | None = None,
        begun: Beginning | None = None,
        state: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.run, self.begun, self.state = run, begun, state
        self.doctor: Doctor | None = None
        self.watched = False
        self.end: TrainEnd | None = None

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return LastFit, ()

    def diagnosis(self) -> Diagnosis | None:
        """Return the ranked causes; None where the health checks were off and cannot be made up.

        A short `fit` that nobody watched is made again under a doctor, to the same bits; of
        a longer one, or one whose rows were not kept, less is known, and that is said.
        """
        if not self.watched and self._is_quickly_made():
            self._make_again()
        if self.doctor is None:
            return None
        found = self.doctor.diagnosis()
        if self.watched:
            return found
        return replace(found, why=f"{found.why} ({UNSEEN})")

    def _is_quickly_made(self) -> bool:
        known = self.begun is not None and self.end is not None
        return known and self.end.seconds <= PATIENCE  # type: ignore[union-attr]

    def _make_again(self) -> None:
        assert self.begun is not None  # noqa: S101
        b = self.begun
        session = Session(b.model, b.run, b.data, b.checks, b.weights)
        if self.state is not None:
            session.network.load(dict(self.state))
        bus = Bus()
        self.doctor, self.watched = Doctor(bus.publish), True
        bus.add(self.doctor)
        with np.errstate(all="ignore"):
            runner.run(session, bus)
        bus.close()
