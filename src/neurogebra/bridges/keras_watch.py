"""Watch a Keras 3 model's `fit`: its batches as our events, for our doctor and sinks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from neurogebra.bridges.course import Place, Plan
from neurogebra.bridges.desk import Desk, Seen, check, events
from neurogebra.bridges.keras_looks import (
    Eye,
    Losses,
    info,
    keras,
)
from neurogebra.bridges.keras_probe import Probe, seen_gradients, seen_outputs
from neurogebra.errors import BadValue, NotReady
from neurogebra.observatory.bus import Sink
from neurogebra.observatory.events import LayerSeen, Level, Verdict

Callback: Any = keras.callbacks.Callback


class KerasCallback(Callback):  # type: ignore[misc]
    """Tells one `fit` of a Keras 3 model, on TensorFlow, JAX or PyTorch, as our events.

    `model.fit(…, callbacks=[KerasCallback()])`. Layers are looked at when the doctor or a sink asks
    for them, or in one batch of `every` so many, as the budget allows (a share of the time;
    None: always). Read are the weights, their changes, and the gradients where somebody keeps
    them: PyTorch, or the slots of Adam, AdamW and SGD with momentum (there after clipping, and
    to within rounding). probe: rows (x, y) on which the outputs of the layers, and gradients
    that nobody keeps, are worked out before the batch looked at. run: what else is known, as in
    `TrainStart.run`. `EpochEnd.waited` is 0: what Keras does between two batches is not waiting
    for rows alone, and on TensorFlow it waits for them inside the step. The training is left as
    it is: the weights are those of the same `fit` unwatched. As a `with`, or by `close`, it
    ends also after an error. Raises BadValue for what cannot be, NotReady for a second `fit`.
    """

    def __init__(
        self,
        *,
        log_level: Level | int | str = Level.BASIC,
        sinks: Iterable[Sink] = (),
        every: int | None = None,
        budget: float | None = 0.03,
        probe: tuple[Any, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        name: str = "",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        if probe is not None and (not isinstance(probe, tuple) or len(probe) != 2):
            raise BadValue("probe", "a tuple (x, y) of rows, or None", probe)
        check(log_level, every, budget)
        self._rows, self._run, self._name = probe, dict(run or {}), name
        self._options: dict[str, Any] = {
            "log_level": log_level,
            "sinks": tuple(sinks),
            "every": every,
            "budget": budget,
            "clock": clock,
        }
        self._desk: Desk | None = None
        self._eye: Eye | None = None
        self._probe: Probe | None = None
        self._armed, self._done, self._told_mean, self._cost = False, 0, False, 0.0
        self._tried: list[Seen] = []

    @property
    def watcher(self) -> Desk:
        """The run under observation: alerts, looks, share, diagnosis(), verdict."""
        if self._desk is None:
            raise NotReady("KerasCallback.watcher is there once fit has begun")
        return self._desk

    def on_train_begin(self, logs: Any = None) -> None:
        """Say that the run begins, and what of it cannot be seen."""
        if self._desk is not None:
            raise NotReady("a KerasCallback watches one fit: make another for the next")
        model = self.model
        self._desk = Desk(_plan(model, self._name, self.params or {}, self._run), **self._options)
        self._losses = Losses(model)
        if model.built:
            self._meet(model)
        self._armed = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """An epoch begins."""
        self.watcher.course.epoch = epoch
        self._done = 0
        self._losses.begin()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Keep what the batch will change, if it is to be looked at."""
        eye, governor = self._eye, self.watcher.governor
        if not (self._armed and eye):
            return
        governor.begin()
        self._model_in_step()
        eye.remember()
        self._tried = self._try(eye)
        governor.end()
        self._cost = governor.clock() - governor.now

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell the update or updates just made; look at the layers if that is due."""
        desk, g = self.watcher, self.watcher.governor
        g.begin()
        made = batch + 1 - self._done
        self._done = batch + 1
        for _ in range(made):
            place = desk.update()
        loss, rows = self._losses.read(logs or {})
        eye = self._eye or self._meet(self.model)
        seen = self._look(eye, place, made) if self._armed else []
        if not self._losses.exact and not self._told_mean:
            self._told_mean = True
            desk.say("losses are what train_step returns: Keras's own tracker does not hold them")
        desk.tell(place, loss, rows, seen)
        self._armed = desk.is_due()
        g.end()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Say that the epoch is over, with the metrics that Keras measured."""
        desk = self.watcher
        desk.governor.begin()
        desk.course.end_epoch(logs or {}, _rate(self._model), desk.governor.clock())
        desk.governor.end()

    def on_train_end(self, logs: Any = None) -> None:
        """Say the end and the verdict."""
        early = self.watcher.course.epoch < self.watcher.course.plan.epochs
        self.close("early_stopping" if early else "completed")

    def close(self, reason: str = "interrupted") -> Verdict | None:
        """Say the end and close the sinks, where fit did not; again, or before it: nothing."""
        if self._desk is None:
            return None
        if self._eye is not None:
            self._eye.forget()
        return self._desk.end(reason, ())

    def __enter__(self) -> KerasCallback:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def _meet(self, model: Any) -> Eye:
        """Say that the run begins: the layers are there, at the latest after a first batch."""
        eye = self._eye = Eye(model)
        self._probe = None if self._rows is None else Probe(model, self._rows)
        self.watcher.start([info(layer) for layer in eye.layers])
        for sentence in _unseen(eye, self._probe):
            self.watcher.say(sentence)
        return eye

    def _look(self, eye: Eye, place: Place, made: int) -> list[LayerSeen]:
        desk, clock = self.watcher, self.watcher.governor.clock
        began, deep = clock(), desk.is_deep()
        self._model_in_step()
        found = [*self._tried, *eye.look(made == 1, deep)]
        self._tried = []
        desk.looks += 1
        if not (deep and "look" in desk.governor.costs):
            desk.governor.learn("look", self._cost + clock() - began)
        return events(place, found)

    def _model_in_step(self) -> None:
        """Let a model on JAX hold its own numbers: asking for it fetches them."""
        _ = self.model

    def _try(self, eye: Eye) -> list[Seen]:
        if self._probe is None:
            return []
        deep = self.watcher.is_deep()
        tried = seen_outputs(eye.layers, self._probe.outputs(), deep)
        if not eye.source:
            tried += seen_gradients(eye.layers, self._probe.gradients(), deep)
        return tried


def _unseen(eye: Eye, probe: Probe | None) -> list[str]:
    """Return what cannot be seen of a run, in sentences."""
    said = []
    if probe is None:
        said.append("outputs of layers are not seen: KerasCallback(probe=(x, y)) shows them")
    elif not probe.hears:
        said.append("outputs of layers are not seen: the model is no graph of layers")
    if not eye.source:
        how = "not seen: no slot of the optimizer keeps them"
        said.append(f"gradients are {how if probe is None else 'those of the probe'}")
    return said


def _plan(model: Any, name: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> Plan:
    """Return what is known of a run: from Keras, and from the user."""
    run = {"optimizer": type(model.optimizer).__name__.lower(), "learning_rate": _rate(model)}
    return Plan(
        name=name or model.name,
        engine=f"keras on {keras.backend.backend()}",
        seed=0,
        epochs=int(known.get("epochs") or 0),
        batches=int(known.get("steps") or 0),
        run={**run, **given, "facts": {"frozen": _frozen(model), **given.get("facts", {})}},
    )


def _rate(model: Any) -> float:
    return float(model.optimizer.learning_rate)


def _frozen(model: Any) -> int:
    """Return how many layers with trainable variables of their own are frozen."""
    layers = model._flatten_layers(include_self=True, recursive=True)
    return sum(bool(x._trainable_variables) and not x.trainable for x in layers)
