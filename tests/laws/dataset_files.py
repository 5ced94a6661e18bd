"""What the files of a bundled set must be, read with csv, gzip and lzma alone.

Each law is a function from a record (the JSON, as a mapping) and bytes or texts to sentences
about what is wrong; none of them uses the package's own readers.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import lzma
import math
import re
from collections import Counter
from functools import lru_cache

import numpy as np

Texts = dict[str, list[str]]
DATE = re.compile(r"\d{4}(Q[1-4]|-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d)?Z?)?)?)")


def files_of(raw):
    """The entries of its files, each with name, bytes and hashes."""
    return raw.get("files") or [raw]


def byte_problems(raw, blobs):
    """Sizes and hashes, packed and unpacked; a gzip file has no name and no time in it."""
    wrong = []
    for file in files_of(raw):
        name, blob = file["file"], blobs[file["file"]]
        if (len(blob), sha(blob)) != (file["bytes"], file["sha256"]):
            wrong.append(f"{name}: other bytes than recorded")
        if name.endswith(".gz") and blob[3:8] != bytes(5):
            wrong.append(f"{name}: a name or a time in its header")
        try:
            plain = unpacked(name, blob)
        except (OSError, EOFError, lzma.LZMAError):
            wrong.append(f"{name}: cannot be unpacked")
            continue
        if (len(plain), sha(plain)) != (file["bytes_uncompressed"], file["sha256_uncompressed"]):
            wrong.append(f"{name}: other content than recorded")
    return wrong


@lru_cache(maxsize=4)  # the images of MNIST are asked for twice
def unpacked(name, blob):
    return lzma.decompress(blob) if name.endswith(".xz") else gzip.decompress(blob)


def sha(blob):
    return hashlib.sha256(blob).hexdigest()


def table(blob):
    """The header and the columns, as texts."""
    rows = list(csv.reader(io.StringIO(gzip.decompress(blob).decode(), newline="")))
    return rows[0], dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True))


def table_problems(raw, header, columns):
    """Rows, columns, gaps, ranges, categories and class counts."""
    specs = [*raw["features"], *raw["other_targets"], raw["target"]]
    wrong = []
    if header != [s["name"] for s in specs]:
        wrong.append("another header")
    if (len(raw["features"]), len(header)) != (raw["n_features"], raw["n_columns"]):
        wrong.append("another number of columns")
    if {len(c) for c in columns.values()} != {raw["n_samples"]}:
        wrong.append("another number of rows")
    for spec in specs:
        wrong += [f"{spec['name']}: {w}" for w in column_problems(spec, columns[spec["name"]])]
    classes = raw["target"].get("classes")
    if classes is not None and Counter(columns[raw["target"]["name"]]) != Counter(classes):
        wrong.append("other class counts")
    return wrong


def column_problems(spec, texts):
    gaps = texts.count("")
    present = [t for t in texts if t] if gaps else texts
    wrong = [] if gaps == spec["n_missing"] else ["other gaps"]
    if spec["kind"] == "numeric":
        values = list(map(float, present))
        if not all(map(math.isfinite, values)) or [min(values), max(values)] != spec["range"]:
            wrong.append("another range")
    elif spec["kind"] == "categorical":
        found = set(present)
        if len(found) != spec["n_categories"]:
            wrong.append("another number of categories")
        if found != set(spec.get("categories") or spec.get("classes") or found):
            wrong.append("other categories")
    elif spec["kind"] == "datetime" and not all(map(DATE.fullmatch, present)):
        wrong.append("not a date")
    return wrong


def split_problems(raw):
    """The official parts hold every row once; the default share is a fraction."""
    official, n = raw["splits"].get("official"), raw["n_samples"]
    wrong = [] if 0 < raw["splits"]["default"].get("test_fraction", 0.2) < 1 else ["no fraction"]
    if official:
        rows = [i for part in ("train", "test") for a, b in official[part] for i in range(a, b)]
        if sorted(rows) != list(range(n)):
            wrong.append("official parts that are not a partition")
    return wrong


def idx(name, blob):
    """The array of an idx file."""
    plain = unpacked(name, blob)
    shape = [int.from_bytes(plain[4 + 4 * i : 8 + 4 * i], "big") for i in range(plain[3])]
    return np.frombuffer(plain, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def expected_table(raw, columns):
    """The inputs as the documents promise them: (rows, features) in float64."""
    blocks = []
    for spec in raw["features"]:
        if spec["kind"] not in ("numeric", "categorical") or spec.get("role"):
            continue
        texts = columns[spec["name"]]
        if spec["kind"] == "numeric":
            blocks.append(np.array([float(t or "nan") for t in texts]))
            continue
        words, texts = sorted(set(texts) - {""}), np.array(texts)
        if all(re.fullmatch(r"-?\d+", w) for w in words):
            words.sort(key=int)
        if len(words) == 2:
            blocks.append(np.where(texts == "", np.nan, texts == words[1]))
        else:
            blocks += [(texts == w).astype(float) for w in words]
    return np.column_stack(blocks)


def expected_answers(raw, columns):
    """Class indices in the order of the record, or the numbers."""
    texts = columns[raw["target"]["name"]]
    if "classes" not in raw["target"]:
        return np.array([float(t or "nan") for t in texts])
    codes = {name: i for i, name in enumerate(raw["target"]["classes"])}
    return np.array([codes[t] for t in texts])


def packed(raw, header, columns):
    """A CSV file of these columns, and the record with its hashes brought into step."""
    out = io.StringIO(newline="")
    rows = zip(*(columns[name] for name in header), strict=True)
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    plain = out.getvalue().encode()
    blob = gzip.compress(plain, mtime=0)
    blob = blob[:3] + bytes(5) + blob[8:]
    sizes = {"bytes": len(blob), "bytes_uncompressed": len(plain)}
    return {**raw, **sizes, "sha256": sha(blob), "sha256_uncompressed": sha(plain)}, blob
