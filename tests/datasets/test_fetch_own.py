"""A user's own files as sets; batches and memory maps of stored sets."""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
import zlib

import numpy as np
import pytest

from neurogebra.datasets import Datasets, catalog
from neurogebra.datasets.fetched import large
from neurogebra.datasets.fetched.own import open_file
from neurogebra.errors import BadValue, Corrupt, DataError, MissingExtra, UnknownName

CSV = (
    "age,colour,kind\n1,red,a\n2,blue,b\n3,green,a\n4,red,b\n5,blue,a\n6,red,b\n,blue,a\n"
    "8,green,b\n"
)
COLUMNS = {
    "age": [1, 2, 3, 4, 5, 6, None, 8],
    "colour": ["red", "blue", "green", "red", "blue", "red", "blue", "green"],
    "kind": list("abababab"),
}


def written(tmp_path, ending):
    path = tmp_path / f"mine{ending}"
    if ending == ".csv":
        path.write_text(CSV)
    elif ending == ".jsonl":
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pyarrow = pytest.importorskip("pyarrow", reason="needs the extra parquet (pyarrow)")
        pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(COLUMNS), path)
    return path


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_tables_of_a_user_are_one_and_the_same_set(ending, tmp_path):
    path = written(tmp_path, ending)
    X, y = Datasets.load_file(path, "kind", split=None)
    expected = [
        [1, 0, 0, 1], [2, 1, 0, 0], [3, 0, 1, 0], [4, 0, 0, 1],
        [5, 1, 0, 0], [6, 0, 0, 1], [np.nan, 1, 0, 0], [8, 0, 1, 0],
    ]  # fmt: skip
    np.testing.assert_array_equal(X, np.array(expected, np.float32))
    assert (y.tolist(), X.dtype, y.dtype) == ([0, 1] * 4, np.float32, np.int64)
    (A, _), (B, b) = Datasets.load_file(path, "kind", split=0.25, random_state=3)
    assert (len(A), len(B), sorted(b)) == (6, 2, [0, 1])
    record = open_file(path, "kind").record
    assert (record.task, record.classes, record.origin) == ("binary", ("a", "b"), "file")
    with pytest.raises(UnknownName, match="kin"):
        open_file(path, "kin")
    with pytest.raises(BadValue, match="target"):
        open_file(path)


def test_texts_of_a_user(tmp_path):
    path = tmp_path / "t.jsonl"
    rows = [{"text": f"words {i}", "n": i, "good": i % 2 == 0} for i in range(6)]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    X, y = Datasets.load_file(path, "good", text="text", split=None)
    assert X.tolist() == [r["text"] for r in rows]
    assert y.tolist() == [1, 0] * 3
    assert open_file(path, "good", text="text").record.form == "text"
    with pytest.raises(BadValue, match="a column of texts"):
        open_file(path, "good", text="n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ('{"a": 1}\n{"b": 1}', "object 2: its keys differ"),
        ('{"a": 1}\n[1]', "line 2: expected an object"),
        ('{"a": 1}\n{"a": ', "line 2: not a line of JSON"),
        ('{"a": 1}\n{"a": "x"}', "expected numbers or words in every row"),
        ('{"a": [1]}\n{"a": [2]}', "got list"),
        ('{"a": Infinity}\n{"a": 1}', "not finite"),
        ("[" * 100_000, "line 1: not a line of JSON"),
    ],
)
def test_json_lines_that_are_refused(text, said, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        open_file(path, "a")


def test_parquet_that_is_none_or_has_no_reader(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 no")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtra, match=r"neurogebra\[parquet\]"):
        open_file(path, "a")
    monkeypatch.undo()
    pytest.importorskip("pyarrow", reason="needs the extra parquet (pyarrow)")
    with pytest.raises(DataError, match="not a Parquet file"):
        open_file(path, "a")


def test_npz_under_the_usual_names(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 3)), np.arange(10) % 2
    np.savez_compressed(tmp_path / "a.npz", X=X, y=y)
    A, b = Datasets.load_file(tmp_path / "a.npz", split=None)
    np.testing.assert_array_equal(A, X.astype(np.float32))
    assert b.tolist() == y.tolist()
    np.savez(tmp_path / "k.npz", x_train=X[:7], y_train=y[:7], x_test=X[7:], y_test=y[7:])
    (A, b), (V, w) = Datasets.load_file(tmp_path / "k.npz")
    assert (len(A), len(V), w.tolist()) == (7, 3, y[7:].tolist())
    pixels = np.asfortranarray(rng.integers(0, 256, (4, 5, 6), np.uint8))
    np.savez(tmp_path / "i.npz", pictures=pixels, answer=np.array([0.5, 1, 2, 3]))
    A, b = Datasets.load_file(tmp_path / "i.npz", target="answer", split=None)
    np.testing.assert_array_equal(A, pixels)
    assert (A.dtype, b.dtype) == (np.float32, np.float32)
    with pytest.raises(DataError, match=r"holds pictures, answer: expected X and y"):
        open_file(tmp_path / "i.npz")


def npy(shape, data=b"", descr="'<f8'"):
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (npy((2**40, 4)), "more than the file holds"),
        (npy((-1,)), "more than the file holds|not an array"),
        (npy((3,), b"x" * 9), "9 bytes for"),
        (npy((3,), b"x" * 30), "30 bytes|25 bytes"),
        (npy((1,), b"x" * 8, "'|O'"), "never unpickled"),
        (npy((1,), b"x" * 8, "[('a', '|O')]"), "never unpickled"),
        (b"\x80\x04c__main__\nX", "not an array"),
        (b"\x93NUMPY\x09\x00", "not an array"),
        (b"", "not an array"),
    ],
)
def test_npz_that_is_refused(member, said, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("X.npy", member)
    with pytest.raises(DataError, match=said):
        open_file(tmp_path / "a.npz")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all"])
def test_npz_that_is_no_zip(data, tmp_path):
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DataError, match="not an NPZ file"):
        open_file(tmp_path / "a.npz")
    with pytest.raises(DataError, match="no file"):
        open_file(tmp_path / "gone.npz")


def pictures(folder, mode="L", sizes=((4, 6),)):
    image = pytest.importorskip("PIL.Image", reason="needs the extra data (Pillow)")
    rng = np.random.default_rng(0)
    made = {}
    for i, name in enumerate(("cat", "cat", "dog", "dog", "dog")):
        (folder / name).mkdir(parents=True, exist_ok=True)
        h, w = sizes[i % len(sizes)]
        pixels = rng.integers(0, 256, (h, w) if mode == "L" else (h, w, 3), np.uint8)
        image.fromarray(pixels).save(folder / name / f"{i}.png")
        made[f"{name}/{i}"] = pixels
    (folder / "cat/.DS_Store").write_bytes(b"x")
    return made


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_folder_of_images(mode, tmp_path):
    made = pictures(tmp_path / "pets", mode)
    X, y = Datasets.load_file(tmp_path / "pets", split=None)
    np.testing.assert_array_equal(X, np.stack(list(made.values())))
    assert (X.dtype, y.tolist()) == (np.float32, [0, 0, 1, 1, 1])
    opened = open_file(tmp_path / "pets")
    assert (opened.record.form, opened.record.classes) == ("images", ("cat", "dog"))


def test_folders_of_images_that_are_refused(tmp_path):
    pets = tmp_path / "pets"
    pictures(pets, sizes=((4, 6), (8, 6)))
    with pytest.raises(DataError, match=r"2 sizes \(4 × 6, 8 × 6\)"):
        open_file(pets)
    assert open_file(pets, size=(5, 5)).loaded.X.shape == (5, 5, 5)
    with pytest.raises(BadValue, match="target"):
        open_file(pets, "kind")
    (pets / "cat/notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"notes\.txt: expected an image"):
        open_file(pets)
    (pets / "cat/notes.txt").rename(pets / "cat/notes.png")
    with pytest.raises(DataError, match=r"cat/notes\.png is not an image"):
        open_file(pets)
    (pets / "cat/notes.png").unlink()
    (pets / "empty").mkdir()
    with pytest.raises(DataError, match="'empty' holds no image"):
        open_file(pets)
    with pytest.raises(DataError, match="a subfolder with images for each class"):
        open_file(pets / "cat")


def test_an_image_that_claims_to_be_huge_is_not_unpacked(tmp_path):
    pytest.importorskip("PIL.Image", reason="needs the extra data (Pillow)")
    pictures(tmp_path / "pets")
    head = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    parts = (struct.pack(">I", 13), head, struct.pack(">I", zlib.crc32(head)))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(parts) + struct.pack(">I", 9) + b"IDAT"
    (tmp_path / "pets/cat/huge.png").write_bytes(data)
    with pytest.raises(DataError, match="DecompressionBomb"):
        open_file(tmp_path / "pets")


@pytest.mark.parametrize("name", ["a.txt", "a", "a.gz", "a.pkl"])
def test_other_kinds_of_files_are_named(name, tmp_path):
    (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=r"expected a folder, \.npz, \.csv"):
        open_file(tmp_path / name, "a")


def test_batches_cover_the_part_once():
    (X, _), (V, w) = Datasets.load_iris()
    seen = list(Datasets.batches("iris", 32, random_state=1))
    assert [len(b) for _, b in seen] == [32, 32, 32, 24]
    A = np.concatenate([a for a, _ in seen])
    assert not np.array_equal(A, X), "shuffled"
    np.testing.assert_array_equal(np.sort(A, axis=0), np.sort(X, axis=0))
    again = np.concatenate([a for a, _ in Datasets.batches("iris", 32, random_state=1)])
    other = np.concatenate([a for a, _ in Datasets.batches("iris", 32, random_state=2)])
    np.testing.assert_array_equal(A, again)
    assert not np.array_equal(A, other)
    test = list(Datasets.batches("iris", 7, part="test"))
    np.testing.assert_array_equal(np.concatenate([a for a, _ in test]), V)
    np.testing.assert_array_equal(np.concatenate([b for _, b in test]), w)
    assert sum(len(b) for _, b in Datasets.batches("iris", 50, part="all")) == 150
    t = np.concatenate([a for a, _ in Datasets.batches("nile", 30)])
    np.testing.assert_array_equal(t, Datasets.load_nile()[0][0])


@pytest.mark.parametrize(
    "wrong", [{"batch_size": 0}, {"batch_size": 2.5}, {"part": "tests"}, {"split": None}]
)
def test_batches_that_cannot_be(wrong):
    with pytest.raises(BadValue):
        Datasets.batches("iris", **wrong)
    with pytest.raises(DataError, match="is generated"):
        Datasets.batches("moons")


def test_images_grow_batch_by_batch(monkeypatch):
    pixels = np.arange(70_000, dtype=np.uint8)[:, None, None]
    parts = (slice(0, 60_000), slice(60_000, 70_000))
    held = large.Loaded(pixels, np.arange(70_000), parts)
    monkeypatch.setattr(large, "read_arrays", lambda record, raw: held)
    seen = list(Datasets.batches("mnist", 500, part="test"))
    assert [(X.shape, X.dtype, y.dtype) for X, y in seen] == [((500, 1, 1), "f4", "i8")] * 20
    assert seen[0][1].tolist() == list(range(60_000, 60_500))


@pytest.mark.parametrize("name", ["iris", "satimage", "nile"])
def test_a_memory_map_is_what_the_loader_returns(name, cache, monkeypatch):
    plain = Datasets.load(name)
    mapped = Datasets.load(name, memory_map=True)
    for pair, other in zip(plain, mapped, strict=True):
        for a, b in zip(pair, other, strict=True):
            assert isinstance(b, np.memmap)
            assert a.dtype == b.dtype
            assert not b.flags.writeable
            np.testing.assert_array_equal(a, b)
    monkeypatch.setattr(large, "read_arrays", None)
    again = Datasets.load(name, memory_map=True)
    np.testing.assert_array_equal(again[0][0], plain[0][0])
    assert not list(cache.rglob("*.part"))
    (path,) = cache.rglob("X_train.npy")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Corrupt, match="is made again"):
        Datasets.load(name, memory_map=True)


def test_a_memory_map_with_options(cache):
    X, y = Datasets.load("iris", memory_map=True, split=None)
    assert (X.shape, y.shape) == ((150, 4), (150,))
    (A, _), (_, b) = Datasets.load("iris", memory_map=True, split=0.4, random_state=3)
    plain = Datasets.load("iris", split=0.4, random_state=3)
    np.testing.assert_array_equal(A, plain[0][0])
    np.testing.assert_array_equal(b, plain[1][1])
    assert len(list((cache / "iris").glob("arrays-*"))) == 2
    with pytest.raises(BadValue, match="random_state"):
        Datasets.load("iris", memory_map=True, random_state=np.random.default_rng())
    with pytest.raises(DataError, match="texts"):
        Datasets.load("sentences_imdb", memory_map=True)
    with pytest.raises(DataError, match="generated"):
        Datasets.load("moons", memory_map=True)


def test_a_memory_map_of_other_bytes_is_another(cache):
    from dataclasses import replace

    iris = catalog()["iris"]
    changed = replace(iris, files=(replace(iris.files[0], sha256="0" * 64),))
    wish = large.Wish("default", None, None)
    assert large._key(iris, wish) != large._key(changed, wish)
    assert large._key(iris, wish) == large._key(iris, large.Wish("default", iris.seed, None))
    held = io.BytesIO(b"".join(large._pieces(np.eye(3), np.arange(3), (3, 3), np.dtype("f4"))))
    np.testing.assert_array_equal(np.load(held, allow_pickle=False), np.eye(3))
