"""Arrays as pictures: PNG files that another decoder reads, characters that show the same."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from tests.observatory.hostile import NAME

from neurogebra.errors import BadValue, RunError
from neurogebra.observatory.render.image import (
    SHADES,
    ImageLogger,
    ascii_image,
    filters,
    maps,
    pixels,
    png,
    tiles,
)


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG without filters, read by the chunks of its specification."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = [], 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + body)
        chunks.append((kind, body))
        at += 12 + size
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colour, *rest = struct.unpack(">2I5B", chunks[0][1])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = {0: 1, 2: 3}[colour]
    rows = np.frombuffer(zlib.decompress(chunks[1][1]), np.uint8).reshape(height, -1)
    assert (rows[:, 0] == 0).all()
    return rows[:, 1:].reshape(height, width, channels)


IMAGES = {
    "grey": np.linspace(-3.0, 5.0, 42).reshape(6, 7),
    "one channel": np.arange(12.0).reshape(3, 4, 1),
    "colour": np.random.default_rng(0).normal(size=(5, 4, 3)),
    "bytes": np.arange(256, dtype=np.uint8).reshape(16, 16),
    "flags": np.eye(3, dtype=bool),
    "one": np.array([[2.5]]),
    "huge": np.array([[-1.7e308, 1.7e308]]),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_png_holds_the_pixels(name):
    image = IMAGES[name]
    found = decoded(png(image))
    values = np.asarray(image, float)
    low, high = (0, 255) if image.dtype == np.uint8 else (values.min(), values.max())
    if high > low:
        with np.errstate(over="ignore"):
            share = (values / 2 - low / 2) / (high / 2 - low / 2)
        np.testing.assert_allclose(found.reshape(values.shape), 255 * share, atol=0.5 + 1e-9)
    np.testing.assert_array_equal(found.squeeze(), pixels(image).squeeze())


def test_pillow_reads_it_too():
    pillow = pytest.importorskip("PIL.Image")
    import io

    for image in IMAGES.values():
        with pillow.open(io.BytesIO(png(image))) as theirs:
            np.testing.assert_array_equal(np.asarray(theirs).squeeze(), pixels(image).squeeze())


def test_what_is_not_finite_is_marked():
    image = np.array([[0.0, np.nan], [np.inf, 2.0]])
    found = decoded(png(image))
    red = (found == (255, 0, 0)).all(axis=-1)
    assert red.tolist() == [[False, True], [True, False]]
    assert found[0, 0].tolist() == [0, 0, 0]
    assert found[1, 1].tolist() == [255, 255, 255]
    lines = ascii_image(np.array([[0.0, np.nan, 1.0]] * 2), 3)
    assert lines == f"{SHADES[0]}!{SHADES[-1]}"
    assert decoded(png(np.full((2, 2), np.nan))).shape == (2, 2, 3)


def test_characters_show_what_is_dark_and_light():
    image = np.zeros((8, 8))
    image[:, 4:] = 1.0
    assert ascii_image(image) == "\n".join(["    @@@@"] * 4)
    ramp = ascii_image(np.arange(10.0)[None].repeat(2, 0), 10)
    assert ramp == SHADES
    assert ascii_image(np.arange(1000.0).reshape(10, 100), 20).split("\n")[0].__len__() == 20


def test_filters_and_channels_become_tiles():
    kernels = np.zeros((3, 3, 2, 4))
    kernels[..., 1, 2] = 1.0
    grid = filters(kernels)
    assert grid.shape == (4 * 4 - 1, 2 * 4 - 1)
    assert grid[8:11, 4:7].min() == 1.0
    assert grid.sum() == 9.0
    assert filters(np.ones((3, 3, 3, 4))).shape == (7, 7, 3)
    assert filters(np.ones((5, 2))).shape == (5, 2)
    seen = np.zeros((2, 4, 4, 3))
    seen[0, ..., 1] = 2.0
    assert maps(seen).sum() == 2.0 * 16
    assert tiles(np.ones((5, 2, 2)), 5).shape == (2, 14)


@pytest.mark.parametrize(
    "call",
    [
        lambda: png(np.zeros((2, 2, 2))),
        lambda: png(np.zeros((0, 4))),
        lambda: png(np.array([["a"]])),
        lambda: png(np.zeros((1, 1 << 25), np.uint8)),
        lambda: ascii_image(np.zeros((2, 2)), 0),
        lambda: filters(np.zeros(3)),
        lambda: maps(np.zeros((2, 0, 3))),
        lambda: tiles(np.zeros(4)),
    ],
)
def test_what_is_no_picture_is_refused(call):
    with pytest.raises(BadValue, match="expected"):
        call()


def test_the_logger_keeps_files_with_names_of_its_own(tmp_path):
    logger = ImageLogger(tmp_path / "pictures", width=8)
    text = logger.log_filters(NAME, np.random.default_rng(0).normal(size=(3, 3, 1, 4)))
    logger.log_image("../../x", np.eye(4))
    logger.log_activations("", np.ones((1, 4, 4, 2)))
    assert text.splitlines()[0].isprintable()
    assert all(len(line) <= 8 for line in text.splitlines()[1:])
    assert [p.name for p in sorted((tmp_path / "pictures").iterdir())] == [
        p.name for p in logger.saved
    ]
    assert [p.name for p in logger.saved][1:] == ["00001-x-image.png", "00002-activations.png"]
    assert {p.parent for p in logger.saved} == {tmp_path / "pictures"}
    for path in logger.saved:
        decoded(path.read_bytes())
    assert ImageLogger().log_image("a", np.eye(2)).startswith("a  image\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        ImageLogger(tmp_path / "file" / "x").log_image("a", np.eye(2))
