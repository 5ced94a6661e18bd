"""What is saved comes back byte for byte; what was damaged is refused in a sentence."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from neurogebra import files
from neurogebra.errors import BadValue, Corrupt, RunError
from neurogebra.layers import BatchNorm, Dense
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training import arrays as arrays_module
from neurogebra.training.arrays import load_arrays, save_arrays
from neurogebra.training.checkpoint import load_checkpoint, save_checkpoint
from neurogebra.training.data import prepare
from neurogebra.training.saved import load_model, save_model, versions
from neurogebra.training.session import Session

MODEL = ModelSpec("m", (3,), (Dense(4, "relu"), BatchNorm(), Dense(1)))
RUN = RunSpec(loss="mse", epochs=2, batch_size=8, optimizer="adamw")


def session():
    x = np.random.default_rng(0).normal(size=(20, 3))
    return Session(MODEL, RUN, prepare(MODEL, RUN, x, x.sum(1)))


def step(s):
    for batch in s.data.epoch(s.progress.epoch, RUN, s.progress.batch):
        s.step(batch)


def test_arrays_come_back_with_their_rest(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.asarray(3)}
    path = save_arrays(tmp_path / "x.safetensors", arrays, {"note": [1, None]})
    found, rest = load_arrays(path)
    assert rest == {"note": [1, None]}
    for name, array in arrays.items():
        assert found[name].tobytes() == array.tobytes()
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path):
    path = save_arrays(tmp_path / "x.safetensors", {"a": np.arange(4.0)}, {"k": 1})
    whole = path.read_bytes()
    noticed = 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1 :])
        try:
            arrays, rest = load_arrays(path)
        except Corrupt:
            noticed += 1
        else:  # padding in the header may change; what it says may not
            assert rest == {"k": 1}
            assert arrays["a"].tobytes() == np.arange(4.0).tobytes()
    assert noticed > 0.9 * len(whole)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(Corrupt):
            load_arrays(path)


def test_a_header_that_asks_for_too_much_is_refused_before_anything_is_allocated(tmp_path):
    header = json.dumps(
        {"a": {"dtype": "F64", "shape": [1 << 33], "data_offsets": [0, 1 << 36]}}
    ).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 64)
    with pytest.raises(Corrupt):
        load_arrays(path)


def test_a_pickle_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system")
    with pytest.raises(Corrupt):
        load_arrays(path)


def test_a_model_folder_round_trips_and_is_never_overwritten(tmp_path):
    s = session()
    step(s)
    save_model(tmp_path / "model", MODEL, RUN, s.network.weights(), {"classes": ["a"]})
    found = load_model(tmp_path / "model")
    assert (found.model, found.run, found.rest) == (MODEL, RUN, {"classes": ["a"]})
    for name, array in s.network.weights().items():
        assert found.weights[name].tobytes() == array.tobytes()
    with pytest.raises(RunError, match="holds a model already"):
        save_model(tmp_path / "model", MODEL, RUN, s.network.weights())


def test_a_model_folder_whose_parts_do_not_fit_is_refused(tmp_path):
    s = session()
    folder = save_model(tmp_path / "model", MODEL, RUN, s.network.weights())
    wrong = {**s.network.weights(), "dense_0.W": np.zeros((3, 5), np.float32)}
    path = save_arrays(folder / "weights.safetensors", wrong)
    with pytest.raises(Corrupt, match="bytes"):
        load_model(folder)
    record = json.loads((folder / "model.json").read_text())
    record["weights"]["bytes"] = path.stat().st_size
    (folder / "model.json").write_text(json.dumps(record))
    with pytest.raises(
        Corrupt, match=r"dense_0\.W should have shape \(3, 4\), found shape \(3, 5\)"
    ):
        load_model(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(RunError, match="no such file"):
        load_model(folder)


def test_the_newest_whole_checkpoint_is_taken_and_the_skipped_one_named(tmp_path):
    s = session()
    for _ in range(3):
        step(s)
        s.end_epoch()
        save_checkpoint(tmp_path, s)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["step-000000006.safetensors", "step-000000009.safetensors"]
    newest = tmp_path / names[-1]
    newest.write_bytes(newest.read_bytes()[:-5])
    arrays, rest, skipped = load_checkpoint(tmp_path)
    assert int(arrays["step"]) == rest["progress"]["step"] == 6
    assert len(skipped) == 1
    assert names[-1] in skipped[0]
    (tmp_path / names[0]).unlink()
    with pytest.raises(RunError, match="no whole checkpoint"):
        load_checkpoint(tmp_path)


def test_versions_are_numbered_and_the_newest_is_loaded(tmp_path):
    s = session()
    for number in (1, 2, 3):
        step(s)
        s.end_epoch()
        folder = save_model(tmp_path / "m", MODEL, RUN, s.network.weights(), version=True)
        assert folder == tmp_path / "m" / f"000{number}"
    assert versions(tmp_path / "m") == [1, 2, 3]
    newest, first = load_model(tmp_path / "m"), load_model(tmp_path / "m", version=1)
    assert newest.weights["dense_0.W"].tobytes() == s.network.weights()["dense_0.W"].tobytes()
    assert first.weights["dense_0.W"].tobytes() != newest.weights["dense_0.W"].tobytes()
    (tmp_path / "m" / "0003" / "model.json").unlink()  # one that a crash left unfinished
    assert versions(tmp_path / "m") == [1, 2]
    load_model(tmp_path / "m")
    assert save_model(tmp_path / "m", MODEL, RUN, s.network.weights(), version=True).name == "0004"
    with pytest.raises(BadValue, match="there are 1, 2, 4"):
        load_model(tmp_path / "m", version=3)
    with pytest.raises(RunError, match="no such file"):
        load_model(tmp_path / "nowhere")


def test_the_optimizers_memory_comes_back_where_it_was_saved(tmp_path):
    s = session()
    step(s)
    state = s.network.state()
    slots = {n: a for n, a in state.items() if not n.startswith("weights/")}
    save_model(tmp_path / "with", MODEL, RUN, s.network.weights(), optimizer=slots)
    save_model(tmp_path / "without", MODEL, RUN, s.network.weights())
    found = load_model(tmp_path / "with").optimizer
    assert found.keys() == slots.keys()
    assert all(found[n].tobytes() == slots[n].tobytes() for n in slots)
    assert load_model(tmp_path / "without").optimizer is None


def hostile(folder, **changes):
    """Change model.json, and say the digests that the files have, as an author of both could."""
    record = json.loads((folder / "model.json").read_text())
    for name, entry in (("weights", "weights"), ("optimizer", "optimizer")):
        path = folder / f"{name}.safetensors"
        if entry in record and path.exists():
            record[entry].update(bytes=path.stat().st_size, sha256=files.sha256(path))
    record.update(changes)
    (folder / "model.json").write_text(json.dumps(record))


def lying_header(shape, length=None):
    header = json.dumps({"dense_0.W": {"dtype": "F32", "shape": shape, "data_offsets": [0, 48]}})
    raw = header.encode()
    return (length or len(raw)).to_bytes(8, "little") + raw + b"\0" * 48


@pytest.mark.parametrize(
    "harm",
    [
        lambda f: (f / "weights.safetensors").write_bytes(b""),
        lambda f: (f / "weights.safetensors").write_bytes(lying_header([10**15])),
        lambda f: (f / "weights.safetensors").write_bytes(lying_header([2**31, 2**31, 4])),
        lambda f: (f / "weights.safetensors").write_bytes(lying_header([12], length=10**15)),
        lambda f: (f / "weights.safetensors").write_bytes(lying_header([12], length=2**63)),
        lambda f: (f / "weights.safetensors").write_bytes(lying_header([-1, 12])),
        lambda f: (f / "weights.safetensors").write_bytes(b"\x80\x04\x95" + b"\0" * 64),
        lambda f: (f / "weights.safetensors").write_bytes(
            (f / "weights.safetensors").read_bytes()[:-9]
        ),
        lambda f: save_arrays(f / "weights.safetensors", {"dense_0.W": np.zeros((3, 4))}),
        lambda f: save_arrays(
            f / "weights.safetensors",
            {**load_arrays(f / "weights.safetensors")[0], "dense_9.W": np.zeros(10**6)},
        ),
        lambda f: save_arrays(f / "optimizer.safetensors", {"slots/m": np.zeros(10**6)}),
    ],
)
def test_a_folder_that_lies_is_refused_before_anything_large_is_made(tmp_path, harm):
    s = session()
    slots = {"step": np.asarray(1)}
    folder = save_model(tmp_path / "m", MODEL, RUN, s.network.weights(), optimizer=slots)
    load_model(folder)
    harm(folder)
    hostile(folder)
    tracemalloc.start()
    with pytest.raises(Corrupt):
        load_model(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20


@pytest.mark.parametrize("name", ["weights", "optimizer"])
def test_a_flipped_byte_of_the_numbers_is_noticed(tmp_path, name):
    s = session()
    slots = {"step": np.asarray(1)}
    folder = save_model(tmp_path / "m", MODEL, RUN, s.network.weights(), optimizer=slots)
    path = folder / f"{name}.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(raw)
    with pytest.raises(Corrupt, match="SHA-256"):
        load_model(folder)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        "[" + "[]," * 2_000_000 + "[]]",
        '{"format": 1, "model": ' + "9" * 10_000 + "}",
        '{"format": NaN}',
        "null",
        "[]",
        '{"format": 2}',
        '{"format": 1, "model": {}, "run": {}, "weights": {}, "rest": 3}',
        "\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
    ],
)
def test_a_record_that_is_a_bomb_or_nonsense_is_refused(tmp_path, text):
    folder = save_model(tmp_path / "m", MODEL, RUN, session().network.weights())
    (folder / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises((Corrupt, BadValue)):
        load_model(folder)


def test_a_model_of_absurd_size_is_refused_by_its_record_alone(tmp_path):
    folder = save_model(tmp_path / "m", MODEL, RUN, session().network.weights())
    record = json.loads((folder / "model.json").read_text())
    record["model"]["layers"][0]["units"] = 10**9
    (folder / "model.json").write_text(json.dumps(record))
    tracemalloc.start()
    with pytest.raises((Corrupt, BadValue)):
        load_model(folder)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20


def test_nothing_of_ours_is_a_pickle():
    sources = Path(arrays_module.__file__).parents[1].rglob("*.py")
    wrong = [
        f"{path}:{number}"
        for path in sources
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\b(import pickle|from pickle|allow_pickle=True|torch\.load|joblib)\b", line)
    ]
    assert not wrong
