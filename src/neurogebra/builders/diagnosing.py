"""A model's `diagnose`: what is wrong with its last training, or with data before one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurogebra.builders.alter import Beginning
from neurogebra.builders.last_fit import KEPT, LastFit
from neurogebra.builders.numbers import Numbers
from neurogebra.builders.parts import as_rows, given_rows, sources
from neurogebra.builders.prove import prove
from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory.diagnosis import Diagnosis
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Alert, Event, Stamped
from neurogebra.observatory.spectra import advice
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Data
from neurogebra.training.loop import train
from neurogebra.training.session import Session
from neurogebra.training.sources import Feed, Source


class Diagnosable:
    """A model that can say what is wrong with it; nothing of that changes it."""

    name: str
    _numbers: Numbers
    _spec: ModelSpec | None
    _last: LastFit

    def diagnose(self, X: Any = None, y: Any = None, *, prove_fix: bool = False) -> Diagnosis:
        """Return what is wrong with the latest `fit`: causes, evidence, what to change.

        Print it, or read its `causes`, `status` and `to_dict()`. prove_fix: also try the
        changes in short runs from where that `fit` began (`.proof`). X, y: as `fit` takes
        them. Without prove_fix they are judged before any training: data, targets, loss,
        output and first weights. With it, they are what is tried on, where the rows of the
        `fit` were not kept (over 64 MiB, or batches). What the spectra of the weights say is
        among the diagnosis's `advice`. Raises NotReady before a `fit` or
        `compile`, BadValue, DataError.
        """
        if X is not None and not prove_fix:
            return self._before(X, y)
        found = self._last.diagnosis()
        if found is None:
            raise NotReady(
                f"{self.name}: there is no training to diagnose; call fit (with health_checks, "
                "where a log_config is given), or diagnose(X, y) to judge data before one"
            )
        found = replace(found, advice=(*found.advice, *self._weighed()))
        return self._proven(found, X, y) if prove_fix else found

    def _weighed(self) -> tuple[Alert, ...]:
        """Return what the spectra of the weights say."""
        if self._spec is None or self._last.run is None:
            return ()
        return advice(self._numbers.network(self._spec, self._last.run).weights())

    def _proven(self, found: Diagnosis, X: Any, y: Any) -> Diagnosis:
        begun, end = self._last.begun, self._last.end
        if end is None:
            raise NotReady(f"{self.name}: its training was broken off; call fit again")
        if X is not None:
            begun = self._beginning(X, y)
        if begun is None:
            raise NotReady(
                f"{self.name}: the rows of its training were not kept (batches, or over "
                f"{KEPT >> 20} MiB); give some: diagnose(X, y, prove_fix=True)"
            )
        return replace(found, proof=prove(begun, found, end.step, end.seconds))

    def _beginning(self, X: Any, y: Any) -> Beginning:
        run = self._last.run or self._compiled("diagnose")
        rows = as_rows(X)
        spec = self._spec or self._of_shape(rows.shape[1:])
        data, checks = sources(spec, run, rows, y)
        if not isinstance(data, Data):
            raise BadValue("X", "rows in memory to try a change on", type(X).__name__)
        return Beginning(spec, run, data, checks if isinstance(checks, Data) else None)

    def _before(self, X: Any, y: Any) -> Diagnosis:
        """Judge what is known before the first update."""
        run = replace(self._compiled("diagnose"), seed=self._numbers.seed or 0)
        rows = given_rows(X, y, None)
        shape = rows.in_shape() if isinstance(rows, Feed) else rows.shape[1:]
        spec = self._spec or self._of_shape(shape)
        weights = self._numbers.network(spec, run).weights() if self._numbers.trained else None
        session = Session(spec, run, *sources(spec, run, rows, y), weights)
        heard: list[Event] = []
        doctor = Doctor(heard.append)
        doctor.handle(Stamped(0, 0.0, next(train(session, lambda level: False))))
        found = doctor.diagnosis()
        if found.findings:
            return found
        why = "data, targets, loss, output and first weights look sound; the rest shows in training"
        return replace(found, why=why)

    def _begin(self, spec: ModelSpec, run: RunSpec, parts: tuple[Source, Source | None]) -> LastFit:
        """Return the record of a training that begins, with its rows where they are few."""
        data, checks = parts
        before = self._numbers.network(spec, run) if self._numbers.trained else None
        if not isinstance(data, Data) or not isinstance(checks, (Data, type(None))):
            return LastFit(run)
        if sum(a.nbytes for a in (*_arrays(data), *_arrays(checks))) > KEPT:
            return LastFit(run)
        weights = None if before is None else before.weights()
        state = before.state() if before is not None and self._numbers.slots else None
        if sum(a.nbytes for a in (weights or {}).values()) > KEPT:
            return LastFit(run)
        return LastFit(run, Beginning(spec, run, data, checks, weights), state)

    def _compiled(self, verb: str) -> RunSpec:
        raise NotImplementedError

    def _of_shape(self, shape: tuple[int, ...]) -> ModelSpec:
        raise NotImplementedError


def _arrays(data: Data | None) -> list[np.ndarray]:
    return [] if data is None else [data.x, *data.y.values()]
