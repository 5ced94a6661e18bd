"""The fingerprint: what it holds, its strict JSON, its digest."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import neurogebra
from neurogebra.errors import BadValue, Corrupt, UnknownName
from neurogebra.observatory import machine
from neurogebra.observatory.fingerprint import TrainingFingerprint, digest

X = np.arange(12.0).reshape(4, 3)


@pytest.fixture(scope="module")
def fingerprint() -> TrainingFingerprint:
    return TrainingFingerprint.capture(
        model_info={"name": "m", "layers": 3},
        hyperparameters={"lr": np.float32(0.5), "epochs": 20, "clip": float("inf"), "f": np.tanh},
        dataset=X,
        random_seed=42,
    )


def test_it_holds_what_the_document_lists(fingerprint):
    known = fingerprint.to_dict()
    assert (known["random_seed"], known["numpy_seed"]) == (42, 42)
    assert (known["dataset_shape"], known["dataset_dtype"]) == ([4, 3], "float64")
    assert known["dataset_samples"] == 4
    assert known["versions"]["numpy"] == np.__version__
    assert known["versions"]["neurogebra"] == neurogebra.__version__
    assert {"python", "scipy", "sympy", "rich"} <= set(known["versions"])
    assert {"cpu", "cores", "ram_gb", "gpu"} == set(known["hardware"])
    assert {"system", "release", "machine"} == set(known["os"])
    assert "OMP_NUM_THREADS" in known["blas"]["threads"]
    assert len(known["dataset_hash"]) == len(known["model_hash"]) == 64
    assert known["hyperparameters"]["lr"] == 0.5


def test_it_survives_strict_json(fingerprint, tmp_path):
    text = json.dumps(fingerprint.to_dict(), allow_nan=False)
    again = TrainingFingerprint.from_dict(json.loads(text))
    assert again.to_dict() == fingerprint.to_dict()
    assert again.dataset_shape == (4, 3)
    path = fingerprint.save(tmp_path / "fingerprint.json")
    assert TrainingFingerprint.load(path).format_text() == fingerprint.format_text()


@pytest.mark.parametrize("data", [None, X], ids=["bare", "with data"])
def test_the_text_has_every_row(data):
    bare = TrainingFingerprint.capture(dataset=data)
    lines = bare.format_text().splitlines()
    assert lines[0].startswith("╔══ Training Fingerprint")
    assert lines[-1].startswith("╚")
    rows = [line.split(":")[0].strip() for line in lines[1:-1]]
    for name in ("Run ID", "Seed", "Dataset Hash", "NumPy", "CPU", "RAM", "OS", "Git"):
        assert name in rows
    assert bare.random_seed is None


def test_the_digest_knows_bytes_shape_dtype_and_place():
    ways = [
        X,
        X.reshape(3, 4),
        X.astype(np.float32),
        X + 1e-12,
        (X, X[:, 0]),
        (X[:, 0], X),
        {"X": X},
        np.array(["a", "b"]),
    ]
    digests = [digest(way) for way in ways]
    assert len(set(digests)) == len(ways)
    assert digest(np.asfortranarray(X)) == digest(X[::1]) == digest(X.tolist()) == digest(X)
    assert digest({"a": X, "b": X}) == digest({"b": X, "a": X})


def test_data_that_is_no_array_is_refused():
    with pytest.raises(BadValue, match="dataset"):
        TrainingFingerprint.capture(dataset=np.array([{}, None]))
    with pytest.raises(BadValue, match="at least one"):
        TrainingFingerprint.capture(dataset={})


def test_nothing_touches_the_global_generator():
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    TrainingFingerprint.capture(dataset=X, random_seed=3)
    assert np.array_equal(np.random.get_state()[1], before)


def test_no_heavy_library_is_imported():
    code = (
        "import sys; from neurogebra.observatory.fingerprint import TrainingFingerprint as F;"
        "F.capture(); print({'torch', 'sympy', 'scipy'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


def test_bad_files_and_unknown_fields_are_refused(fingerprint, tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'random_seed'"):
        TrainingFingerprint.from_dict({**fingerprint.to_dict(), "randomseed": 1})
    with pytest.raises(BadValue, match="run_id"):
        TrainingFingerprint.from_dict({})
    for text in ("{", "[]"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(Corrupt, match="JSON"):
            TrainingFingerprint.load(tmp_path / "bad.json")


def test_git_is_read_where_there_is_one(tmp_path, monkeypatch):
    assert machine.git(tmp_path) is None

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True)

    git("init", "-q", "-b", "trunk")
    assert machine.git(tmp_path) == {"commit": None, "branch": "trunk", "dirty": False}
    (tmp_path / "f").write_text("1")
    git("add", "f")
    git("commit", "-q", "-m", "x", "--no-verify")
    state = machine.git(tmp_path)
    assert (len(state["commit"]), state["dirty"]) == (40, False)
    (tmp_path / "f").write_text("2")
    assert machine.git(tmp_path)["dirty"]
    monkeypatch.setattr(machine.shutil, "which", lambda _: None)
    assert machine.git(tmp_path) is None


def test_the_git_line_in_words(fingerprint):
    def line(git):
        text = replace(fingerprint, git=git).format_text()
        return next(row for row in text.splitlines() if "Git:" in row).split(None, 1)[1]

    assert line(None) == "none (no repository here)"
    state = {"commit": "a1b2c3d4e5", "branch": "main", "dirty": True}
    assert line(state) == "main@a1b2c3d4 (dirty)"
    assert line({**state, "branch": None, "dirty": False}) == "detached@a1b2c3d4"
    assert line({**state, "commit": None}) == "main@no commit yet (dirty)"
