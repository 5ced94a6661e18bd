"""The losses: each a row that names its formula in the book."""

from __future__ import annotations

from dataclasses import dataclass

from neurogebra.registry import Registry

# What a loss takes as y: numbers; 0 or 1 a unit; a class a row (one-hot inside); −1 or 1.
VALUES, BINARY, CLASSES, SIGNS = "values", "binary", "classes", "signs"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss by the name of its formula, whose inputs are y and y_pred.

    fused: pairs (activation, formula): behind that activation the second formula is computed
    from the values before it, which is the same number without overflow or cancellation.
    """

    name: str
    formula: str
    target: str = VALUES
    fused: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


LOSSES: Registry[Loss] = Registry(
    "loss",
    (
        Loss("mse", "mse", aliases=("mean_squared_error",)),
        Loss("mae", "mae", aliases=("mean_absolute_error",)),
        Loss("huber", "huber"),
        Loss("log_cosh", "log_cosh"),
        Loss("quantile", "quantile", aliases=("pinball",)),
        Loss("hinge", "hinge", SIGNS),
        Loss("squared_hinge", "squared_hinge", SIGNS),
        Loss(
            "binary_crossentropy",
            "binary_crossentropy",
            BINARY,
            fused=(("sigmoid", "binary_crossentropy_logits"),),
            aliases=("bce", "binary_cross_entropy", "log_loss"),
        ),
        Loss(
            "categorical_crossentropy",
            "categorical_crossentropy",
            CLASSES,
            fused=(("softmax", "categorical_crossentropy_logits"),),
            aliases=("cross_entropy", "sparse_categorical_crossentropy", "crossentropy"),
        ),
    ),
)
