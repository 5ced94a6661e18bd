"""Readers of fetched files on small files of the same form, and hostile archives."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from neurogebra.datasets.fetched import images, readers, tabular, texts
from neurogebra.datasets.fetched.archives import from_tar, from_zip, gunzip, only
from neurogebra.datasets.fetched.arff import read_arff
from neurogebra.datasets.fetched.mat import read_mat
from neurogebra.datasets.fetched.rows import encode
from neurogebra.errors import Corrupt, DataError

LIMIT = 1 << 20


def tarred(path, members, kind=None):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if kind is not None and name == members[-1][0]:
                info.type, info.linkname, info.size = kind, "/etc/passwd", 0
            archive.addfile(info, io.BytesIO(data))
    return path


def idx_bytes(values):
    head = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}i", *values.shape)
    return gzip.compress(head + values.tobytes())


def test_idx_files_in_pairs(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (5, 28, 28), np.uint8)
    y = rng.integers(0, 10, 5, np.uint8)
    names = ("a", "b", "c", "d")
    for name, part in zip(names, (X[:3], y[:3], X[3:], y[3:]), strict=True):
        (tmp_path / name).write_bytes(idx_bytes(part))
    got, labels = readers.idx(images.FASHION_MNIST, {n: tmp_path / n for n in names})
    np.testing.assert_array_equal(got, X)
    np.testing.assert_array_equal(labels, y)
    assert (got.dtype, labels.dtype) == (np.uint8, np.int64)
    for bad in (b"", gzip.compress(b"\0\0\x08\x03"), idx_bytes(X)[:-9], idx_bytes(y)):
        (tmp_path / "a").write_bytes(bad)
        with pytest.raises(Corrupt):
            readers.idx(images.FASHION_MNIST, {n: tmp_path / n for n in names})
    huge = bytes((0, 0, 8, 3)) + struct.pack(">3i", 60_000, 28_000, 28_000)
    (tmp_path / "a").write_bytes(gzip.compress(huge))
    with pytest.raises(Corrupt, match="holds 0 bytes for the shape"):
        readers.idx(images.FASHION_MNIST, {n: tmp_path / n for n in names})


@pytest.mark.parametrize(("record", "extra"), [(images.CIFAR10, 0), (images.CIFAR100, 1)])
def test_cifar_planes_become_colours(record, extra, tmp_path):
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, (6, 32, 32, 3), np.uint8)
    y = rng.integers(0, 10, 6, np.uint8)
    rows = np.hstack([np.full((6, extra), 9, np.uint8), y[:, None],
                      X.transpose(0, 3, 1, 2).reshape(6, -1)])  # fmt: skip
    if extra:
        parts = {"test": rows[4:], "train": rows[:4]}
    else:
        parts = {"test_batch": rows[4:]} | {
            f"data_batch_{i + 1}": rows[i : i + 1] for i in (3, 1, 0, 2)
        }
    members = [(f"cifar/{n}.bin", part.tobytes()) for n, part in parts.items()]
    path = tarred(tmp_path / "c.tar.gz", [("cifar/readme.html", b"x"), *members])
    got, labels = readers.cifar(record, {"c": path})
    np.testing.assert_array_equal(got, X)
    np.testing.assert_array_equal(labels, y)
    with pytest.raises(Corrupt, match="no training and test parts"):
        readers.cifar(record, {"c": tarred(tmp_path / "d", [("cifar/a.bin", b"x")])})
    with pytest.raises(Corrupt, match="are no rows"):
        readers.cifar(record, {"c": tarred(tmp_path / "e", [("cifar/test.bin", b"x")])})


@pytest.mark.parametrize("packed", [True, False])
def test_matlab_files_as_scipy_writes_them(packed, tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    rng = np.random.default_rng(2)
    X, y = rng.integers(0, 256, (32, 32, 3, 4), np.uint8), np.array([[10], [1], [9], [10]], "u1")
    cells = np.empty((36, 2), object)
    for i in range(36):
        for j in range(2):
            cells[i, j] = rng.integers(0, 2, (20, 16)).astype(np.uint8)
    names = np.array(list(images.ALPHA_DIGITS.classes), object)[None, :]
    faces = rng.integers(0, 256, (4096, 20)).astype(np.uint8)
    other = {"skipped": {"a": 1}, "z": 1 + 2j, "f": np.eye(3), "w": np.int32(5), "t": "text"}
    held = {"X": X, "y": y, "dat": cells, "classlabels": names, "faces": faces, **other}
    path = tmp_path / "a.mat"
    savemat(path, held, do_compression=packed)
    got, digits = readers.svhn(images.SVHN, {"a": path})
    np.testing.assert_array_equal(got, X.transpose(3, 0, 1, 2))
    assert digits.tolist() == [0, 1, 9, 0]
    got, labels = readers.alpha_digits(images.ALPHA_DIGITS, {"a": path})
    np.testing.assert_array_equal(got[3], 255 * cells[1, 1])
    assert labels.tolist() == np.repeat(np.arange(36), 2).tolist()
    got, people = readers.olivetti(images.OLIVETTI, {"a": path})
    np.testing.assert_array_equal(got[7], faces[:, 7].reshape(64, 64).T)
    assert people.tolist() == [0] * 10 + [1] * 10
    data = path.read_bytes()
    found = read_mat(data, ("f", "w", "t"), LIMIT, "a")
    np.testing.assert_array_equal(found["f"], np.eye(3))
    assert (found["w"].tolist(), found["t"]) == ([[5]], "text")
    for name in ("skipped", "z"):
        with pytest.raises(Corrupt, match="a kind that is not read"):
            read_mat(data, (name,), LIMIT, "a")
    with pytest.raises(Corrupt, match="no variable 'gone'"):
        read_mat(data, ("gone",), LIMIT, "a")
    if packed:
        with pytest.raises(Corrupt, match="unpacks to more than 999 bytes"):
            read_mat(data, ("X",), 999, "a")


def test_damaged_matlab_files_are_refused_not_raised_through(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    rng = np.random.default_rng(3)
    cell = np.empty((1, 2), object)
    cell[0, 0], cell[0, 1] = np.eye(2), "text"
    for packed in (True, False):
        path = tmp_path / "a.mat"
        savemat(path, {"a": np.eye(3), "c": cell}, do_compression=packed)
        data, refused = path.read_bytes(), 0
        for _ in range(300):
            bad = bytearray(data)
            for at in rng.integers(116, len(bad), 3):
                bad[at] = rng.integers(256)
            try:
                read_mat(bytes(bad[: rng.integers(100, len(bad) + 1)]), ("a", "c"), LIMIT, "a")
            except Corrupt:
                refused += 1
        assert refused > 150


def test_images_in_folders_of_archives(tmp_path):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 2, (3, 105, 105)).astype(bool)
    small = replace(images.OMNIGLOT, n_samples=3)
    path = tmp_path / "o.zip"
    places = ("B/character01/1_2", "A/character02/1_1", "A/character01/3_1")
    with zipfile.ZipFile(path, "w") as archive:
        for place, one in zip(places, pixels, strict=True):
            held = io.BytesIO()
            image.fromarray(one).save(held, "PNG")
            archive.writestr(f"small/{place}.png", held.getvalue())
    X, y = readers.omniglot(small, {"o": path})
    np.testing.assert_array_equal(X, 255 * pixels[[2, 1, 0]].astype(np.uint8))
    assert y.tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="is 105 × 105, expected 250 × 250"):
        readers._folders(images.LFW, from_zip(path, r".*\.png", LIMIT), slice(1, 2))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("small/A/character01/9_9.png", b"no image")
    with pytest.raises(DataError, match="not an image"):
        readers.omniglot(small, {"o": path})


def test_dsprites_through_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py", reason="needs the extra data (h5py)")
    rng = np.random.default_rng(5)
    X, y = rng.integers(0, 2, (4, 64, 64), np.uint8), rng.integers(0, 3, (4, 6))
    with h5py.File(tmp_path / "d", "w") as file:
        file["imgs"], file["latents/classes"] = X, y
    got, labels = readers.dsprites(images.DSPRITES, {"d": tmp_path / "d"})
    np.testing.assert_array_equal(got, 255 * X)
    np.testing.assert_array_equal(labels, y[:, 1])
    (tmp_path / "d").write_bytes(b"x")
    with pytest.raises(Corrupt):
        readers.dsprites(images.DSPRITES, {"d": tmp_path / "d"})


def test_texts_of_archives_in_a_fixed_order(tmp_path, play):
    path = tarred(
        tmp_path / "n.tar.gz",
        [
            ("20news-bydate-test/sci.med/7", b"late"),
            ("20news-bydate-train/sci.med/10", b"caf\xe9"),
            ("20news-bydate-train/sci.med/9", b"nine"),
            ("20news-bydate-train/alt.atheism/11", b"first"),
        ],
    )
    X, y = readers.newsgroups(texts.NEWSGROUPS, {"n": path})
    assert X.tolist() == ["first", "nine", "café", "late"]
    assert [texts.NEWSGROUPS.classes[i] for i in y] == ["alt.atheism", *["sci.med"] * 3]
    path = tarred(
        tmp_path / "i.tar.gz",
        [
            ("aclImdb/test/neg/0_2.txt", b"bad"),
            ("aclImdb/train/unsup/0_0.txt", b"left out"),
            ("aclImdb/train/pos/0_9.txt", "très bien".encode()),
        ],
    )
    X, y = readers.imdb(texts.IMDB, {"i": path})
    assert (X.tolist(), y.tolist()) == (["très bien", "bad"], [1, 0])
    lines = '"0","1","d","q","u","sad, so"\n"4","2","d","q","u","say ""hi"" caf\xe9"\n'
    name = "training.1600000.processed.noemoticon.csv"
    (tmp_path / "s").write_bytes(play.zipped({name: lines.encode("latin-1")}))
    X, y = readers.sentiment(texts.SENTIMENT140, {"s": tmp_path / "s"})
    assert (X.tolist(), y.tolist()) == (["sad, so", 'say "hi" café'], [0, 1])
    (tmp_path / "s").write_bytes(play.zipped({name: '"2","1"\n'}))
    with pytest.raises(Corrupt, match="6 values"):
        readers.sentiment(texts.SENTIMENT140, {"s": tmp_path / "s"})
    (tmp_path / "m").write_bytes(play.zipped({"SMSSpamCollection": "ham\thi\r\nwhat\n"}))
    with pytest.raises(Corrupt, match="without a tab"):
        readers.sms(texts.SMS_SPAM, {"m": tmp_path / "m"})
    (tmp_path / "m").write_bytes(play.zipped({"SMSSpamCollection": "egg\thi\n"}))
    with pytest.raises(DataError, match="no class called 'egg'"):
        readers.sms(texts.SMS_SPAM, {"m": tmp_path / "m"})


def test_tables_from_rows(tmp_path, play):
    record = replace(tabular.BANK_MARKETING, n_samples=2)
    names = [c.name for c in record.columns]
    names = [names[-2], *names[:-2], names[-1]]  # another order in the file
    rows = [
        dict.fromkeys(names, "1") | {"job": "admin.", "age": "30", "y": "no"},
        dict.fromkeys(names, "2") | {"job": "retired", "age": "70", "y": "yes"},
    ]
    lines = [";".join(names), *(";".join(f'"{r[n]}"' for n in names) for r in rows)]
    inner = play.zipped({"bank-full.csv": "\n".join(lines)})
    (tmp_path / "b").write_bytes(play.zipped({"bank.zip": inner, "bank-additional.zip": b"x"}))
    table = readers.bank(record, {"b": tmp_path / "b"})
    assert table.column("age").tolist() == [30, 70]
    assert table.column("job").tolist() == ["admin.", "retired"]
    X, y = encode(record, table)
    assert X.dtype == np.float32
    assert X[:, 0].tolist() == [30, 70]
    assert y.tolist() == [0, 1]
    with pytest.raises(Corrupt, match="holds 2 rows, its record says 3"):
        readers.bank(replace(record, n_samples=3), {"b": tmp_path / "b"})
    kdd = replace(tabular.KDDCUP99, n_samples=3)
    row = ",".join(["0", "tcp", "http", "SF", *["1.5"] * 37])
    (tmp_path / "k").write_bytes(
        gzip.compress(f"{row},normal.\n{row},spy.\n{row},smurf.\n".encode())
    )
    X, y = encode(kdd, readers.headless(kdd, {"k": tmp_path / "k"}))
    assert [kdd.classes[i] for i in y] == ["normal", "spy", "smurf"]
    for bad, said in (
        (f"{row}\n", "41|values"),
        (row.replace("1.5", "x", 1) + ",spy", "could not"),
    ):
        (tmp_path / "k").write_bytes(gzip.compress(bad.encode()))
        with pytest.raises(Corrupt, match=said):
            readers.headless(kdd, {"k": tmp_path / "k"})


def test_the_code_is_that_of_bundled_sets():
    from neurogebra.datasets import catalog
    from neurogebra.datasets.arrays import read_arrays
    from neurogebra.datasets.catalog import read_table

    for name in ("titanic", "german_credit", "hepatitis", "concrete"):
        record = catalog()[name]
        expected = read_arrays(record)
        X, y = encode(record, read_table(record))
        np.testing.assert_array_equal(X, expected.X)
        np.testing.assert_array_equal(y, expected.y)


ARFF = """% a comment
@RELATION 'some set'
@attribute age NUMERIC
@ATTRIBUTE 'the colour' {red, 'dark blue', "it\\'s"}
@attribute note string
@data
1.5, red, 'a, b'
?,'dark blue',?
% between
3e2,"it\\'s",plain
"""


def test_arff():
    attributes, rows = read_arff(iter(ARFF.splitlines(True)), "a.arff")
    assert [(a.name, a.kind, a.words) for a in attributes] == [
        ("age", "numeric", ()),
        ("the colour", "categorical", ("red", "dark blue", "it's")),
        ("note", "text", ()),
    ]
    assert list(rows) == [["1.5", "red", "a, b"], ["", "dark blue", ""], ["3e2", "it's", "plain"]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("1.5, red, 'a, b'", "1.5, red"), "line 7: 2 values for 3 columns"),
        (("1.5, red, 'a, b'", "{0 1.5}"), "sparse rows"),
        (("1.5, red, 'a, b'", "1.5, red, 'a"), "a quote"),
        (("NUMERIC", "date 'yyyy'"), "cannot be read"),
        (("NUMERIC", "relational"), "are not read"),
        (("@data", ""), "expected @attribute or @data"),
        (("@attribute age", "<html>"), "expected @attribute"),
    ],
)
def test_arff_that_is_refused(change, said):
    with pytest.raises(Corrupt, match=said):
        list(read_arff(iter(ARFF.replace(*change).splitlines(True)), "a.arff")[1])


UNSAFE = ["../a.txt", "/etc/a.txt", "x/../../a.txt", "C:/a.txt", "..\\a.txt", "a\0.txt", "a\n.txt"]


@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_lead_outside_refuse_the_archive(name, tmp_path, play):
    if "\0" not in name:  # tar ends a name there
        path = tarred(tmp_path / "a", [("fine.txt", b"x"), (name, b"y")])
        with pytest.raises(Corrupt, match="unsafe name"):
            list(from_tar(path, r".*", LIMIT))
        if "\\" not in name:
            (tmp_path / "z").write_bytes(play.zipped({"fine.txt": b"x", name: b"y"}))
            with pytest.raises(Corrupt, match="unsafe name"):
                list(from_zip(tmp_path / "z", r".*", LIMIT))
    assert sorted(p.name for p in tmp_path.iterdir()) in (["a"], ["a", "z"], [])


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_links_and_devices_are_no_members(kind, tmp_path):
    path = tarred(tmp_path / "a", [("fine.txt", b"x"), ("passwd.txt", b"")], kind)
    with pytest.raises(Corrupt, match="not a plain file"):
        list(from_tar(path, r".*\.txt", LIMIT))
    assert list(from_tar(path, r"fine\.txt", LIMIT)) == [("fine.txt", b"x")]


def test_a_link_in_a_zip_is_no_member(tmp_path):
    link = zipfile.ZipInfo("a.txt")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Corrupt, match="not a plain file"):
        list(from_zip(tmp_path / "z", r".*", LIMIT))


def test_a_name_that_comes_twice_is_refused(tmp_path):
    path = tarred(tmp_path / "a", [("a.txt", b"x"), ("a.txt", b"y")])
    with pytest.raises(Corrupt, match="twice"):
        list(from_tar(path, r".*", LIMIT))


def test_bombs_are_counted_while_they_unpack(tmp_path, play):
    many = b"\0" * (4 * LIMIT)
    (tmp_path / "g").write_bytes(gzip.compress(many))
    (tmp_path / "z").write_bytes(play.zipped({"a": many}))
    (tmp_path / "both").write_bytes(play.zipped({"a": many[:LIMIT], "b": many[:LIMIT]}))
    path = tarred(tmp_path / "t", [("skipped", many), ("a", b"x")])
    for act in (
        lambda: gunzip(tmp_path / "g", LIMIT),
        lambda: list(from_zip(tmp_path / "z", "a", LIMIT)),
        lambda: list(from_zip(tmp_path / "both", "[ab]", LIMIT)),
        lambda: list(from_tar(path, "a", LIMIT)),
    ):
        with pytest.raises(Corrupt, match="unpacks to more than 1,048,576 bytes"):
            act()
    assert len(gunzip(tmp_path / "g", 4 * LIMIT)) == 4 * LIMIT
    lie = bytearray(play.zipped({"a": many}))
    at = lie.rindex(b"PK\x01\x02") + 24  # the size that the directory states
    lie[at : at + 4] = struct.pack("<I", 10)
    (tmp_path / "lie").write_bytes(lie)
    with pytest.raises(Corrupt):
        list(from_zip(tmp_path / "lie", "a", LIMIT))


def test_damaged_archives_are_refused_not_raised_through(tmp_path, play):
    rng = np.random.default_rng(6)
    whole = {
        "z": play.zipped({"a.txt": b"abc" * 500, "b.txt": bytes(range(256))}),
        "t": tarred(
            tmp_path / "t", [("a.txt", b"abc" * 500), ("b.txt", bytes(range(256)))]
        ).read_bytes(),
    }
    for name, data in whole.items():
        read = from_zip if name == "z" else from_tar
        refused = 0
        for _ in range(100):
            bad = bytearray(data)
            for at in rng.integers(0, len(bad), 3):
                bad[at] = rng.integers(256)
            path = tmp_path / name
            path.write_bytes(bad[: rng.integers(1, len(bad) + 1)])
            try:
                list(read(path, r".*", LIMIT))
            except Corrupt:
                refused += 1
        assert refused > 75, name
    with pytest.raises(Corrupt, match="no member"):
        only(iter(()), "a")
