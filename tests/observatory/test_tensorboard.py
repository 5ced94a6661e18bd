"""Event files: read back by a reader of another kind, they hold what the run said."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from tests.observatory.hostile import ACTS, RUN, losing, records, tell

from neurogebra.errors import RunError
from neurogebra.observatory.events import SinkFailed
from neurogebra.observatory.sinks import tfevents
from neurogebra.observatory.sinks.points import path, points
from neurogebra.observatory.sinks.tensorboard import TensorBoardBridge
from neurogebra.observatory.witness import epochs, start


def remainder(data: bytes) -> int:
    """CRC-32C by long division, a bit at a time, most significant first."""
    flip = [int(f"{b:08b}"[::-1], 2) for b in data]
    bits = [b >> i & 1 for b in flip for i in range(7, -1, -1)] + [0] * 32
    for i in range(32):
        bits[i] ^= 1
    for i in range(len(bits) - 32):
        if bits[i]:
            for k in range(33):
                bits[i + k] ^= 0x11EDC6F41 >> (32 - k) & 1
    rest = int("".join(map(str, bits[-32:])), 2) ^ 0xFFFFFFFF
    return int(f"{rest:032b}"[::-1], 2)


def unmasked(stored: int) -> int:
    turned = (stored - 0xA282EAD8) % 2**32
    return (turned >> 17 | turned << 15) % 2**32


def frames(data: bytes) -> list[bytes]:
    """The records of a TFRecord file; raises AssertionError where a checksum is wrong."""
    found = []
    while data:
        size, check = struct.unpack("<QI", data[:12])
        assert unmasked(check) == remainder(data[:8])
        body = data[12 : 12 + size]
        (check,) = struct.unpack("<I", data[12 + size : 16 + size])
        assert unmasked(check) == remainder(body)
        found.append(body)
        data = data[16 + size :]
    return found


def message(data: bytes) -> dict[int, list]:
    """The fields of a protocol buffer by number."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or varint()
            value, at = data[at : at + size], at + size
            assert len(value) == size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def told(folder) -> tuple[list[tuple[str, int, float, float]], dict[str, str]]:
    """(tag, step, time, value) of every scalar below a folder, and the texts."""
    scalars, texts = [], {}
    for file in sorted(folder.rglob("*tfevents*")):
        head, *events = frames(file.read_bytes())
        assert message(head)[3] == [b"brain.Event:2"]
        for event in map(message, events):
            (time,) = struct.unpack("<d", event[1][0])
            for value in map(message, message(event[5][0])[1]):
                tag = value[1][0].decode("utf-8")
                if 2 in value:
                    scalars.append((tag, event[2][0], time, struct.unpack("<f", value[2][0])[0]))
                else:
                    texts[tag] = message(value[8][0])[8][0].decode("utf-8")
    return scalars, texts


@pytest.mark.parametrize("data", [b"", b"a", b"123456789", bytes(range(256))])
def test_checksums_agree_with_long_division(data):
    assert tfevents.crc32c(data) == remainder(data)
    assert tfevents.crc32c(b"123456789") == 0xE3069283  # RFC 3720's polynomial, its check value


def test_every_number_of_a_run_is_read_back(tmp_path):
    bridge = TensorBoardBridge(tmp_path / "tb")
    assert bridge.available
    tell(bridge)
    scalars, texts = told(tmp_path / "tb")
    with np.errstate(over="ignore"):
        wanted = [
            (path(p.parts), p.step, repr(float(np.float32(p.value)))) for p in points(records())
        ]
    assert sorted((tag, step, repr(v)) for tag, step, _, v in scalars) == sorted(wanted)
    assert len(wanted) > 40, "too few numbers: the law would be vacuous"
    assert {repr(v) for *_, v in scalars} >= {"nan", "inf", "-inf"}
    assert all(1e9 < time < 1e9 + 100 for *_, time, _ in scalars)
    assert len(texts) == 1


def test_hostile_names_are_inert_and_alerts_are_no_markup(tmp_path):
    tell(TensorBoardBridge(tmp_path))
    scalars, texts = told(tmp_path)
    for text in [*(tag for tag, *_ in scalars), *texts, *texts.values()]:
        assert text.isprintable(), text
        assert not any(sign in text for sign in ACTS)
    (words,) = texts.values()
    assert "<b>" not in words
    assert "\\<b\\>" in words


def test_tooth_a_changed_byte_is_seen(tmp_path):
    bridge = TensorBoardBridge(tmp_path)
    tell(bridge)
    data = bytearray(bridge.file.read_bytes())
    data[-20] ^= 1
    with pytest.raises(AssertionError):
        frames(bytes(data))


def test_each_run_and_each_bridge_has_its_file(tmp_path):
    run = (*start(), *epochs(loss=[0.5]))
    tell(TensorBoardBridge(tmp_path), TensorBoardBridge(tmp_path), events=run + run)
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    assert all("tfevents" in file.name for file in files)
    assert len(told(tmp_path)[0]) == 4 * 3
    tell(TensorBoardBridge(tmp_path / "none"), events=())
    assert not (tmp_path / "none").exists(), "nothing was said"


def test_what_an_epoch_said_is_on_disk_when_it_is_over(tmp_path):
    bridge = TensorBoardBridge(tmp_path)
    for record in records(start() + epochs(loss=[0.5])):
        bridge.handle_event(record)
    assert told(tmp_path)[0][0][0] == "epoch/loss"


def test_a_full_disk_costs_the_bridge_only(tmp_path):
    (tmp_path / "file").write_text("")
    heard = losing(lambda: TensorBoardBridge(tmp_path / "file" / "tb"))
    (lost,) = [e for e in heard if isinstance(e, SinkFailed)]
    assert lost.sink == "TensorBoard"
    assert "no place for event files" in lost.error
    assert len(heard) == len(RUN) + 1
    bridge = TensorBoardBridge(tmp_path / "tb")
    tell(bridge, events=RUN[:5])
    bridge.file = tmp_path  # a folder cannot be appended to, like a file on a full disk
    bridge._waiting += b"x"
    with pytest.raises(RunError, match="cannot be written"):
        bridge.flush()
    bridge.close()


@pytest.mark.filterwarnings("ignore")
def test_tensorboards_own_reader_agrees(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tell(TensorBoardBridge(tmp_path))
    read = reader.EventAccumulator(str(tmp_path), size_guidance={"scalars": 0, "tensors": 0})
    read.Reload()
    ours, texts = told(tmp_path)
    theirs = [
        (tag, s.step, s.wall_time, repr(s.value))
        for tag in read.Tags()["scalars"]
        for s in read.Scalars(tag)
    ]
    assert sorted(theirs) == sorted((tag, step, time, repr(v)) for tag, step, time, v in ours)
    (tag,) = texts
    (tensor,) = read.Tensors(tag)
    assert tensor.tensor_proto.string_val[0].decode() == texts[tag]
    assert read.SummaryMetadata(tag).plugin_data.plugin_name == "text"
    assert math.isfinite(read.FirstEventTimestamp())
