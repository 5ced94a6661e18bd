"""How well the answers of a set can be learned: the quick models that its record was scored with.

Tables: pooled out-of-fold predictions of five shuffled folds over at most `rows_used` rows;
series: the error of repeating the last season over that of the training mean, in the last fifth;
MNIST: accuracy on 2 000 test images after 5 000 training images.
"""

from __future__ import annotations

import warnings

import numpy as np

from neurogebra.datasets import Datasets
from neurogebra.datasets.catalog import read_table

FOLDS = 5


def score(record, shuffle=0, table=None):
    """The metric of the record's baseline; shuffle: a seed to break the answers apart first."""
    if record.form == "series":
        return season_ratio(record, shuffle)
    if record.form == "images":
        return image_accuracy(record, shuffle)
    return pooled(record, shuffle, read_table(record) if table is None else table)


def season_ratio(record, shuffle):
    y = Datasets.load(record.id, split=None)[1].astype(float)
    if shuffle:
        y = np.random.RandomState(shuffle).permutation(y)
    cut, period = len(y) - max(2, round(0.2 * len(y))), record.baseline.period
    naive = np.abs(y[cut:] - y[cut - period : len(y) - period])
    flat = np.abs(y[cut:] - np.nanmean(y[:cut]))
    known = ~np.isnan(naive)
    return float(naive[known].mean() / flat[known].mean())


def image_accuracy(record, shuffle):
    from sklearn.ensemble import RandomForestClassifier

    (X, y), (V, w) = Datasets.load(record.id)
    X, y = X[:5000].reshape(5000, -1), y[:5000]
    if shuffle:
        y = np.random.RandomState(shuffle).permutation(y)
    forest = RandomForestClassifier(100, random_state=0).fit(X, y)
    return float((forest.predict(V[:2000].reshape(2000, -1)) == w[:2000]).mean())


def pooled(record, shuffle, table):
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, cross_val_predict

    base, name = record.baseline, record.target.name
    rows = np.flatnonzero(~table.missing(name))
    if len(rows) > base.rows_used:
        rows = np.sort(np.random.RandomState(42).permutation(rows)[: base.rows_used])
    part = table.take(rows)
    y, groups = part.column(name), None
    if shuffle:
        y = np.random.RandomState(shuffle).permutation(y)
    if record.classes:
        y, folds = y.astype(str), StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    else:
        folds = KFold(FOLDS, shuffle=True, random_state=0)
    if base.group:
        groups, folds = part.column(base.group), GroupKFold(FOLDS)
    X = texts(record, part) if record.form == "text" else codes(record, part)
    method = "predict_proba" if base.metric == "roc_auc" else "predict"
    with warnings.catch_warnings():  # classes of fewer rows than folds
        warnings.filterwarnings("ignore", message="The least populated class")
        found = cross_val_predict(model(record), X, y, cv=folds, groups=groups, method=method)
    return measured(base.metric, y, found)


def codes(record, table):
    """Numbers with their gaps filled by the median, categories counted by alphabet."""
    columns = []
    for column in record.features:
        values = table.column(column.name)
        if column.kind == "numeric":
            gaps = np.isnan(values)
            fill = 0.0 if gaps.all() else np.nanmedian(values)
            columns.append(np.where(gaps, fill, values))
        elif column.kind == "categorical":
            columns.append(np.unique(values.astype(str), return_inverse=True)[1].astype(float))
    return np.column_stack(columns)


def texts(record, table):
    columns = [table.column(c.name) for c in record.features if c.kind == "text"]
    return [" ".join(row) for row in zip(*columns, strict=True)]


def model(record):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if record.form == "text":
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        return make_pipeline(
            words, LogisticRegression(C=10, max_iter=1000, class_weight="balanced")
        )
    if record.baseline.model == "ridge":
        return make_pipeline(StandardScaler(), Ridge(1.0))
    if record.classes:
        return RandomForestClassifier(100, random_state=0)
    return RandomForestRegressor(100, max_features=1 / 3, random_state=0)


def measured(metric, y, found):
    from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

    if metric == "roc_auc":
        return float(roc_auc_score(y == sorted(set(y))[1], found[:, 1]))
    rule = {"balanced_accuracy": balanced_accuracy_score, "r2": r2_score}[metric]
    return float(rule(y, found))
