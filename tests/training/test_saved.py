"""What is saved comes back byte for byte; what was damaged is refused in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurogebra.errors import Corrupt, RunError
from neurogebra.layers import BatchNorm, Dense
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.arrays import load_arrays, save_arrays
from neurogebra.training.checkpoint import load_checkpoint, save_checkpoint
from neurogebra.training.data import prepare
from neurogebra.training.saved import load_model, save_model
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
