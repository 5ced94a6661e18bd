"""From data to a finished run: a source, a model, a session under the Observatory, a folder."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurogebra import __version__, files
from neurogebra.builders.folder import RunFolder, new_folder
from neurogebra.datasets.cells import CATEGORICAL
from neurogebra.datasets.prepare import Preparation
from neurogebra.datasets.source import Source, open_data
from neurogebra.datasets.target import REGRESSION
from neurogebra.errors import BadValue, Corrupt, RunError, short
from neurogebra.layers import Dense
from neurogebra.losses import LOSSES, Loss
from neurogebra.losses.table import BINARY, CLASSES, SIGNS, VALUES
from neurogebra.observatory import threads
from neurogebra.observatory.bus import Bus, Sink
from neurogebra.observatory.doctor import Doctor
from neurogebra.observatory.events import Evaluated, Level, Note, TrainEnd, Verdict
from neurogebra.observatory.fingerprint import TrainingFingerprint, digest
from neurogebra.observatory.sinks.dashboard import Dashboard
from neurogebra.observatory.sinks.ndjson import TieredStorage
from neurogebra.observatory.sinks.ndjson_events import stored_events
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.checkpoint import load_checkpoint
from neurogebra.training.data import Data, prepare
from neurogebra.training.runner import run as run_session
from neurogebra.training.saved import save_model
from neurogebra.training.session import Session

PARTS = ("training", "validation", "test")
HEADS = {
    "binary": ("sigmoid", "binary_crossentropy"),
    "multiclass": ("softmax", "categorical_crossentropy"),
    "regression": ("linear", "mse"),
}
# Which targets a loss may take, so that one output layer a task fits them all.
FITTING = {
    "binary": (BINARY, SIGNS, VALUES),
    "multiclass": (CLASSES,),
    "regression": (VALUES,),
}


@dataclass(frozen=True)
class DataSpec:
    """Which data a run learns from; enough to open the same rows again.

    source: a data set's id or a CSV file's path; digest: of the prepared arrays, "" before;
    columns: name → digest of each column as it was read, whatever the seed.
    """

    source: str
    target: str | None = None
    task: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    allow_missing: bool = False
    digest: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("drop", "categorical"):  # JSON gives lists
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def open(self, seed: int) -> Source:
        """Open the table."""
        kinds = dict.fromkeys(self.categorical, CATEGORICAL)
        return open_data(
            self.source,
            self.target,
            task=self.task,
            drop=self.drop,
            kinds=kinds or None,
            seed=seed,
        )


@dataclass(frozen=True, eq=False)
class Project:
    """A run that can be started: its data dealt and prepared, its model, its description."""

    data: DataSpec
    source: Source
    preparation: Preparation
    model: ModelSpec
    run: RunSpec
    parts: Mapping[str, Data]

    def session(self) -> Session:
        """Return a fresh session on the training rows, watched on the validation rows."""
        return Session(self.model, self.run, self.parts["training"], self.parts["validation"])


@dataclass(frozen=True)
class Result:
    """What a run ended with: its folder, why it ended, the scores by part, the verdict."""

    folder: Path
    reason: str
    scores: Mapping[str, Mapping[str, float]]
    verdict: Verdict | None


def plan(data: DataSpec, layers: Iterable[tuple[int, str]], run: Mapping[str, Any]) -> Project:
    """Open the data, deal and prepare the rows, and describe the model and the run.

    layers: (units, activation) of the hidden layers; the output layer and, unless `run` names
    one, the loss follow from the task. run: fields of RunSpec. The preparation is fitted on
    training rows only. Raises what opening, preparing and describing raise.
    """
    described = RunSpec(**run)
    source = data.open(described.seed)
    if source.record is None:  # a run is continued from wherever one stands
        data = replace(data, source=str(Path(data.source).resolve()))
    fitted = source.prepare(source.split(described.seed)[0], allow_missing=data.allow_missing)
    activation, _ = HEADS[fitted.task]
    output = Dense(fitted.target.n_outputs, activation)
    hidden = tuple(Dense(n, a) for n, a in layers)
    model = ModelSpec(_name(source.name), (len(fitted.feature_names),), (*hidden, output))
    return _dealt(data, source, fitted, model, _settled(described, fitted.task, run))


def _fits(loss: Loss, task: str) -> bool:
    """Say whether a loss takes a task's targets, and its outputs behind their activation."""
    ends = ("sigmoid", "linear") if task == "binary" else (HEADS[task][0],)
    return loss.end in ends and loss.target in FITTING[task] and not loss.logits


def _settled(run: RunSpec, task: str, given: Mapping[str, Any]) -> RunSpec:
    """Fill in what follows from the task; BadValue for a loss that does not fit it."""
    if "loss" not in given:
        run = replace(run, loss=HEADS[task][1])
    fitting = [name for name, loss in LOSSES.items() if _fits(loss, task)]
    if run.loss not in fitting:
        hint = f"there are {', '.join(fitting)}"
        raise BadValue("loss", f"one that fits a {task} task", run.loss, hint)
    metric = "mae" if task == REGRESSION else "accuracy"
    return run if run.metrics else replace(run, metrics=(metric,))


def _dealt(
    data: DataSpec, source: Source, fitted: Preparation, model: ModelSpec, run: RunSpec
) -> Project:
    x, y = fitted.apply(source.table, unseen="zero"), fitted.encode_target(source.table)
    rows = dict(zip(PARTS, source.split(run.seed), strict=True))
    parts = {p: prepare(model, run, x[these], y[these], p) for p, these in rows.items()}
    found = digest({f"{p}.{k}": a for p, d in parts.items() for k, a in _arrays(d).items()})
    known = replace(data, digest=found, columns=_marks(source))
    return Project(known, source, fitted, model, run, parts)


def _marks(source: Source) -> dict[str, str]:
    """Return the digest of each column that a run learns from, or learns to predict."""
    columns = {name: source.table.column(name) for name in (*source.features, source.target)}
    return {
        # Words have no width of their own: as text of one width they could fill the memory.
        name: digest(
            np.frombuffer("".join(f"{len(w)}:{w}" for w in values).encode(), np.uint8)
            if values.dtype.hasobject
            else values
        )[:16]
        for name, values in columns.items()
    }


def _arrays(data: Data) -> dict[str, np.ndarray]:
    return {"x": data.x, **{f"y.{head}": a for head, a in data.y.items()}}


def _name(source: str) -> str:
    """Make a model's name of a data set's, or of a file's, which may hold any character."""
    stem = Path(source).name.removesuffix(".gz").removesuffix(".csv")
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.0123456789_")[:64] or "model"


def start(
    project: Project,
    out: str | Path | None = None,
    sinks: Iterable[Sink] = (),
    stop: Callable[[], bool] = lambda: False,
    using: Mapping[str, int] | None = None,
) -> Result:
    """Train a project in a new folder, watched; return what it ended with.

    using: library → threads for the time of the run; those not named keep their own.
    """
    session = project.session()  # what it refuses leaves no folder behind
    folder = new_folder(project.model.name, out)
    files.write_json(folder.record, _record(project))
    with threads.applied(using or {}) as used:
        seed = project.run.seed
        print_ = TrainingFingerprint.capture(
            model_info=project.model.to_dict(),
            hyperparameters=project.run.to_dict(),
            dataset=_arrays(project.parts["training"]),
            random_seed=seed,
            applied={"seed": seed, **({"threads": used} if used else {})},
        )
        print_.save(folder.fingerprint)
        return _watch(project, session, folder, sinks, stop)


def resume(
    path: str | Path,
    sinks: Callable[[Project], Iterable[Sink]] = lambda project: (),
    stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Go on with an interrupted run from its last whole checkpoint, bit for bit.

    Raises RunError for a run that is over, and when the data are not the same any more.
    """
    folder = RunFolder(Path(path))
    project = reopen(folder)
    arrays, rest, skipped = load_checkpoint(folder.checkpoints)
    session = project.session()
    session.restore(arrays, rest)
    if folder.result.is_file():
        raise RunError(f"{path}: this run is over ({session.progress.reason})")
    notes = [Note(message=f"skipped: {s}") for s in skipped]
    with threads.applied(threads_of(folder)):
        return _watch(project, session, folder, sinks(project), stop, notes)


def threads_of(folder: RunFolder) -> dict[str, int]:
    """Return library → threads with which a run was begun; {} where it was not noted."""
    record = files.read_json(folder.fingerprint)
    blas = record.get("blas") if isinstance(record, dict) else None
    found = blas.get("in_use", {}) if isinstance(blas, dict) else None
    if not isinstance(found, dict) or not all(type(n) is int and n > 0 for n in found.values()):
        raise Corrupt(f"{folder.fingerprint}: blas.in_use: expected a number ≥ 1 for each library")
    return found


def reopen(folder: RunFolder) -> Project:
    """Return the project of a run folder; RunError when its data have changed since."""
    record = folder.read()
    try:
        data = DataSpec(**record["data"])
        preparation = Preparation.from_dict(record["preparation"])
        model, run = ModelSpec.from_dict(record["model"]), RunSpec.from_dict(record["run"])
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{folder.record}: not the record of a run: {error!r}") from error
    project = _dealt(data, data.open(run.seed), preparation, model, run)
    if project.data.digest != data.digest:
        raise RunError(
            f"{folder.path}: the data of {data.source} are not those that the run began with"
            + _changed(data.columns, project.data.columns)
        )
    return project


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Name the columns whose digests differ, where they were noted."""
    names = [short(n, 40) for n in {**before, **now} if before.get(n) != now.get(n)]
    return f" (changed: column {', '.join(names[:5])})" if before and names else ""


def _record(project: Project) -> dict[str, Any]:
    return {
        "neurogebra": __version__,
        "data": asdict(project.data),
        "model": project.model.to_dict(),
        "run": project.run.to_dict(),
        "preparation": project.preparation.to_dict(),
    }


def _watch(
    project: Project,
    session: Session,
    folder: RunFolder,
    sinks: Iterable[Sink],
    stop: Callable[[], bool],
    notes: Iterable[Note] = (),
) -> Result:
    """Run a session under the folder's own sinks and the given ones, and keep what came out.

    Where none of those given asks for layers, the log stays small and the page draws what it
    holds; else both take all there is.
    """
    sinks = list(sinks)
    brief = all(sink.level < Level.EXPERT for sink in sinks)
    storage = TieredStorage(folder.path, adaptive=brief)
    dashboard = Dashboard(folder.dashboard, Level.BASIC if brief else Level.EXPERT)
    dashboard.add_fingerprint(files.read_json(folder.fingerprint))
    bus = Bus()
    doctor = Doctor(bus.publish)
    if session.progress.step:
        storage.truncate_after(session.progress.step)
        _recall(folder, dashboard, doctor)
    heard: list[Sink] = [storage, dashboard, *sinks, doctor]
    for sink in heard:
        bus.add(sink)
    try:
        for note in notes:
            bus.publish(note)
        end = run_session(session, bus, folder.checkpoints, stop)
        if end.reason == "interrupted":
            return Result(folder.path, end.reason, {}, None)
        if (kept := storage.kept()) is not None:
            bus.publish(Note(message=str(kept)))
        return _finish(project, session, folder, bus, doctor, end)
    finally:
        bus.close()


def _recall(folder: RunFolder, dashboard: Dashboard, doctor: Doctor) -> None:
    """Let the page and the doctor know what the run said before it was stopped.

    The doctor's bus has no listeners yet: its alerts are in the log already.
    """
    for stamped in stored_events(folder.path):
        if not isinstance(stamped.event, TrainEnd):
            dashboard.recall(stamped)
            doctor.handle(stamped)


def _finish(
    project: Project, session: Session, folder: RunFolder, bus: Bus, doctor: Doctor, end: TrainEnd
) -> Result:
    scores: dict[str, Mapping[str, float]] = {}
    if end.reason != "diverged" or session.best_weights is not None:
        for part in PARTS[1:]:
            data = project.parts[part]
            scores[part] = {**session.evaluate(data), **_in_own_unit(project, session, data)}
            bus.publish(Evaluated(split=part, rows=len(data), metrics=scores[part]))
        rest = {"preparation": project.preparation.to_dict()}
        if not folder.has_model:  # a crash may have come between the model and the result
            weights = session.network.weights()
            save_model(folder.model, project.model, project.run, weights, rest)
    verdict = doctor.verdict()
    bus.publish(verdict)
    result = {
        "reason": end.reason,
        "epochs": end.epochs,
        "steps": end.step,
        "best_epoch": end.best_epoch,
        "scores": {part: _numbers(found) for part, found in scores.items()},
        "verdict": {"status": verdict.status, "summary": verdict.summary, "causes": verdict.causes},
    }
    files.write_json(folder.result, result)
    return Result(folder.path, end.reason, scores, verdict)


def _numbers(scores: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no infinity, which one wild row of a test part can make of a loss."""
    return {name: v if math.isfinite(v) else None for name, v in scores.items()}


def _in_own_unit(project: Project, session: Session, data: Data) -> dict[str, float]:
    """Return a regression's mean absolute error in the target's own unit, and its R²."""
    if project.preparation.classes:
        return {}
    y = data.y["output"].astype(np.float64)
    error = y - session.network.predict(data.x)["output"]
    spread = float(np.square(y - y.mean()).sum())
    found = {"mae_raw": float(np.abs(error).mean()) * project.preparation.target.std}
    return {**found, "r2": 1.0 - float(np.square(error).sum()) / spread} if spread else found
