"""How much of a run is watched, shown and written: `LogConfig` and its presets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from neurogebra.errors import BadValue, UnknownName
from neurogebra.observatory.events import Level
from neurogebra.observatory.governor import BUDGET, checked
from neurogebra.registry import near

LogLevel = Level

EXPORT_FORMATS = ("json", "csv", "html", "markdown")
# For machines and for papers; Parquet needs PyArrow, figures need matplotlib.
MORE_FORMATS = ("prometheus", "parquet", "figures")


@dataclass
class LogConfig:
    """What a run tells, as plain fields that a user may change.

    level: the detail on the screen; health_checks: the doctor listens; layer_every: it asks
    for the layers at the start of an epoch when the updates so far are a multiple of this;
    export_formats: of "json", "csv", "html", "markdown", "prometheus", "parquet" (with
    PyArrow) and "figures" (with matplotlib), written into export_dir. budget: the share of the
    training's time that watching may take: the doctor's looks at layers and single updates are
    thinned out to keep to it. What is asked for by a level is given whatever it costs (each
    batch at DETAILED, the layers of an epoch's first batch at EXPERT). None: no limit, and at
    EXPERT and DEBUG the layers are looked at in every update.
    """

    level: Level = Level.BASIC
    health_checks: bool = True
    layer_every: int = 1
    export_formats: list[str] = field(default_factory=list)
    export_dir: str = "./training_logs"
    budget: float | None = BUDGET

    def __post_init__(self) -> None:
        self.level = level_of(self.level)

    @classmethod
    def minimal(cls) -> LogConfig:
        """Only the progress of the epochs."""
        return cls(health_checks=False)

    @classmethod
    def standard(cls) -> LogConfig:
        """Batches, timing and health checks."""
        return cls(level=Level.DETAILED)

    @classmethod
    def verbose(cls) -> LogConfig:
        """The full depth of the mathematics: every formula, every gradient."""
        return cls(level=Level.EXPERT)

    @classmethod
    def research(cls) -> LogConfig:
        """Everything, and files in every format for people."""
        return cls(level=Level.DEBUG, export_formats=list(EXPORT_FORMATS))

    @classmethod
    def production(cls) -> LogConfig:
        """Few lines, health checks on rare looks at the layers, and two files for machines."""
        return cls(layer_every=50, export_formats=["json", "prometheus"])

    def check(self) -> LogConfig:
        """Return self, or raise BadValue or UnknownName for what cannot be."""
        self.level = level_of(self.level)
        if not isinstance(self.health_checks, bool):
            raise BadValue("LogConfig.health_checks", "True or False", self.health_checks)
        every = self.layer_every
        if not isinstance(every, int) or isinstance(every, bool) or every < 1:
            raise BadValue("LogConfig.layer_every", "int ≥ 1", every)
        self.budget = checked(self.budget, "LogConfig.budget")
        if isinstance(self.export_formats, str):
            raise BadValue("LogConfig.export_formats", "a list of names", self.export_formats)
        known = EXPORT_FORMATS + MORE_FORMATS
        for name in self.export_formats:
            if name not in known:
                raise UnknownName("export format", str(name), near(str(name), known))
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values; the level by its name."""
        self.check()
        return asdict(self) | {"level": self.level.name, "export_dir": str(self.export_dir)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LogConfig:
        """Return the config that `to_dict` gave; UnknownName for a key that is none of ours."""
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise UnknownName("LogConfig field", str(key), near(str(key), known))
        return cls(**data).check()

    def save(self, path: str | Path) -> Path:
        """Write the config as JSON and return where."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> LogConfig:
        """Read what `save` wrote; BadValue for a file that is no JSON object."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise BadValue(
                str(path), "a JSON object", f"line {error.lineno}: {error.msg}"
            ) from None
        if not isinstance(data, dict):
            raise BadValue(str(path), "a JSON object", data)
        return cls.from_dict(data)


def level_of(value: Level | int | str) -> Level:
    """Return a level by itself, its number or its name in any capitals."""
    if isinstance(value, str):
        if value.upper() not in Level.__members__:
            names = [m.lower() for m in Level.__members__]
            raise UnknownName("log level", value, near(value, names) or names)
        return Level[value.upper()]
    if not isinstance(value, int) or isinstance(value, bool) or value not in list(Level):
        raise BadValue("log level", f"one of {[m.lower() for m in Level.__members__]}", value)
    return Level(value)
