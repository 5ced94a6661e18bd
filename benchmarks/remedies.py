"""How often the change that a diagnosis proposes helps: faulty trainings, tried again shortly.

Run: python benchmarks/remedies.py [--seeds 0 1 2] [--cases [FILE]] [--only TEXT]
                                   [--clock wall|cpu] [--out FILE]
Without --cases: trainings of our own, each with one fault that a change of the run can put
right. With it: the faulty programs of ../shared/faults/cases.json (or FILE); those whose fault
is a hand-written loop's are left out, since no description of a run holds it. A run counts as
helped where one of at most three changes did, on one seed or on both of two ("not certain"
counts as no); extra time is that of all short runs and all that belongs to them, as a share of
the run's own. --clock cpu counts the processor's time of this process for both, for machines
that others work on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from fault_programs import Program, Unbuildable, _session, programs

from neurogebra.builders.alter import Beginning
from neurogebra.builders.prove import prove
from neurogebra.errors import NeurogebraError
from neurogebra.layers import Dense
from neurogebra.observatory.bus import Bus
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.remedy import (
    FLOOR,
    HELPED,
    SHARE,
    UNCERTAIN,
    UNTRIED,
    Proof,
    Trial,
)
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import Data, prepare
from neurogebra.training.runner import run as train
from neurogebra.training.session import Session

CASES = Path(__file__).parents[2] / "shared" / "faults" / "cases.json"
ROWS, LIMIT = 3000, 4000
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
IN_A_LOOP = ("l1", "l2", "mutation")


@dataclass(frozen=True)
class Tried:
    """One faulty run: the causes named, and what came of the changes proposed for them."""

    name: str
    fault: str
    seed: int
    causes: tuple[str, ...]
    proof: Proof

    @property
    def helped(self) -> bool:
        """Whether a change helped."""
        return self.proof.verdict == HELPED


def attempt(
    name: str,
    fault: str,
    begun: Beginning,
    session: Session,
    clock: Callable[[], float] = time.perf_counter,
) -> Tried:
    """Train a faulty run to its end under a doctor, and try what the diagnosis proposes."""
    bus = Bus(strict=True)
    doctor = Doctor(bus.publish)
    bus.add(doctor)
    start = clock()
    with np.errstate(all="ignore"):
        end = train(session, bus)
    spent = clock() - start
    found = doctor.diagnosis()
    proof = prove(begun, found, end.step, spent, clock=clock)
    causes = tuple(c.name for c in found.causes)
    return Tried(name, fault, begun.run.seed, causes, proof)


def ours(seed: int, rows: int = ROWS) -> Iterator[tuple[str, str, Beginning]]:
    """Yield trainings with one fault each: name, fault, beginning."""
    rng = np.random.default_rng([seed, 0xFA])
    x = rng.normal(size=(rows, 8))
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * rng.normal(size=rows)
    classes = np.digitize(score, np.quantile(score, [1 / 3, 2 / 3]))
    wide = rng.normal(size=(rows, 64))
    sides = (wide[:, :8].sum(1) > 0).astype(int)
    scales = 10.0 ** np.arange(-1, 7)
    tanh = {"hidden": "tanh", "initializer": "normal", "width": 64}
    unscaled = x * scales + 3 * scales
    ends = {"last": "linear", "loss": "mse"}
    sgd = {"optimizer": "sgd"}
    order = np.argsort(classes, kind="stable")
    yield "rate too high (adam)", "learning_rate_too_high", _begun(x, classes, seed, rate=3.0)
    yield (
        "rate too high (sgd)",
        "learning_rate_too_high",
        _begun(x, classes, seed, rate=100.0, **sgd),
    )
    yield "rate too low (adam)", "learning_rate_too_low", _begun(x, classes, seed, rate=1e-6)
    yield "rate too low (sgd)", "learning_rate_too_low", _begun(x, classes, seed, rate=1e-6, **sgd)
    yield "inputs unscaled", "missing_normalization", _begun(unscaled, classes, seed)
    yield "targets unscaled", "missing_normalization", _begun(x, 5000 * score + 20000, seed, **ends)
    yield "mae on classes", "wrong_loss", _begun(x, classes, seed, loss="mae")
    yield (
        "relu before cross-entropy",
        "wrong_output_activation",
        _begun(x, classes, seed, last="relu"),
    )
    yield (
        "tanh output, wide targets",
        "wrong_output_activation",
        _begun(x, 3 * score, seed, last="tanh", loss="mse"),
    )
    yield (
        "dead relu by first weights",
        "bad_initialization",
        _begun(
            -np.abs(x), (np.abs(x[:, 0]) > np.abs(x[:, 1])).astype(int), seed, initializer="ones"
        ),
    )
    yield "equal units", "bad_initialization", _begun(x, classes, seed, initializer="zeros")
    yield "saturating tanh", "saturated_activation", _begun(wide, sides, seed, **tanh)
    yield (
        "exploding, no limit",
        "exploding_gradient",
        _begun(x, 50 * score**3, seed, rate=0.05, **ends, **sgd),
    )
    yield (
        "sorted, not shuffled",
        "not_shuffled",
        _begun(x[order], classes[order], seed, rate=0.02, shuffle=False),
    )
    yield (
        "clipped to nothing",
        "gradient_clipping_bug",
        _begun(x, classes, seed, rate=0.1, clip_norm=1e-5, **sgd),
    )
    yield (
        "weight decay too strong",
        "excessive_regularization",
        _begun(x, classes, seed, optimizer="adamw", rate=0.01, weight_decay=20.0),
    )


def _begun(
    x: np.ndarray,
    y: np.ndarray,
    seed: int,
    *,
    hidden: str = "relu",
    last: str = "softmax",
    initializer: str = "he_normal",
    width: int = 32,
    rate: float = 0.003,
    loss: str = "categorical_crossentropy",
    **run: Any,
) -> Beginning:
    units = 1 if loss == "mse" else int(y.max()) + 1
    layers = (*(Dense(width, hidden, initializer=initializer) for _ in range(2)),
              Dense(units, last))  # fmt: skip
    model = ModelSpec("faulty", x.shape[1:], layers)
    described = RunSpec(
        loss=loss,
        learning_rate=rate,
        epochs=40,
        batch_size=32,
        seed=seed,
        restore_best=False,
        **run,
    )
    targets = np.eye(units)[y] if loss == "mae" else y
    rest = np.arange(len(x)) % 5 != 0
    teach, checks = (prepare(model, described, x[some], targets[some]) for some in (rest, ~rest))
    return Beginning(model, described, teach, checks)


def published(path: Path, seed: int) -> Iterator[tuple[str, str, Program]]:
    """Yield the faulty programs whose fault is in the description of the run."""
    for case in json.loads(path.read_text(encoding="utf-8")):
        label = case["primary_label"] or ""
        looped = any(case.get(field) for field in IN_A_LOOP)
        looped |= any(row["type"].startswith("detach") for row in case["layers"])
        if label and not looped and label not in UNTRIED:
            yield from (
                (case["id"], label, program) for program in programs(case, seed, 0.0)
                if program.faulty
            )  # fmt: skip


def line(t: Tried) -> str:
    """Return one run as a line."""
    share = t.proof.time_share or 0.0
    tried = "; ".join(map(_told, t.proof.trials)) or "nothing tried"
    mark = "helped " if t.helped else "no     "
    named = ", ".join(t.causes) or "-"
    left = "".join(f"; no time for {text}" for text in t.proof.left)
    took = f"{t.proof.run_seconds:6.2f} s {share:5.0%}"
    return f"{t.name:28}{t.seed:2} {mark}{took}  {t.fault} | {named} <- {tried}{left}"


def _told(trial: Trial) -> str:
    tries = " ({} of {} tries)".format(*trial.tries) if trial.again else ""
    return f"{trial.made}: {trial.verdict} after {trial.before.updates}{tries}"


def summary(tried: list[Tried], refused: int) -> Iterator[str]:
    """Yield the head figures."""
    helped = [t for t in tried if t.helped]
    some = [t for t in tried if t.proof.trials]
    shares = sorted(t.proof.time_share or 0.0 for t in some)
    updates = [t.proof.played / t.proof.run_updates for t in some]
    last = [t.proof.trials[-1] for t in helped]
    yield f"faulty runs: {len(tried)}; refused before the first step: {refused}"
    yield f"  helped by a proposed change  {_of(len(helped), len(tried))}"
    first = sum(bool(t.proof.trials) and t.proof.trials[0].verdict == HELPED for t in tried)
    yield f"  by the first one tried       {_of(first, len(tried))}"
    twice = sum(trial.tries[1] > 1 for trial in last)
    yield f"  of these on two seeds        {_of(twice, len(helped))}"
    unsure = sum(t.proof.verdict == UNCERTAIN for t in tried)
    yield f"  not certain                  {_of(unsure, len(tried))}"
    p90 = shares[min(len(shares) - 1, int(0.9 * len(shares)))]
    yield f"  extra time                   median {median(shares):.0%}, p90 {p90:.0%} of the run's"
    long = [t.proof.time_share or 0.0 for t in some if t.proof.run_seconds >= FLOOR / SHARE]
    kept = sum(share <= SHARE for share in shares)
    if long:
        ends = f"median {median(long):.0%}, most {max(long):.0%}"
        yield f"    of runs from {FLOOR / SHARE:g} s on      {ends}"
    yield f"    at most a quarter          {_of(kept, len(shares))}"
    kept = sum(t.proof.seconds <= t.proof.allowed for t in some)
    yield f"    at most what is allowed    {_of(kept, len(shares))}"
    yield f"  extra updates                median {median(updates):.0%}"


def _of(some: int, of: int) -> str:
    return f"{some / max(1, of):6.1%} ({some}/{of})"


def _programs(options: argparse.Namespace) -> Iterator[Tried | None]:
    for seed in options.seeds:
        if options.cases is None:
            for name, fault, begun in ours(seed):
                if options.only in name:
                    session = Session(begun.model, begun.run, begun.data, begun.checks)
                    yield attempt(name, fault, begun, session, options.clock)
            continue
        for name, fault, program in published(options.cases, seed):
            if options.only in name:
                yield _attempt_of(name, fault, program, options.clock)


def _attempt_of(
    name: str, fault: str, program: Program, clock: Callable[[], float] = time.perf_counter
) -> Tried | None:
    from fault_data import rows_of

    rows = rows_of(program.fields["data_generator"], program.other_words, program.seed)
    try:
        session = _session(program, rows, LIMIT)
    except (Unbuildable, NeurogebraError):
        return None
    data, checks = session.data, session.validation
    assert isinstance(data, Data)
    assert isinstance(checks, Data)
    weights = {n: a.copy() for n, a in session.network.weights().items()}
    begun = Beginning(session.model, session.run, data, checks, weights)
    return attempt(name, fault, begun, session, clock)


def main() -> None:
    """Run the trainings and print the table."""
    about, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--cases", nargs="?", type=Path, const=CASES)
    parser.add_argument("--only", default="")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    named, options.clock = options.clock, CLOCKS[options.clock]
    tried, refused, lines = [], 0, []
    for found in _programs(options):
        if found is None:
            refused += 1
            continue
        tried.append(found)
        lines.append(line(found))
        print(lines[-1], flush=True)
    which = "trainings of our own" if options.cases is None else options.cases.name
    seeds = " ".join(map(str, options.seeds))
    head = [f"remedies: {which}; seeds {seeds}; {named} time", *summary(tried, refused)]
    print("\n" + "\n".join(head))
    if options.out:
        options.out.write_text("\n".join([*head, "", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
