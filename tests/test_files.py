"""Files are whole or not there, and what is read back is what was written."""

from __future__ import annotations

import os

import pytest

from neurogebra import files
from neurogebra.errors import Corrupt, RunError


def test_write_replaces_whole_and_leaves_no_rest(tmp_path):
    path = tmp_path / "a.txt"
    files.write(path, "one")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = files.write(tmp_path / "a.txt", "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"a\.txt: cannot be written: No space left"):
        files.write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_json_round_trip_and_refusals(tmp_path):
    path = files.write_json(tmp_path / "a.json", {"x": [1, 2.5, None, "ü"]})
    assert files.read_json(path) == {"x": [1, 2.5, None, "ü"]}
    with pytest.raises(ValueError, match="Out of range"):
        files.write_json(tmp_path / "b.json", {"x": float("nan")})
    for text in ("", "{", "[NaN]", "[" * 100_000, "\udcff".encode("utf-8", "surrogateescape")):
        raw = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(raw)
        with pytest.raises(Corrupt):
            files.read_json(path)
    with pytest.raises(RunError, match="no such file"):
        files.read_json(tmp_path / "none.json")


def test_sha256_is_that_of_the_bytes(tmp_path):
    path = files.write(tmp_path / "a", b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256(path) == digest
