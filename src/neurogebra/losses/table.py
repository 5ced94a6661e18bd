"""The losses: each a row that names its formula in the book."""

from __future__ import annotations

from functools import partial

from neurogebra.losses.record import (
    BINARY,
    BOXES,
    CLASSES,
    COUNTS,
    POSITIVE,
    ROWS,
    SHARE,
    SIGNS,
    SMOOTHING,
    UNITS,
    VALUES,
    Loss,
)
from neurogebra.registry import Registry
from neurogebra.repository import FORMULAS
from neurogebra.repository.record import NON_NEGATIVE, PROBABILITY, Interval
from neurogebra.repository.record import POSITIVE as ABOVE_0

__all__ = [
    "BINARY",
    "BOXES",
    "CLASSES",
    "COUNTS",
    "LOSSES",
    "POSITIVE",
    "ROWS",
    "SHARE",
    "SIGNS",
    "SMOOTHING",
    "UNITS",
    "VALUES",
    "Loss",
    "why_no_loss",
]

INNER = Interval(0.0, 1.0, low_open=True, high_open=True)
SHORT = Interval(0.0, 1.0, low_open=True)
CORNERS = (("smooth", NON_NEGATIVE),)

NUMBERS = (
    Loss("mse", aliases=("mean_squared_error", "l2_loss")),
    Loss("mae", aliases=("mean_absolute_error", "l1_loss")),
    Loss("huber", limits=(("delta", ABOVE_0),), aliases=("smooth_l1", "huber_loss")),
    Loss("log_cosh", aliases=("logcosh",)),
    Loss("quantile", limits=(("q", INNER),), aliases=("pinball", "quantile_loss")),
    Loss("pseudo_huber", limits=(("delta", ABOVE_0),)),
    Loss(
        "charbonnier_loss", limits=(("epsilon", ABOVE_0),),
        aliases=("charbonnier",),
    ),
    Loss("tukey_biweight", limits=(("c", ABOVE_0),), aliases=("bisquare_loss",)),
    Loss(
        "cauchy_loss", limits=(("c", ABOVE_0),),
        aliases=("cauchy", "lorentzian_loss"),
    ),
    Loss("geman_mcclure", limits=(("c", ABOVE_0),)),
    Loss(
        "welsch_loss", limits=(("c", ABOVE_0),),
        aliases=("welsch", "leclerc_loss", "correntropy_loss"),
    ),
    # At 0 and 2 the text divides by zero: cauchy and mse are its limits there.
    Loss(
        "barron_loss", limits=(("alpha", Interval(0.0, 2.0, True, True)), ("c", ABOVE_0)),
        aliases=("barron", "general_robust_loss"),
    ),
    Loss("berhu_loss", limits=(("c", ABOVE_0),), aliases=("berhu", "reverse_huber")),
    Loss(
        "wing_loss", limits=(("w", ABOVE_0), ("epsilon", ABOVE_0)), aliases=("wing",)
    ),
    Loss(
        "epsilon_insensitive", limits=(("epsilon", NON_NEGATIVE),),
        aliases=("svr_loss",),
    ),
    Loss(
        "squared_epsilon_insensitive",
        limits=(("epsilon", NON_NEGATIVE),),
    ),
    Loss(
        "expectile_loss", limits=(("tau", INNER),),
        aliases=("expectile", "asymmetric_least_squares"),
    ),
    Loss(
        "consistency_loss", over=ROWS, limits=(("c", ABOVE_0),),
    ),
)  # fmt: skip

GREATER = partial(Loss, end="softplus")
SCALES = (
    GREATER("msle", COUNTS, aliases=("mean_squared_log_error",)),
    GREATER("poisson_loss", COUNTS, aliases=("poisson", "poisson_nll")),
    GREATER(
        "scale_invariant_log_loss", POSITIVE, over="",
        limits=(("lambda_", PROBABILITY),), aliases=("silog_loss",),
    ),
    GREATER("gamma_deviance_loss", POSITIVE, aliases=("gamma_deviance",)),
    GREATER(
        "poisson_deviance_loss", POSITIVE, aliases=("poisson_deviance",)
    ),
    GREATER(
        "tweedie_deviance_loss", POSITIVE,
        limits=(("power", Interval(1.0, 2.0, True, True)),), aliases=("tweedie_deviance",),
    ),
    GREATER("iou_loss", BOXES, over=ROWS, units=4),
    GREATER("giou_loss", BOXES, over=ROWS, units=4),
    GREATER("diou_loss", BOXES, over=ROWS, units=4),
)  # fmt: skip

MARGINS = (
    Loss("hinge", SIGNS, aliases=("hinge_loss",)),
    Loss("squared_hinge", SIGNS),
    Loss("exponential_loss", SIGNS, aliases=("exponential", "adaboost_loss")),
    Loss(
        "logistic_loss", SIGNS, logits="sigmoid",
        aliases=("logistic", "soft_margin_loss"),
    ),
    Loss("modified_huber_loss", SIGNS, aliases=("modified_huber",)),
    Loss("smooth_hinge_loss", SIGNS, aliases=("smooth_hinge",)),
    Loss("savage_loss", SIGNS, aliases=("savage",)),
    Loss("tangent_loss", SIGNS, aliases=("tangent",)),
)  # fmt: skip

FOCUS = (("gamma", NON_NEGATIVE), ("alpha", PROBABILITY))
CHANCES = partial(Loss, target=BINARY, end="sigmoid")
LOGITS = partial(Loss, target=BINARY, logits="sigmoid")
YES_OR_NO = (
    CHANCES(
        "binary_crossentropy", smooths=True,
        fused=(("sigmoid", "binary_crossentropy_logits"),),
        aliases=("bce", "binary_cross_entropy", "log_loss"),
    ),
    LOGITS(
        "binary_crossentropy_logits", smooths=True,
        aliases=("bce_with_logits", "sigmoid_cross_entropy"),
    ),
    LOGITS(
        "weighted_bce_with_logits",
        limits=(("pos_weight", NON_NEGATIVE),), aliases=("weighted_binary_crossentropy",),
    ),
    CHANCES(
        "focal_loss", fused=(("sigmoid", "focal_loss_logits"),), limits=FOCUS,
        aliases=("focal", "binary_focal_crossentropy"),
    ),
    LOGITS("focal_loss_logits", limits=FOCUS,
           aliases=("focal_logits", "sigmoid_focal_loss")),
    CHANCES(
        "asymmetric_loss", aliases=("asymmetric", "asl"),
        limits=(("gamma_pos", NON_NEGATIVE), ("gamma_neg", NON_NEGATIVE), ("m", SHARE)),
    ),
    CHANCES(
        "dice_loss", over="", fused=(("sigmoid", "dice_loss_logits"),), limits=CORNERS,
        aliases=("dice",),
    ),
    LOGITS("dice_loss_logits", over="", limits=CORNERS,
           aliases=("dice_logits",)),
    CHANCES("squared_dice_loss", over="",
            aliases=("squared_dice", "vnet_dice")),
    CHANCES("log_cosh_dice_loss", over="", limits=CORNERS,
            aliases=("log_cosh_dice",)),
    CHANCES("jaccard_loss", over="", limits=CORNERS, aliases=("soft_iou_loss",)),
    CHANCES(
        "tversky_loss", over="", aliases=("tversky",),
        limits=(("alpha", NON_NEGATIVE), ("beta", NON_NEGATIVE), *CORNERS),
    ),
    CHANCES(
        "focal_tversky_loss", over="", aliases=("focal_tversky",),
        limits=(("alpha", PROBABILITY), ("gamma", ABOVE_0), *CORNERS),
    ),
    LOGITS("lovasz_hinge", over="", units=1, flat=True),
)  # fmt: skip

SHARES = partial(Loss, target=CLASSES, end="softmax", over=ROWS)
SCORES = partial(Loss, target=CLASSES, logits="softmax", over=ROWS)
ONE_OF_MANY = (
    SHARES(
        "categorical_crossentropy", smooths=True,
        fused=(("softmax", "categorical_crossentropy_logits"),),
        aliases=(
            "cross_entropy", "sparse_categorical_crossentropy", "crossentropy",
            "categorical_cross_entropy",
        ),
    ),
    SCORES(
        "categorical_crossentropy_logits", smooths=True,
        aliases=("cross_entropy_with_logits", "sparse_categorical_crossentropy_logits"),
    ),
    SCORES(
        "label_smoothing_crossentropy",
        limits=(("epsilon", SHARE),), aliases=("label_smoothed_cross_entropy",),
    ),
    SCORES("poly1_crossentropy", aliases=("poly_loss",)),
    SHARES("categorical_focal_loss", limits=(("gamma", NON_NEGATIVE),),
           aliases=("categorical_focal", "categorical_focal_crossentropy")),
    SHARES(
        "symmetric_crossentropy",
        limits=(
            ("alpha", NON_NEGATIVE), ("beta", NON_NEGATIVE), ("log_zero", Interval(high=0.0)),
        ),
    ),
    SHARES("generalized_crossentropy", limits=(("q", SHORT),)),
    SHARES("soft_bootstrap_loss", limits=(("beta", PROBABILITY),),
           aliases=("soft_bootstrap",)),
    SHARES("squared_emd_loss",
           aliases=("squared_emd", "ranked_probability_score")),
    SHARES(
        "kl_divergence_loss",
        fused=(("softmax", "kl_divergence_loss_logits"),),
        aliases=("kl_divergence", "kld", "kullback_leibler_divergence"),
    ),
    SCORES("kl_divergence_loss_logits", aliases=("kl_divergence_logits",)),
    SHARES("generalized_dice_loss", over="", flat=True,
           aliases=("generalized_dice",)),
    Loss("crammer_singer_hinge", CLASSES, over=ROWS,
         aliases=("multiclass_hinge",)),
    Loss("multi_margin_loss", CLASSES, limits=(("margin", ABOVE_0),),
         aliases=("multi_margin", "weston_watkins_hinge")),
)  # fmt: skip

LOSSES: Registry[Loss] = Registry("loss", (*NUMBERS, *SCALES, *MARGINS, *YES_OR_NO, *ONE_OF_MANY))
# Formulas of y and y_pred that are no loss of a head, and why.
NO_HEADS = {
    "sparse_categorical_crossentropy": "categorical_crossentropy takes class indices",
    "style_loss": "it compares the Gram matrices of one image's features",
}


def why_no_loss(name: str) -> str:
    """Return why a formula of the book is no loss of one output; "" for any other name."""
    formula = None if name in LOSSES else FORMULAS.get(name)
    if formula is None or formula.category != "loss":
        return ""
    takes = f"it takes {', '.join(formula.inputs)}, a loss of one output takes y and y_pred"
    return NO_HEADS.get(formula.name, takes)
