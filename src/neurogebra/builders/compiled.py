"""What `compile` settles of a model: the run without its length, and how it is watched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from neurogebra.engines import ENGINES
from neurogebra.errors import BadValue, NotReady
from neurogebra.losses import LOSSES, METRICS
from neurogebra.observatory.events import Level
from neurogebra.observatory.presets import LogConfig, level_of
from neurogebra.optim import OPTIMIZERS
from neurogebra.registry import Registry
from neurogebra.spec import RunSpec, check

# Fields of a run that `compile` takes by name only; the others are arguments of it or of `fit`.
_OWN = ("loss", "optimizer", "metrics", "learning_rate", "engine", "epochs", "batch_size", "seed")
OF_A_FIT = ("patience", "monitor", "min_delta", "restore_best", "shuffle")
FURTHER = tuple(f.name for f in fields(RunSpec) if f.name not in _OWN)


class Compilable:
    """A model's `compile` and what it settled; before it everything is None."""

    name: str
    _run: RunSpec | None = None
    _level: Level | None = None
    _config: LogConfig | None = None

    def compile(
        self,
        loss: str = "mse",
        optimizer: str = "adam",
        metrics: Iterable[str] | None = None,
        learning_rate: float = 0.001,
        log_level: Level | int | str | None = None,
        log_config: LogConfig | None = None,
        *,
        engine: str = "numpy",
        **more: Any,
    ) -> None:
        """Settle how to train; names in any capitals.

        metrics: None for the accuracy of classes and the mean absolute error of numbers;
        log_level: what the terminal shows; log_config: that (unless log_level says) and files;
        more: further fields of `RunSpec` by name (options, schedule, schedule_options, clip_norm,
        clip_value, accumulate, weight_decay, groups, loss_options, patience, dtype, device, …).
        The weights stay as they are, the optimiser's memory is cleared. Raises BadValue or
        UnknownName with near names for what is not there.
        """
        for key in more:
            if key not in FURTHER:
                hint = check.did_you_mean(key, FURTHER)
                raise BadValue(f"compile.{key}", "a field of RunSpec", key, hint)
        if log_config is not None and not isinstance(log_config, LogConfig):
            raise BadValue("log_config", "a LogConfig", log_config)
        asked = [metrics] if isinstance(metrics, str) else metrics or ()
        run = RunSpec(
            loss=settled(loss, LOSSES),
            optimizer=settled(optimizer, OPTIMIZERS),
            metrics=tuple(settled(m, METRICS) for m in asked),
            learning_rate=learning_rate,
            engine=ENGINES[engine].name,
            # The model is what the last epoch reported, unless the best one is asked for.
            **{"restore_best": False, **more},
        )
        self._level = None if log_level is None else level_of(log_level)
        self._config = None if log_config is None else log_config.check()
        self._run = run
        self._forget_slots()

    @property
    def is_compiled(self) -> bool:
        """Whether it is settled how to train."""
        return self._run is not None

    @property
    def loss_name(self) -> str | None:
        """The loss's own name."""
        return self._run.loss if self._run else None

    @property
    def optimizer(self) -> str | None:
        """The optimiser's own name."""
        return self._run.optimizer if self._run else None

    @property
    def learning_rate(self) -> float | None:
        """The learning rate."""
        return self._run.rate if self._run else None

    @property
    def log_level(self) -> Level | None:
        """The terminal's level, where `compile` was told one."""
        return self._config.level if self._level is None and self._config else self._level

    def _forget_slots(self) -> None:
        raise NotImplementedError

    def _compiled_for(self, changed: Mapping[str, Any]) -> RunSpec:
        """Return the run with what one `fit` changes of it."""
        run = self._compiled("fit")
        for key in changed:
            if key not in OF_A_FIT:
                raise BadValue(
                    f"fit.{key}", "an argument of fit", key, check.did_you_mean(key, OF_A_FIT)
                )
        return replace(run, **changed) if changed else run

    def _compiled(self, verb: str) -> RunSpec:
        if self._run is None:
            raise NotReady(f"{self.name}: call compile(loss=…, optimizer=…) before {verb}")
        return self._run


def settled(name: Any, family: Registry[Any]) -> Any:
    """Return the member's name that differs from `name` in capitals only, else `name` itself."""
    if not isinstance(name, str) or name in family:
        return name
    small = name.lower()
    return small if small in family else name
