"""LogConfig: its presets, its JSON, what it refuses."""

from __future__ import annotations

import pytest

from neurogebra.errors import BadValue, UnknownName
from neurogebra.observatory.presets import EXPORT_FORMATS, Level, LogConfig, LogLevel, level_of

PRESETS = ("minimal", "standard", "verbose", "research", "production")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_file(name, tmp_path):
    config = getattr(LogConfig, name)()
    assert LogConfig.load(config.save(tmp_path / "log.json")) == config
    assert LogConfig.from_dict(config.to_dict()) == config


def test_presets_differ_and_rise():
    configs = [getattr(LogConfig, name)() for name in PRESETS]
    assert all(a != b for i, a in enumerate(configs) for b in configs[:i])
    levels = [c.level for c in configs[:4]]
    assert levels == sorted(levels)
    assert LogConfig.research().export_formats == list(EXPORT_FORMATS)


def test_a_preset_is_the_users_own_to_change():
    config = LogConfig.research()
    config.export_formats = ["json", "csv"]
    config.export_dir = "./mine"
    config.export_formats.append("html")
    assert LogConfig.research().export_formats == list(EXPORT_FORMATS)
    assert LogConfig.from_dict(config.to_dict()).export_dir == "./mine"


def test_unknown_keys_and_formats_name_the_near_ones():
    with pytest.raises(UnknownName, match="did you mean 'export_dir'"):
        LogConfig.from_dict({"exportdir": "x"})
    config = LogConfig()
    config.export_formats = ["markdwon"]
    with pytest.raises(UnknownName, match="did you mean 'markdown'"):
        config.check()


@pytest.mark.parametrize(
    "bad",
    [{"layer_every": 0}, {"health_checks": "yes"}, {"export_formats": "json"}, {"level": 9}],
)
def test_bad_values_say_where(bad):
    with pytest.raises(BadValue, match=next(iter(bad)).replace("level", "level")):
        LogConfig.from_dict(bad)


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_file_that_is_none_is_refused(text, tmp_path):
    path = tmp_path / "log.json"
    path.write_text(text)
    with pytest.raises(BadValue, match="a JSON object"):
        LogConfig.load(path)


def test_a_level_has_a_name_a_number_and_itself():
    assert LogLevel is Level
    assert [int(level) for level in LogLevel] == [0, 1, 2, 3, 4]
    assert level_of("Expert") is level_of(3) is level_of(LogLevel.EXPERT) is Level.EXPERT
    with pytest.raises(UnknownName, match="did you mean 'expert'"):
        level_of("expret")
    with pytest.raises(BadValue):
        level_of(True)
