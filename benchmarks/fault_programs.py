"""The programs of a cases.json as runs of our engine, their faults put in from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from fault_data import Rows, rows_of

from neurogebra.builders.layer import Layer
from neurogebra.layers import LSTM, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, SimpleRNN
from neurogebra.losses import LOSSES as KNOWN
from neurogebra.losses.record import CLASSES, ROWS, Loss
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Event, Level, Stamped
from neurogebra.repository import FORMULAS, Formula
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training import baseline
from neurogebra.training.data import Batch, Data, prepare
from neurogebra.training.runner import run as train
from neurogebra.training.session import Session

LOSSES = {
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "scce": "categorical_crossentropy",
    "ce_clip": "categorical_crossentropy",
    "ce_logits": "categorical_crossentropy_logits",
    "ce_regr": "categorical_crossentropy",
}
SMALL = 0.05  # of Keras' plain "uniform" and "normal" first weights
APART = "crossentropy_of_renormalized_shares"
"""Keras' categorical cross-entropy over outputs that are shares each by themselves.

It divides them by their sum, which the library's own does not: with that one such a program is
another one, in which all outputs may become 1.
"""
LEAST = "maximum(y_pred, 1e-7)"  # as Keras clips


class Unbuildable(Exception):
    """The program asks for what the library does not have."""


@dataclass(frozen=True)
class Program:
    """One program to run: a case's faulty side or its healthy twin, one seed, one jitter."""

    case: str
    faulty: bool
    seed: int
    fields: Mapping[str, Any]
    other_words: str
    factors: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)  # rate, batch, epochs, units


def programs(case: Mapping[str, Any], seed: int, jitter: float) -> Iterator[Program]:
    """Yield a case's faulty program and its twin; a case without a twin is its own, healthy."""
    rng = np.random.default_rng([seed, 0x717])
    twin = case["healthy_twin"]
    for faulty, side in ((True, case), (False, twin or case)):
        if faulty and not twin:
            continue
        factors = tuple(float(f) for f in rng.uniform(1 - jitter, 1 + jitter, 4))
        words = case["data_generator"]
        yield Program(case["id"], faulty, seed, side, words, factors)  # type: ignore[arg-type]


def play(program: Program, limit: int) -> tuple[list[Event], Doctor]:
    """Run a program under a doctor; return everything that it said, and the doctor.

    limit: updates after which epochs are cut. Raises NeurogebraError where the library refuses
    the program before its first step, Unbuildable where it lacks a part.
    """
    rows = rows_of(program.fields["data_generator"], program.other_words, program.seed)
    session = _session(program, rows, limit)
    events: list[Event] = []
    bus = Bus([_Keep(events)], strict=True)
    doctor = Doctor(bus.publish)
    bus.add(doctor)
    with np.errstate(all="ignore"):
        train(session, bus)  # the doctor's alerts are among the events
    return events, doctor


class _Keep:
    name, level, hears = "keep", Level.SILENT, Level.DEBUG

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def handle(self, stamped: Stamped) -> None:
        """Keep an event."""
        self.events.append(stamped.event)

    def close(self) -> None:
        """There is nothing to let go."""


def _session(program: Program, rows: Rows, limit: int) -> Session:
    side, (rate, batch, epochs, units) = program.fields, program.factors
    mutation = dict(side.get("mutation") or {}) if program.faulty else {}
    layers = _layers(side["layers"], units)
    model = ModelSpec("program", rows.x.shape[1:], tuple(layer for layer, _ in layers))
    size = max(1, round(side["batch"] * batch))
    per_epoch = -(-len(rows.x) // size)
    run = RunSpec(
        loss=_loss(side),
        epochs=max(1, min(round(side["epochs"] * epochs), limit // per_epoch)),
        batch_size=size,
        seed=program.seed,
        restore_best=False,
        clip_norm=float(mutation.get("clip", 0.0)),
        **_optimizer(side["optimizer"], side["lr"] * rate),
    )
    data = prepare(model, run, rows.x, _targets(side, rows.y))
    if mutation.get("feat_shuffle"):
        data = Unmatched(data.x, data.y)
    checks = prepare(model, run, rows.vx, _targets(side, rows.vy), "validation")
    session = Session(model, run, data, checks, _weights(model, layers, program.seed))
    _inject(session, side, mutation, _detached(side["layers"], model))
    return session


def _loss(side: Mapping[str, Any]) -> str:
    shares = side["loss"] == "cce" and side["layers"][-1].get("activation") == "sigmoid"
    if not shares:
        return LOSSES.get(side["loss"], side["loss"])
    if APART not in KNOWN:
        text = f"-mean(sum(y * log({LEAST}), -1) - log(sum({LEAST}, -1)))"
        FORMULAS.add(
            Formula(
                name=APART,
                expr=text,
                inputs=("y", "y_pred"),
                summary="Cross-entropy of shares that are divided by their sum.",
                category="loss",
            )
        )
        KNOWN.add(Loss(APART, CLASSES, end="sigmoid", over=ROWS))
        baseline._BEST[APART] = baseline._BEST["categorical_crossentropy"]
    return APART


def _targets(side: Mapping[str, Any], y: np.ndarray) -> np.ndarray:
    units = side["layers"][-1].get("units", 1)
    one_hot = side["loss"] in ("hinge", "mse", "mae") and y.ndim == 1 and units > 1
    return np.eye(units)[y.astype(int)] if one_hot else y


def _optimizer(words: str, rate: float) -> dict[str, Any]:
    name, *rest = words.split()
    if not rest:
        return {"optimizer": name, "learning_rate": rate}
    share = float(rest[0].removeprefix("momentum="))
    kind = "nesterov" if "nesterov" in rest else "momentum"
    return {"optimizer": kind, "learning_rate": rate, "options": {"mu": share}}


def _layers(rows: list[Mapping[str, Any]], factor: float) -> list[tuple[Any, Mapping[str, Any]]]:
    found: list[tuple[Any, Mapping[str, Any]]] = []
    for i, row in enumerate(rows):
        kind, last = row["type"], i == len(rows) - 1
        if kind.startswith("detach"):
            continue
        make = _KINDS.get(kind)
        if make is None:
            raise Unbuildable(f"there is no layer {kind!r}")
        found.append((make(row, 1.0 if last else factor), row))
    return found


def _units(row: Mapping[str, Any], factor: float) -> int:
    return max(2 if factor != 1.0 else 1, round(row.get("units", row.get("filters", 1)) * factor))


def _activation(row: Mapping[str, Any]) -> str:
    name = str(row.get("activation", "linear"))
    if name == "softmax_ax0":  # the library refuses an axis, in its own words
        Layer("Dense", row["units"], activation="softmax", axis=0)
    return name


_KINDS: dict[str, Callable[[Mapping[str, Any], float], Any]] = {
    "dense": lambda row, f: Dense(_units(row, f), _activation(row)),
    "dropout": lambda row, f: Dropout(row["p"]),
    "flatten": lambda row, f: Flatten(),
    "conv2d": lambda row, f: Conv2D(
        _units(row, f), row["kernel"], padding=row["padding"], activation=_activation(row)
    ),
    "maxpool2d": lambda row, f: MaxPooling2D(row["size"]),
    "rnn": lambda row, f: SimpleRNN(_units(row, f), activation=_activation(row)),
    "lstm": lambda row, f: LSTM(_units(row, f)),
}


def _weights(
    model: ModelSpec, layers: list[tuple[Any, Mapping[str, Any]]], seed: int
) -> dict[str, np.ndarray]:
    weights, rng = dict(model.init(seed)), np.random.default_rng([seed, 0x1417])
    for placed, (_, row) in zip(model.placed(), layers, strict=True):
        for key, how in (("W", row.get("kernel_init")), ("U", row.get("recurrent_init"))):
            name = f"{placed.name}.{key}"
            if how is not None and name in weights:
                weights[name] = _drawn(how, weights[name].shape, rng)
    return weights


def _drawn(how: Any, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    kind, value = (how, SMALL) if isinstance(how, str) else how
    field = int(np.prod(shape[:-2]))
    fan_in, fan_out = field * shape[-2], field * shape[-1]
    match kind:
        case "zeros" | "const":
            return np.full(shape, 0.0 if kind == "zeros" else value)
        case "normal":
            return rng.normal(0, value, shape)
        case "he":
            return rng.normal(0, (2 / fan_in) ** 0.5, shape)
        case "uniform":
            limit = value
        case "he_u":
            limit = (6 / fan_in) ** 0.5
        case "glorot_uniform":
            limit = (6 / (fan_in + fan_out)) ** 0.5
        case _:
            raise Unbuildable(f"there are no first weights {how!r}")
    return rng.uniform(-limit, limit, shape)


class Unmatched(Data):
    """Rows whose inputs do not belong to their targets, anew in every batch."""

    def epoch(self, epoch: int, run: RunSpec, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, each with the inputs of other rows."""
        rng = np.random.default_rng([run.seed, epoch])
        for batch in super().epoch(epoch, run, start):
            x = self.x[rng.integers(0, len(self.x), len(batch.x))]
            yield Batch(batch.index, x, batch.y, batch.weights)


def _detached(rows: list[Mapping[str, Any]], model: ModelSpec) -> list[str]:
    """Return the parameters that stand before a layer which lets no gradient through."""
    at = next((i for i, row in enumerate(rows) if row["type"].startswith("detach")), 0)
    return [f"{p.name}.{k}" for p in list(model.placed())[:at] for k in p.layer.shapes(p.in_shape)]


def _inject(
    session: Session, side: Mapping[str, Any], mutation: Mapping[str, Any], still: list[str]
) -> None:
    """Put penalties and faults of a hand-written loop between gradient and update."""
    network: Any = session.network
    store, take, step = network.store, network.update.take, network.step
    l1, l2 = float(side.get("l1") or 0.0), float(side.get("l2") or 0.0)
    decay = float(mutation.get("lr_decay_per_step", 1.0))

    def taking() -> bool:
        if l1 or l2:
            store.g += l1 * np.sign(store.w) + 2 * l2 * store.w
        if mutation.get("zero_after_backward"):
            store.g[:] = 0
        for name in still:
            store.grads[name][...] = 0
        return bool(take())

    def stepping(x: np.ndarray, y: Any, *, lr: float, **more: Any) -> Any:
        penalty = l1 * float(np.abs(store.w).sum()) + l2 * float((store.w**2).sum())
        done = step(x, y, lr=lr * decay**network.steps, **more)
        return done._replace(loss=done.loss + penalty)

    network.update.take, network.step = taking, stepping
