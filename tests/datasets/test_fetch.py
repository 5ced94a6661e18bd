"""Fetching over the loopback: mirrors, broken and hostile answers, locks, a full disk, offline."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurogebra.datasets.arrays import read_arrays
from neurogebra.datasets.fetched import FETCHED, fetch, load_arrays
from neurogebra.datasets.fetched import cache as cache_module
from neurogebra.datasets.fetched.checks import Tally, fault_of
from neurogebra.datasets.fetched.download import Failed, check_scheme
from neurogebra.datasets.fetched.fetch import NotFetched, stored
from neurogebra.datasets.loading import _stored
from neurogebra.datasets.remote import RemoteFile
from neurogebra.errors import BadValue, MissingExtra, RunError

pytest.importorskip("pooch", reason="needs the extra data (pooch)")


def left(cache):
    """What a run left in the cache, but for locks."""
    return sorted(p.name for p in cache.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_a_set_is_fetched_once_and_read(site, cache, messages, tiny, capfd):
    site.pages["/a"] = messages
    record = tiny(site.url("/a"))
    for _ in range(2):
        X, y, train, test = load_arrays(record)
        assert X.tolist() == ["hello there", "WIN a prize", "see you, soon", "free"]
        assert y.tolist() == [0, 1, 0, 1]
        assert (y.dtype, train, test) == (np.int64, None, None)
    assert site.asked == {"/a": 1}
    assert left(cache) == ["sms.zip"]
    said = capfd.readouterr().err
    assert f"sms_spam: fetching 1 file ({len(messages)} bytes) into {cache / 'sms_spam'}" in said
    assert "from 127.0.0.1" in said
    assert read_arrays(record, raw=True).official is None


def test_a_loader_of_a_fetched_set_takes_the_options_of_all(site, cache, messages, tiny, capfd):
    site.pages["/a"] = messages
    load = _stored(tiny(site.url("/a")))
    (X, y), (V, w) = load(split=0.5, verbose=True)
    assert (len(X), sorted(y), len(V), sorted(w)) == (2, [0, 1], 2, [0, 1])
    assert len(load(split=None, n_samples=2)[0]) == 2
    assert site.asked == {"/a": 1}
    assert "SMS spam" in capfd.readouterr().out


FAULTS = {
    "503": lambda play, data: play.status(503),
    "404": lambda play, data: play.status(404),
    "truncated": lambda play, data: play.truncated(data, len(data) // 2),
    "short": lambda play, data: data[:-7],
    "tampered": lambda play, data: bytes([*data[:-1], data[-1] ^ 1]),
    "too long": lambda play, data: data + b"more",
    "endless": lambda play, data: play.endless,
    "page": lambda play, data: b"<!DOCTYPE html><title>Sign in</title>" + data,
    "loop": lambda play, data: play.leads_to("/first"),
    "file": lambda play, data: play.leads_to("file:///etc/passwd"),
    "ftp": lambda play, data: play.leads_to("ftp://127.0.0.1/a"),
}
SAID = {
    "503": "HTTP 503",
    "404": "HTTP 404",
    "truncated": "the connection broke after",
    "short": "bytes instead of",
    "tampered": "SHA-256 ",
    "too long": "more than the",
    "endless": "more than the",
    "page": "a web page came instead of the data",
    "loop": "more than 5 redirections",
    "file": "not an http or https address",
    "ftp": "not an http or https address",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_over_to_the_mirror(fault, site, cache, messages, tiny, play, capfd):
    site.pages |= {"/first": FAULTS[fault](play, messages), "/mirror": messages}
    assert len(load_arrays(tiny(site.url("/first"), site.url("/mirror")))[0]) == 4
    assert site.asked["/mirror"] == 1
    assert site.asked["/first"] == (6 if fault == "loop" else 1)
    assert left(cache) == ["sms.zip"]
    assert SAID[fault] in capfd.readouterr().err


@pytest.mark.parametrize("fault", FAULTS)
def test_where_all_sources_fail_one_error_says_all(fault, site, cache, messages, tiny, play):
    site.pages["/first"] = FAULTS[fault](play, messages)
    with pytest.raises(NotFetched) as caught:
        load_arrays(tiny(site.url("/first")))
    text = str(caught.value)
    assert text.count(site.url("/first")) == 2, "a single source is tried twice"
    assert text.count(SAID[fault]) >= 2
    for part in (f"{len(messages)} bytes", str(cache / "sms_spam/sms.zip"), "load_spambase()"):
        assert part in text
    assert left(cache) == []


def test_a_dead_host_and_a_redirection_that_is_fine(site, cache, messages, tiny, play):
    site.pages |= {"/old": play.leads_to("/new"), "/new": messages}
    dead = "http://127.0.0.1:9/gone"  # the discard port, where nothing listens
    assert len(load_arrays(tiny(dead, site.url("/old")))[0]) == 4
    with pytest.raises(NotFetched, match="no connection"):
        load_arrays(replace(tiny(dead), id="other"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "//host/a", "a"])
def test_only_http_addresses_are_asked(url, cache, tiny):
    with pytest.raises(NotFetched, match="not an http or https address"):
        load_arrays(tiny(url))


def test_https_never_leads_to_http():
    check_scheme("https://host/a", secure=True)
    with pytest.raises(Failed, match="from https to http"):
        check_scheme("http://host/a", secure=True)


def test_a_size_that_nobody_knows_is_still_bounded(site, cache, tiny, play, monkeypatch):
    site.pages["/a"] = play.endless
    monkeypatch.setattr(fetch, "MAX_UNKNOWN", 1_000_000)
    with pytest.raises(NotFetched, match="more than the 1,000,000 bytes"):
        load_arrays(tiny(site.url("/a"), bytes=None))
    assert left(cache) == []


def test_a_wrong_size_in_the_record_is_a_fault(site, cache, messages, tiny):
    site.pages["/a"] = messages
    with pytest.raises(NotFetched, match="bytes instead of"):
        load_arrays(tiny(site.url("/a"), bytes=len(messages) + 1))


@pytest.mark.parametrize("change", ["flip", "cut", "empty", "page"])
def test_a_copy_that_went_bad_is_fetched_again(change, site, cache, messages, tiny, capfd):
    site.pages["/a"] = messages
    record = tiny(site.url("/a"))
    path = stored(record)["sms.zip"]
    bad = {
        "flip": messages[:5] + b"?" + messages[6:],
        "cut": messages[:-1],
        "empty": b"",
        "page": b"<html>",
    }
    path.write_bytes(bad[change])
    assert len(load_arrays(record)[0]) == 4
    assert path.read_bytes() == messages
    assert site.asked["/a"] == 2
    assert "is not the file it should be" in capfd.readouterr().err


def test_without_the_check_a_bad_copy_would_be_used(site, cache, messages, tiny, monkeypatch):
    site.pages["/a"] = messages[:-1] + b"?"
    with pytest.raises(NotFetched):
        load_arrays(tiny(site.url("/a")))
    monkeypatch.setattr(Tally, "fault", lambda self, file: "")
    stored(tiny(site.url("/a")))
    assert left(cache) == ["sms.zip"]


def test_offline_nothing_is_asked(site, cache, messages, tiny, monkeypatch):
    site.pages["/a"] = messages
    record = tiny(site.url("/a"))
    monkeypatch.setenv("NEUROGEBRA_OFFLINE", "1")
    with pytest.raises(NotFetched, match="NEUROGEBRA_OFFLINE forbids") as caught:
        load_arrays(record)
    assert "load_spambase()" in str(caught.value)
    assert str(cache / "sms_spam") in str(caught.value)
    assert not site.asked
    monkeypatch.setenv("NEUROGEBRA_OFFLINE", "0")
    load_arrays(record)
    monkeypatch.setenv("NEUROGEBRA_OFFLINE", "1")
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert len(load_arrays(record)[0]) == 4, "what lies in the cache needs no net and no pooch"


def test_without_pooch_the_extra_is_named(site, cache, messages, tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtra, match=r"pip install 'neurogebra\[data\]'"):
        load_arrays(tiny(site.url("/a")))


class Full:
    """A file on a disk that takes 100 bytes more."""

    def __init__(self, file, code):
        self.file, self.room, self.code = file, 100, code

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(self.code, os.strerror(self.code))
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize(
    ("code", "said"), [(errno.ENOSPC, "the disk is full"), (errno.EIO, os.strerror(errno.EIO))]
)
def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    code, said, site, cache, messages, tiny, monkeypatch
):
    def full(path):
        file, part = cache_module.open_part(path)
        return Full(file, code), part

    site.pages |= {"/a": messages, "/b": messages}
    monkeypatch.setattr(fetch, "open_part", full)
    with pytest.raises(RunError, match=said) as caught:
        load_arrays(tiny(site.url("/a"), site.url("/b")))
    assert "make room, or name another folder" in str(caught.value)
    assert site.asked == {"/a": 1}, "a mirror does not help a full disk"
    assert left(cache) == []


def test_room_is_asked_for_before_anything_comes(site, cache, messages, tiny, monkeypatch):
    site.pages["/a"] = messages
    usage = shutil.disk_usage(Path.cwd())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(RunError, match="only 10 bytes are free"):
        load_arrays(tiny(site.url("/a")))
    assert not site.asked


def test_a_cache_that_cannot_be_made_says_so(tmp_path, tiny, monkeypatch, cache):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("NEUROGEBRA_DATA", str(tmp_path / "file"))
    with pytest.raises(RunError, match="NEUROGEBRA_DATA"):
        load_arrays(tiny("http://127.0.0.1:9/a"))


def test_what_a_killed_process_left_is_cleared(site, cache, messages, tiny):
    site.pages["/a"] = messages
    (cache / "sms_spam").mkdir(parents=True)
    (cache / "sms_spam/.sms.zip.abc.part").write_bytes(b"half")
    (cache / "sms_spam/.other.zip.abc.part").write_bytes(b"half of another")
    stored(tiny(site.url("/a")))
    assert left(cache) == [".other.zip.abc.part", "sms.zip"]


@pytest.mark.parametrize("with_lock", [True, False])
def test_threads_that_ask_at_once_fetch_once(with_lock, site, cache, messages, tiny, monkeypatch):
    met = threading.Barrier(2)

    def slow(handler):
        if not with_lock:
            met.wait(10)  # both are here at once: what the lock is there to prevent
        time.sleep(0.1)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(messages)

    site.pages["/a"] = slow
    record = tiny(site.url("/a"))
    if not with_lock:
        monkeypatch.setattr(fetch, "locked", lambda path: nullcontext())
        monkeypatch.setattr(fetch, "clear_parts", lambda path: None)
    found = []
    threads = [threading.Thread(target=lambda: found.append(stored(record))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.asked["/a"] == (1 if with_lock else 2)
    assert len(found) == 2
    assert left(cache) == ["sms.zip"]


def test_processes_that_ask_at_once_fetch_once(site, cache, messages, tmp_path):
    code = """
import json, sys
from pathlib import Path
from neurogebra.datasets.fetched.fetch import obtain
from neurogebra.datasets.fetched.texts import SMS_SPAM
from neurogebra.datasets.loading import _stored
from neurogebra.datasets.remote import RemoteFile
file, folder, ready = json.loads(sys.argv[1])
Path(ready).touch()
path = obtain(SMS_SPAM, RemoteFile(**{**file, "urls": tuple(file["urls"])}), Path(folder))
print(len(path.read_bytes()))
"""
    ready = [tmp_path / "ready1", tmp_path / "ready2"]

    def slow(handler):
        deadline = time.monotonic() + 20
        while not all(r.exists() for r in ready) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(messages)

    site.pages["/a"] = slow
    sha = hashlib.sha256(messages).hexdigest()
    file = {"name": "a.zip", "urls": [site.url("/a")], "sha256": sha, "bytes": len(messages)}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, json.dumps([file, str(cache / "s"), str(r)])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for r in ready
    ]
    said = [run.communicate(timeout=60) for run in runs]
    assert [out.strip() for out, _ in said] == [str(len(messages))] * 2, said
    assert all(r.exists() for r in ready)
    assert site.asked["/a"] == 1
    assert left(cache) == ["a.zip"]


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch, capfd):
    from neurogebra.datasets.fetched.download import progress

    with progress("[red]a.zip[/red]", 100) as seen:
        seen(10)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("[red]a.zip[/red]", 100) as seen:
        seen(100)
    assert "[red]a.zip[/red]" in capfd.readouterr().err


def test_nothing_without_a_hash_is_used(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert "no hash" in fault_of(path, RemoteFile(name="a", urls=(), bytes=3))
    for record in FETCHED:
        assert all(len(f.sha256) == 64 for f in record.remote.files)
        assert record.remote.files or record.remote.openml or record.remote.missing


def test_a_set_without_a_proof_is_refused_with_the_reason(cache):
    (record,) = [d for d in FETCHED if d.remote.missing]
    with pytest.raises(NotFetched, match="no address is known whose bytes have a checked hash"):
        load_arrays(record)
    assert record.id == "spamassassin"


def test_records_of_fetched_sets_are_sound():
    from neurogebra.datasets import catalog
    from neurogebra.datasets.fetched.readers import ARRAYS, TABLES

    assert len(FETCHED) == 22
    for record in FETCHED:
        remote = record.remote
        assert catalog()[record.id] is record
        assert record.supply == "fetched"
        assert catalog()[remote.instead].supply == "bundled"
        assert remote.missing or remote.reader in (TABLES if record.form == "table" else ARRAYS)
        assert record.cautions, "each says that nobody here has downloaded it"
        assert record.licence
        assert record.provenance
        if record.target.counts:
            assert sum(record.target.counts) == record.n_samples
            assert len(record.target.counts) == len(set(record.classes))
        if record.official:
            (first, second) = record.official.train[0], record.official.test[0]
            assert (first[0], first[1], second[1]) == (0, second[0], record.n_samples)
        for file in remote.files:
            assert all(u.startswith(("http://", "https://")) for u in file.urls)
            assert "/" not in file.name
            assert file.name[0] != "."


def test_the_platform_decides_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("NEUROGEBRA_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    places = {"linux": ".cache/neurogebra", "darwin": "Library/Caches/neurogebra"}
    for system, place in places.items():
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setattr(sys, "platform", system)
        assert cache_module.root() == tmp_path / place
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_module.root() == tmp_path / "x/neurogebra"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_module.root() == tmp_path / ".cache/neurogebra"
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(sys, "platform", "win32")
    assert cache_module.root() == tmp_path / "local/neurogebra/Cache"


def test_an_openml_number_must_be_one(cache):
    from neurogebra.datasets import Datasets

    for number in (0, "24", True, 2.5):
        with pytest.raises(BadValue, match="whole number"):
            Datasets.load_openml(number)
