"""A run made again is the same to the bit; what is not the same is found and named."""

from __future__ import annotations

import json
from itertools import count

import numpy as np
import pytest

from neurogebra import files
from neurogebra.builders.project import DataSpec, plan, resume, start
from neurogebra.builders.reproduce import compare_runs, reproduce
from neurogebra.errors import Corrupt, DataError, RunError
from neurogebra.observatory import threads
from neurogebra.training.arrays import load_arrays, save_arrays

RUN = {"epochs": 3, "seed": 2, "batch_size": 32}
UPDATES = 9


def make(folder, stop=lambda: False, data="iris", target=None, **options):
    project = plan(DataSpec(str(data), target), [(6, "tanh")], {**RUN, **options})
    start(project, folder, stop=stop)
    return folder


def after(n):
    calls = count(1)
    return lambda: next(calls) >= n


def topics(pair):
    return [d.topic for d in pair.changed]


@pytest.fixture
def made(tmp_path):
    return make(tmp_path / "r")


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "d.csv"
    rows = [f"{i % 7},{'red' if i % 3 else 'blue'},{'yn'[i % 7 > 3]}" for i in range(60)]
    path.write_text("\n".join(["x,colour,answer", *rows]) + "\n")
    return path


def edit(path, change):
    record = files.read_json(path)
    change(record)
    files.write_json(path, record)


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_a_run_comes_back_bit_by_bit(tmp_path, engine):
    if engine == "torch":
        pytest.importorskip("torch")
    folder = make(tmp_path / "r", engine=engine)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    pair = reproduce(folder, tmp_path / "again")
    assert pair.identical, pair.to_dict()
    assert topics(pair) == []
    counts = pair.numbers.counts
    assert counts["batch numbers"] == 3 * UPDATES
    assert counts["weights"] == 4 * 6 + 6 + 6 * 3 + 3
    assert counts["state"] > 2 * counts["weights"], "Adam remembers two numbers a weight"
    assert {"epoch numbers", "score numbers"} <= counts.keys()
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_an_optimiser_that_diverges_and_a_run_that_was_resumed_come_back(tmp_path):
    wild = make(tmp_path / "wild", optimizer="sgd", learning_rate=1e30, restore_best=False)
    pair = reproduce(wild)
    assert pair.identical, pair.to_dict()
    stopped = make(tmp_path / "stopped", stop=after(5))
    resume(stopped)
    pair = reproduce(stopped)
    assert pair.identical, pair.to_dict()


def test_the_second_run_is_kept_only_where_it_is_asked_for(made, tmp_path):
    pair = reproduce(made)
    assert not pair.second.exists()
    reproduce(made, tmp_path / "kept")
    assert compare_runs(made, tmp_path / "kept").identical
    with pytest.raises(RunError, match="never overwritten"):
        reproduce(made, tmp_path / "kept")
    assert reproduce(made, stop=after(3)) is None


def test_a_flipped_bit_in_the_weights_is_found(made, monkeypatch):
    path = made / "model" / "weights.safetensors"
    arrays, rest = load_arrays(path)
    name = sorted(arrays)[0]
    arrays[name] = arrays[name].copy()
    arrays[name].reshape(-1).view(np.uint32)[-1] ^= 1
    save_arrays(path, arrays, rest)
    pair = reproduce(made)
    assert not pair.identical
    assert pair.numbers.unequal == 1
    first = pair.numbers.first
    assert (first.topic, first.step) == ("weights", UPDATES)
    assert first.name.startswith(f"{name}[")
    assert abs(first.first - first.second) < 1e-6
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    monkeypatch.setattr("neurogebra.builders.reproduce.start", None)  # said before training
    with pytest.raises(Corrupt, match="SHA-256"):
        reproduce(made)


def test_a_changed_number_of_the_log_is_found_with_its_step(made):
    path = made / "debug.log"
    lines = path.read_text().splitlines(keepends=True)
    at = [i for i, ln in enumerate(lines) if json.loads(ln)["event_type"] == "batch_end"][4]
    record = json.loads(lines[at])
    record["data"]["loss"] = float(np.nextafter(record["data"]["loss"], 9))
    lines[at] = json.dumps(record) + "\n"
    path.write_text("".join(lines))
    first = reproduce(made).numbers.first
    assert (first.topic, first.name, first.epoch, first.step) == ("batch", "loss", 1, 5)


def test_the_threads_of_the_record_are_applied(made, tmp_path):
    before = threads.in_use()
    if "openblas" not in before:
        pytest.skip("NumPy comes with another library here")
    wanted = 2 if before["openblas"] == 1 else 1
    told = files.read_json(made / "fingerprint.json")
    assert told["applied"] == {"seed": 2}
    edit(made / "fingerprint.json", lambda f: f["blas"].update(in_use={"openblas": wanted}))
    pair = reproduce(made, tmp_path / "again")
    assert topics(pair) == []
    told = files.read_json(tmp_path / "again" / "fingerprint.json")
    assert told["applied"] == {"seed": 2, "threads": {"openblas": wanted}}
    assert threads.in_use() == before
    edit(made / "fingerprint.json", lambda f: f["blas"].update(in_use={"openblas": "many"}))
    with pytest.raises(Corrupt, match="in_use"):
        reproduce(made)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [("2,red", "5,red", "x"), ("2,red", "2,green", "colour"), ("3,blue,y", "3,blue,n", "answer")],
)
def test_a_changed_row_of_the_file_is_named_as_data(tmp_path, csv, old, new, column):
    one = make(tmp_path / "one", data=csv, target="answer")
    text = csv.read_text()
    assert old in text
    csv.write_text(text.replace(old, new, 1))
    with pytest.raises(RunError, match=f"the data of .* are not those .*column '{column}'"):
        reproduce(one)
    pair = compare_runs(one, make(tmp_path / "two", data=csv, target="answer"))
    assert "data" in topics(pair)
    assert not {"seed", "code", "libraries", "threads", "hardware"} & set(topics(pair))
    assert f"data.columns.{column}" in [d.name for d in pair.changed]
    csv.write_text(text)
    assert reproduce(one).identical
    csv.unlink()
    with pytest.raises(DataError, match="no file"):
        reproduce(one)


def test_what_cannot_be_reproduced_is_refused_in_one_sentence(made, tmp_path):
    for call in (reproduce, lambda path: compare_runs(made, path)):
        with pytest.raises(RunError, match="not a run folder"):
            call(tmp_path)
    stopped = make(tmp_path / "stopped", stop=after(3))
    with pytest.raises(RunError, match="not over; end it with: neurogebra train --resume"):
        reproduce(stopped)
    edit(made / "run.json", lambda record: record.update(neurogebra="0.0.9"))
    with pytest.raises(RunError, match=r"made by Neurogebra 0\.0\.9"):
        reproduce(made)


def test_another_seed_is_named_and_the_first_update(made, tmp_path):
    pair = compare_runs(made, make(tmp_path / "s", seed=3))
    assert [(d.topic, d.first, d.second) for d in pair.changed] == [("seed", 2, 3)]
    assert (pair.numbers.first.step, pair.numbers.first.epoch) == (1, 0)
    assert pair.numbers.first.name == "loss"


def test_other_settings_are_named_and_since_when_they_matter(made, tmp_path):
    pair = compare_runs(made, make(tmp_path / "s", learning_rate=0.01))
    assert [d.name for d in pair.changed] == ["hyperparameters.learning_rate"]
    first = pair.numbers.first
    assert (first.topic, first.step) == ("batch", 2), "the first loss comes before an update"
    pair = compare_runs(made, make(tmp_path / "e", epochs=4))
    assert [d.name for d in pair.changed] == ["hyperparameters.epochs"]
    assert (pair.numbers.first.topic, pair.numbers.first.step) == ("end", UPDATES)


def test_an_interrupted_run_is_compared_as_far_as_it_came(made, tmp_path):
    pair = compare_runs(made, make(tmp_path / "s", stop=after(5)))
    assert topics(pair) == []
    assert pair.numbers.first.second is None
    assert pair.numbers.first.step > 3
