"""scikit-learn's estimators over the one model and the one loop (the `sklearn` extra)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from neurogebra.builders.model import Model, divergence
from neurogebra.errors import BadValue, DataError, MissingExtra
from neurogebra.layers import Dense
from neurogebra.observatory.events import TrainEnd
from neurogebra.spec import check

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state, compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError:
    raise MissingExtra("scikit-learn (1.6 or later)", "sklearn", "an estimator") from None

# Rows of a batch where batch_size is "auto", or all rows if they are fewer.
AUTO_ROWS = 200


class _Strict(Model):
    """A model whose divergence is an error, as a search over parameters expects it."""

    def _tell_divergence(self, end: TrainEnd, rate: float) -> None:
        raise DataError(divergence(self.name, end, rate))


class _Network(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: parameters into a model, and the fitting of it."""

    model_: Model
    loss_curve_: list[float]

    def __init__(
        self,
        layers: str | int | Sequence[int] = (64,),
        activation: str = "relu",
        *,
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        epochs: int = 200,
        batch_size: int | str | None = "auto",
        loss: str | None = None,
        weight_decay: float | None = None,
        patience: int = 0,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        random_state: Any = None,
        engine: str = "numpy",
        dtype: str = "float64",
        verbose: bool = False,
    ) -> None:
        self.layers = layers
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.loss = loss
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.random_state = random_state
        self.engine = engine
        self.dtype = dtype
        self.verbose = verbose

    def _made(self, units: int, last: str, loss: str) -> Model:
        hidden = [Dense(n, a) for n, a in hidden_layers(self.layers, self.activation)]
        model = _Strict([*hidden, Dense(units, last)], name="estimator")
        model.compile(
            loss=self.loss or loss,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            engine=self.engine,
            weight_decay=self.weight_decay,
            dtype=self.dtype,
        )
        return model

    def _train(self, X: Any, y: Any, weights: Any, epochs: int, *, early: bool) -> None:
        """Train `model_` on rows that are checked, and note how that went."""
        rows = len(X)
        auto: Any = min(AUTO_ROWS, rows) if self.batch_size == "auto" else self.batch_size
        share = self.validation_fraction if early and self.patience else 0.0
        early_stopping: Any = {"patience": self.patience, "restore_best": True} if share else {}
        history = self.model_.fit(
            X,
            y,
            epochs=epochs,
            batch_size=auto,
            validation_split=share,
            seed=int(self._generator_.randint(2**31 - 1)),
            verbose=bool(self.verbose),
            sample_weight=None if weights is None else _mean_one(weights, rows),
            **early_stopping,
        )
        before = self.loss_curve_ if hasattr(self, "loss_curve_") else []
        self.loss_curve_ = [*before, *history["loss"]]
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else float("nan")
        self.n_iter_ = len(self.loss_curve_)
        if share:
            self.validation_curve_ = list(history["val_loss"])

    def _begin(self, units: int, last: str, loss: str, *, goes_on: bool) -> None:
        """Make the model, unless there is one to go on with."""
        if goes_on and hasattr(self, "model_"):
            return
        self._generator_ = check_random_state(self.random_state)
        self.loss_curve_ = []
        self.model_ = self._made(units, last, loss)

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.predict(self._rows(X)))

    def _rows(self, X: Any) -> np.ndarray:
        return np.asarray(validate_data(self, X, reset=False, dtype=_FLOATS))


_FLOATS = (np.float64, np.float32)


class NeurogebraClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network of dense layers that tells classes apart, as a scikit-learn estimator.

    layers: the hidden ones, (64, 32) or "64:relu,32:tanh"; activation: of those that do not say;
    batch_size: "auto" is min(200, rows), None all rows; loss: None for the cross-entropy;
    patience: epochs without progress on `validation_fraction` of the rows after which training
    stops with the best weights, 0 never; class_weight: class → weight, or "balanced"; the
    others as in `RunSpec`. Fitted: classes_, n_features_in_, feature_names_in_, model_ (the
    `Model`), loss_curve_, n_iter_. Raises DataError, a ValueError, for one class only.
    """

    def __init__(
        self,
        layers: str | int | Sequence[int] = (64,),
        activation: str = "relu",
        *,
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        epochs: int = 200,
        batch_size: int | str | None = "auto",
        loss: str | None = None,
        weight_decay: float | None = None,
        patience: int = 0,
        validation_fraction: float = 0.1,
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        engine: str = "numpy",
        dtype: str = "float64",
        verbose: bool = False,
    ) -> None:
        super().__init__(
            layers,
            activation,
            optimizer=optimizer,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            loss=loss,
            weight_decay=weight_decay,
            patience=patience,
            validation_fraction=validation_fraction,
            warm_start=warm_start,
            random_state=random_state,
            engine=engine,
            dtype=dtype,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X: (rows, features), y: (rows,) of any labels; return the estimator."""
        X, y = validate_data(self, X, y, dtype=_FLOATS)
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise DataError(f"y: there is one class only, {classes[0]!r}; two are needed to learn")
        if self.warm_start and hasattr(self, "classes_"):
            _require_same(self.classes_, classes)
        self._set_up(classes, goes_on=self.warm_start)
        self._learn(X, y, codes, sample_weight, self.epochs, early=True)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go through these rows once; the first call names all classes there will be."""
        first = not hasattr(self, "model_")
        if first and classes is None:
            raise BadValue("classes", "all classes there will be, in the first call", None)
        X, y = validate_data(self, X, y, reset=first, dtype=_FLOATS)
        check_classification_targets(y)
        if first:
            self._set_up(np.unique(classes), goes_on=False)
        elif classes is not None:
            _require_same(self.classes_, np.unique(classes))
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise DataError(f"y: {unknown[0]!r} is none of the classes {list(self.classes_)}")
        codes = np.searchsorted(self.classes_, y)
        self._learn(X, y, codes, sample_weight, 1, early=False)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class in the order of classes_: (rows, classes)."""
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.predict_proba(self._rows(X)))

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest class of each row: (rows,)."""
        outputs = self._outputs(X)
        border = 0.5 if self.model_.is_probable else 0.0
        codes = outputs.argmax(1) if outputs.shape[1] > 1 else (outputs[:, 0] > border).astype(int)
        return np.asarray(self.classes_[codes])

    def _set_up(self, classes: np.ndarray, *, goes_on: bool) -> None:
        self.classes_ = classes
        if len(classes) == 2:
            self._begin(1, "sigmoid", "binary_crossentropy", goes_on=goes_on)
        else:
            self._begin(len(classes), "softmax", "categorical_crossentropy", goes_on=goes_on)

    def _learn(
        self, X: Any, y: Any, codes: np.ndarray, weights: Any, epochs: int, *, early: bool
    ) -> None:
        if weights is not None:
            weights = _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
        if self.class_weight is not None:
            _require_classes(self.class_weight, self.classes_)
            by_class = compute_sample_weight(self.class_weight, y)
            weights = by_class if weights is None else weights * by_class
        self._train(X, codes, weights, epochs, early=early)


class NeurogebraRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network of dense layers that predicts numbers, as a scikit-learn estimator.

    Parameters as in `NeurogebraClassifier`, without class_weight; loss: None for the squared
    error. Targets are brought to mean 0 and deviation 1 inside (by the rows of the first fit)
    and predictions back to their unit. y: (rows,) or (rows, outputs). Fitted: n_features_in_,
    feature_names_in_, model_, loss_curve_ (of the scaled targets), n_iter_.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X: (rows, features), y: (rows,) or (rows, outputs); return the estimator."""
        return self._learn(X, y, sample_weight, self.epochs, goes_on=self.warm_start, early=True)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go through these rows once; the first call's targets settle their scale."""
        return self._learn(X, y, sample_weight, 1, goes_on=True, early=False)

    def predict(self, X: Any) -> np.ndarray:
        """Return the numbers predicted for each row: (rows,) or (rows, outputs)."""
        found = self._outputs(X) * self._deviation_ + self._mean_
        return found[:, 0] if self._flat_ else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _learn(
        self, X: Any, y: Any, weights: Any, epochs: int, *, goes_on: bool, early: bool
    ) -> Self:
        goes_on = goes_on and hasattr(self, "model_")
        X, y = validate_data(
            self, X, y, reset=not goes_on or early, dtype=_FLOATS, multi_output=True, y_numeric=True
        )
        if weights is not None:
            weights = _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
        table = np.asarray(y, np.float64).reshape(len(y), -1)
        if not goes_on:
            self._flat_ = np.ndim(y) == 1
            self._mean_ = np.average(table, axis=0, weights=weights)
            spread = np.average(np.square(table - self._mean_), axis=0, weights=weights)
            self._deviation_ = np.where(spread > 0, np.sqrt(spread), 1.0)
        self._begin(table.shape[1], "linear", "mse", goes_on=goes_on)
        scaled = (table - self._mean_) / self._deviation_
        self._train(X, scaled, weights, epochs, early=early)
        return self


def hidden_layers(given: Any, activation: str) -> list[tuple[int, str]]:
    """Return (units, activation) of each hidden layer of "64:relu,32", 64 or (64, 32)."""
    one = check.integer(1, 10**9)
    if isinstance(given, str):
        parts = [part.strip().partition(":") for part in given.split(",") if part.strip()]
        for units, _, _ in parts:
            if not units.strip().isdecimal():
                raise BadValue("layers", 'sizes such as "64:relu,32:tanh"', given)
        return [(one("layers", int(n)), a.strip() or activation) for n, _, a in parts]
    sizes = (given,) if isinstance(given, (int, np.integer)) else check.sequence("layers", given)
    return [(one(f"layers[{i}]", int(n)), activation) for i, n in enumerate(sizes)]


def _mean_one(weights: np.ndarray, rows: int) -> np.ndarray:
    """Return weights whose mean is 1, so that only their proportions matter."""
    total = float(weights.sum())
    if not total > 0:
        raise DataError("sample_weight: all weights are 0, so there is nothing to learn from")
    return np.asarray(weights * (rows / total))


def _require_same(known: np.ndarray, classes: np.ndarray) -> None:
    if not np.array_equal(known, classes):
        raise DataError(f"y: the classes {list(classes)} are not those of before, {list(known)}")


def _require_classes(class_weight: Any, classes: np.ndarray) -> None:
    if isinstance(class_weight, Mapping):
        for name in class_weight:
            if name not in classes:
                raise BadValue("class_weight", f"classes of {list(classes)}", name)
