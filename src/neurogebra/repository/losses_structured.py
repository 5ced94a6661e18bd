"""Losses for structure: masks, boxes, embeddings, rankings, ordered classes, sequences."""

from neurogebra.repository.filters import forward
from neurogebra.repository.record import (
    BINARY,
    PROBABILITY,
    SQUARE,
    VECTOR,
    Formula,
    Interval,
    Rows,
    Same,
    at,
)

LN2 = 0.6931471805599453
_MASKS = (("y", Rows(of=PROBABILITY)), ("y_pred", Rows(of=PROBABILITY)))
_BOX = Rows(("n", "d"), Interval(0.5, 3.0))
_BOXES = (("y", _BOX), ("y_pred", _BOX))
_FEATURES = Rows(("p", "q"))
_UNIT = Interval(-1.0, 1.0)


def unit(x: str) -> str:
    """Return the text of the rows of x at length 1."""
    return f"{x} / norm({x}, -1, 1)"


# Two boxes along an axis, from centres and sides: how far they overlap, how far both reach.
_SIDES = "slice(y, -1, 2), slice(y_pred, -1, 2)"
_HALVES = "(slice(y, -1, 2) + slice(y_pred, -1, 2)) / 2"
_APART = "abs(slice(y, -1, 0, 2) - slice(y_pred, -1, 0, 2))"
_OVERLAP = f"prod(max(0, min({_SIDES}, {_HALVES} - {_APART})), -1)"
_HULL = f"max({_SIDES}, {_HALVES} + {_APART})"
_UNION = f"(prod(slice(y, -1, 2), -1) + prod(slice(y_pred, -1, 2), -1) - {_OVERLAP})"

_CLIP = f"matmul({unit('image')}, transpose({unit('caption')}))"
_PAIRS = f"matmul({unit('concat(z1, z2, 0)')}, transpose({unit('concat(z1, z2, 0)')}))"
_SELF = f"matmul({unit('z')}, transpose({unit('z')}))"
_CROSS = (
    "matmul(transpose((z1 - mean(z1, 0)) / std(z1, 0)), (z2 - mean(z2, 0)) / std(z2, 0)) "
    "/ size(z1, 0)"
)
_COV = "matmul(transpose(z - mean(z, 0)), z - mean(z, 0)) / (size(z, 0) - 1)"
_GAPS = "sum((expand_dims(x, 1) - prototypes) ** 2, -1)"
_PROXY = f"sum((expand_dims({unit('x')}, 1) - {unit('proxies')}) ** 2, -1)"
_MISS = "(1 - y_pred * (2 * y - 1))"
_RANKED = f"take_along(y, argsort(-{_MISS}, 0), 0)"
_JACCARD = f"(1 - (sum(y) - cumsum({_RANKED}, 0)) / (sum(y) + cumsum(1 - {_RANKED}, 0)))"

# The label "a" as blank, a, blank: where paths begin, read backwards where they end; their moves.
_BAR = -1e30
_ENDS = (0.0, 0.0, _BAR)
_ONE_LABEL = ((0.0, 0.0, _BAR), (_BAR, 0.0, 0.0), (_BAR, _BAR, 0.0))

SEGMENTATION = (
    Formula(
        name="dice_loss_logits",
        expr="1 - (2 * sum(y / (1 + exp(-y_pred))) + smooth) "
        "/ (sum(y) + sum(1 / (1 + exp(-y_pred))) + smooth)",
        stable="1 - (2 * sum(y * sigmoid(y_pred)) + smooth) "
        "/ (sum(y) + sum(sigmoid(y_pred)) + smooth)",
        inputs=("y", "y_pred"),
        summary="One minus the overlap of a mask with a soft mask given as logits.",
        category="loss",
        params=(("smooth", 1.0),),
        domain=(("y", Rows(of=PROBABILITY)), ("y_pred", VECTOR)),
        usage="Segmentation heads without an activation.",
        pros=("Takes logits.", "Does not drown in background pixels."),
        cons=("Weak gradients where the sigmoid is flat: add a cross-entropy.",),
        subcategory="segmentation",
        source="Milletari, Navab & Ahmadi (2016), V-Net, arXiv:1606.04797",
        checks=(at(y=(1.0, 0.0), y_pred=(0.0, 0.0))(0.3333333333333333),),
        sensitive=True,
    ),
    Formula(
        name="squared_dice_loss",
        expr="1 - 2 * sum(y * y_pred) / (sum(y ** 2) + sum(y_pred ** 2))",
        inputs=("y", "y_pred"),
        summary="The Dice loss with squares below the line.",
        category="loss",
        domain=_MASKS,
        usage="Segmentation of organs and lesions.",
        pros=("0 only where the soft masks are equal.",),
        cons=("Undefined where both masks are empty.",),
        subcategory="segmentation",
        source="Milletari, Navab & Ahmadi (2016), V-Net, arXiv:1606.04797",
        checks=(at(y=(1.0, 0.0), y_pred=(0.5, 0.5))(0.3333333333333333),),
        aliases=("vnet_dice",),
        sensitive=True,
    ),
    Formula(
        name="jaccard_loss",
        expr="1 - (sum(y * y_pred) + smooth) / (sum(y) + sum(y_pred) - sum(y * y_pred) + smooth)",
        inputs=("y", "y_pred"),
        summary="One minus the intersection over the union of two soft masks.",
        category="loss",
        params=(("smooth", 1.0),),
        domain=_MASKS,
        usage="Segmentation judged by intersection over union.",
        pros=("Close to the metric that is reported.",),
        cons=("Gives hard images more weight than easy ones.",),
        subcategory="segmentation",
        source="Rahman & Wang (2016), Optimizing intersection-over-union in deep neural networks "
        "for image segmentation, ISVC",
        checks=(at(y=(1.0, 0.0), y_pred=(0.5, 0.5))(0.4),),
        aliases=("soft_iou_loss",),
        sensitive=True,
    ),
    Formula(
        name="tversky_loss",
        expr="1 - (sum(y * y_pred) + smooth) / (sum(y * y_pred) "
        "+ alpha * sum((1 - y) * y_pred) + beta * sum(y * (1 - y_pred)) + smooth)",
        inputs=("y", "y_pred"),
        summary="A Dice loss with prices of its own for false alarms and for misses.",
        category="loss",
        params=(("alpha", 0.3), ("beta", 0.7), ("smooth", 1.0)),
        domain=_MASKS,
        usage="Lesions, where a miss is worse than a false alarm.",
        pros=("Moves between precision and recall.", "Dice at α = β = 1/2."),
        cons=("Two numbers to choose.",),
        subcategory="segmentation",
        source="Salehi, Erdogmus & Gholipour (2017), Tversky loss function for image segmentation "
        "using 3D fully convolutional deep networks, arXiv:1706.05721",
        checks=(at(y=(1.0, 0.0), y_pred=(0.5, 0.5), smooth=0.0)(0.5),),
        sensitive=True,
    ),
    Formula(
        name="focal_tversky_loss",
        expr="(1 - (sum(y * y_pred) + smooth) / (sum(y * y_pred) + alpha * sum(y * (1 - y_pred)) "
        "+ (1 - alpha) * sum((1 - y) * y_pred) + smooth)) ** (1 / gamma)",
        inputs=("y", "y_pred"),
        summary="A Tversky loss raised to a power, so that hard images count more.",
        category="loss",
        params=(("alpha", 0.7), ("gamma", 1.3333333333333333), ("smooth", 1.0)),
        domain=_MASKS,
        usage="Small lesions in large images.",
        pros=("Keeps learning where the overlap is still poor.",),
        cons=("Its slope grows without bound near a perfect mask.",),
        subcategory="segmentation",
        source="Abraham & Khan (2019), A novel focal Tversky loss function with improved attention "
        "U-Net for lesion segmentation, arXiv:1810.07842",
        checks=(at(y=(1.0, 0.0), y_pred=(0.5, 0.5), smooth=0.0, gamma=0.5)(0.25),),
        sensitive=True,
    ),
    Formula(
        name="generalized_dice_loss",
        expr="1 - 2 * sum(sum(y * y_pred, 0) / max(sum(y, 0), 1) ** 2) "
        "/ sum(sum(y + y_pred, 0) / max(sum(y, 0), 1) ** 2)",
        inputs=("y", "y_pred"),
        summary="The Dice loss of many classes, each weighed by one over its squared size.",
        category="loss",
        domain=(
            ("y", Rows(("n", "m"), PROBABILITY)),
            ("y_pred", Rows(("n", "m"), PROBABILITY)),
        ),
        usage="Segmentation with classes of very unequal size: a row a pixel, a column a class.",
        pros=("Small regions count as much as large ones.",),
        cons=("A class without pixels weighs as one of a single pixel: any guess of it costs.",),
        subcategory="segmentation",
        source="Sudre, Li, Vercauteren, Ourselin & Cardoso (2017), Generalised Dice overlap as a "
        "deep learning loss function for highly unbalanced segmentations, arXiv:1707.03237",
        checks=(at(y=((1.0, 0.0), (0.0, 1.0)), y_pred=((0.5, 0.5), (0.5, 0.5)))(0.5),),
        sensitive=True,
    ),
    Formula(
        name="log_cosh_dice_loss",
        expr="log(cosh(1 - (2 * sum(y * y_pred) + smooth) / (sum(y) + sum(y_pred) + smooth)))",
        stable="log1p(2 * sinh((1 - (2 * sum(y * y_pred) + smooth) "
        "/ (sum(y) + sum(y_pred) + smooth)) / 2) ** 2)",
        inputs=("y", "y_pred"),
        summary="The Dice loss, rounded off near 0.",
        category="loss",
        params=(("smooth", 1.0),),
        domain=_MASKS,
        usage="Segmentation where the Dice loss trains roughly.",
        pros=("Smooth: its slope fades as masks agree.",),
        cons=("Slow close to the optimum.",),
        subcategory="segmentation",
        source="Jadon (2020), A survey of loss functions for semantic segmentation, "
        "arXiv:2006.14822",
        checks=(at(y=(1.0, 1.0), y_pred=(0.0, 0.0), smooth=0.0)(0.4337808304830271),),
        sensitive=True,
    ),
    Formula(
        name="boundary_loss",
        expr="mean(distance * y_pred)",
        inputs=("distance", "y_pred"),
        summary="The mean signed distance to the true boundary, over the predicted mask.",
        category="loss",
        domain=(("distance", VECTOR), ("y_pred", Rows(of=PROBABILITY))),
        usage="Beside a region loss, for small structures; distances are negative inside.",
        pros=("Counts by how far, not by how many pixels.",),
        cons=("Needs a distance map of every mask.", "Alone it can end in an empty mask."),
        subcategory="segmentation",
        source="Kervadec et al. (2019), Boundary loss for highly unbalanced segmentation, "
        "arXiv:1812.07032",
        checks=(at(distance=(-1.0, 2.0), y_pred=(1.0, 0.25))(-0.25),),
        sensitive=True,
    ),
    Formula(
        name="lovasz_hinge",
        expr=f"sum(max(0, sort({_MISS}, 0)) * flip({_JACCARD} "
        f"- pad(slice({_JACCARD}, 0, 0, -1), 0, 1, 0), 0))",
        inputs=("y", "y_pred"),
        summary="A convex surrogate of one minus intersection over union, by sorted errors.",
        category="loss",
        domain=(("y", Rows(of=BINARY)), ("y_pred", Rows(of=Interval(-3.0, 3.0)))),
        usage="Binary segmentation judged by intersection over union; y_pred are logits.",
        pros=("Optimises the metric itself, without a smoothing term.",),
        cons=("Needs a sort.", "Noisy for small batches."),
        subcategory="segmentation",
        source="Berman, Rannen Triki & Blaschko (2018), The Lovász-softmax loss, arXiv:1705.08790",
        checks=(
            at(y=(1.0, 0.0), y_pred=(0.5, -2.0))(0.5),
            at(y=(1.0, 1.0), y_pred=(2.0, 1.0))(0.0),
        ),
        sensitive=True,
    ),
    Formula(
        name="iou_loss",
        expr=f"mean(1 - {_OVERLAP} / {_UNION})",
        inputs=("y", "y_pred"),
        summary="One minus the intersection over the union of boxes.",
        category="loss",
        domain=_BOXES,
        usage="Detection; boxes are rows of centre x, centre y, width, height.",
        pros=("Blind to the size of the objects.",),
        cons=("No gradient where boxes do not touch.",),
        subcategory="boxes",
        source="Yu, Jiang, Wang, Cao & Huang (2016), UnitBox: an advanced object detection "
        "network, arXiv:1608.01471",
        checks=(at(y=((1.0, 1.0, 2.0, 2.0),), y_pred=((2.0, 1.0, 2.0, 2.0),))(0.6666666666666667),),
        sensitive=True,
    ),
    Formula(
        name="giou_loss",
        expr=f"mean(1 - {_OVERLAP} / {_UNION} + 1 - {_UNION} / prod({_HULL}, -1))",
        inputs=("y", "y_pred"),
        summary="The box loss that also counts the empty part of the box around both.",
        category="loss",
        domain=_BOXES,
        usage="Detection; boxes are rows of centre x, centre y, width, height.",
        pros=("Has a gradient where boxes do not touch.",),
        cons=("Slow where one box lies inside the other.",),
        subcategory="boxes",
        source="Rezatofighi et al. (2019), Generalized intersection over union, arXiv:1902.09630",
        checks=(at(y=((1.0, 1.0, 2.0, 2.0),), y_pred=((4.0, 1.0, 2.0, 2.0),))(1.2),),
        sensitive=True,
    ),
    Formula(
        name="diou_loss",
        expr=f"mean(1 - {_OVERLAP} / {_UNION} + sum({_APART} ** 2, -1) / sum(({_HULL}) ** 2, -1))",
        inputs=("y", "y_pred"),
        summary="The box loss that also counts how far the centres are apart.",
        category="loss",
        domain=_BOXES,
        usage="Detection; boxes are rows of centre x, centre y, width, height.",
        pros=("Moves boxes straight at their target.",),
        cons=("Ignores the ratio of the sides.",),
        subcategory="boxes",
        source="Zheng et al. (2020), Distance-IoU loss: faster and better learning for bounding "
        "box regression, arXiv:1911.08287",
        checks=(at(y=((1.0, 1.0, 2.0, 2.0),), y_pred=((4.0, 1.0, 2.0, 2.0),))(1.3103448275862069),),
        sensitive=True,
    ),
)

METRIC_LEARNING = (
    Formula(
        name="contrastive_loss",
        expr="mean(y * sum((x1 - x2) ** 2, -1) "
        "+ (1 - y) * max(0, margin - norm(x1 - x2, -1)) ** 2) / 2",
        inputs=("x1", "x2", "y"),
        summary="Pulls like pairs together and pushes unlike pairs a margin apart.",
        category="loss",
        params=(("margin", 1.0),),
        domain=(
            ("x1", Rows(("n", "d"), Interval(-0.5, 0.5))),
            ("x2", Rows(("n", "d"), Interval(-0.5, 0.5))),
            ("y", Rows(of=BINARY)),
        ),
        usage="Siamese networks; y is 1 for like pairs.",
        pros=("Needs only pairs.",),
        cons=("One margin for all unlike pairs.",),
        subcategory="metric_learning",
        source="Hadsell, Chopra & LeCun (2006), Dimensionality reduction by learning an invariant "
        "mapping, CVPR",
        checks=(
            at(x1=((0.0, 0.0), (0.0, 0.0)), x2=((3.0, 4.0), (0.3, 0.4)), y=(1.0, 0.0))(6.3125),
        ),
        sensitive=True,
    ),
    Formula(
        name="triplet_soft_margin",
        expr="mean(log(1 + exp(norm(anchor - positive, -1) - norm(anchor - negative, -1))))",
        stable="mean(softplus(norm(anchor - positive, -1) - norm(anchor - negative, -1)))",
        inputs=("anchor", "positive", "negative"),
        summary="A triplet loss without a margin: a softplus of the gap of distances.",
        category="loss",
        domain=(("anchor", _FEATURES), ("positive", _FEATURES), ("negative", _FEATURES)),
        usage="Re-identification and retrieval.",
        pros=("No margin to choose.", "Keeps pulling likes together."),
        cons=("Most triples teach little: they must be mined.",),
        subcategory="metric_learning",
        source="Hermans, Beyer & Leibe (2017), In defense of the triplet loss for person re-"
        "identification, arXiv:1703.07737",
        checks=(at(anchor=((0.0, 0.0),), positive=((3.0, 4.0),), negative=((0.0, 5.0),))(LN2),),
        sensitive=True,
    ),
    Formula(
        name="n_pair_loss",
        expr="mean(log(sum(exp(matmul(anchor, transpose(positive))), -1)) "
        "- sum(anchor * positive, -1))",
        stable="mean(logsumexp(matmul(anchor, transpose(positive)), -1) "
        "- sum(anchor * positive, -1))",
        inputs=("anchor", "positive"),
        summary="Each anchor must pick its partner among the partners of the others.",
        category="loss",
        domain=(("anchor", _FEATURES), ("positive", _FEATURES)),
        usage="Embeddings from pairs, one of each class in a batch.",
        pros=("Many negatives at the price of pairs.",),
        cons=("Lengths of features must be held by a price on them.",),
        subcategory="metric_learning",
        source="Sohn (2016), Improved deep metric learning with multi-class N-pair loss objective, "
        "NIPS 29",
        checks=(at(anchor=((0.0,), (0.0,)), positive=((1.0,), (2.0,)))(LN2),),
        aliases=("multiple_negatives_ranking_loss",),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="info_nce",
        expr="-mean(diagonal(log(softmax(S / temperature))))",
        stable="-mean(diagonal(log_softmax(S / temperature)))",
        inputs=("S",),
        summary="Each row must pick its partner, on the diagonal, from a table of similarities.",
        category="loss",
        params=(("temperature", 0.07),),
        domain=(("S", Rows(("n", "n"), _UNIT)),),
        usage="Contrastive learning in any form: S holds similarities of queries and keys.",
        pros=("A lower bound on mutual information.", "The batch gives the negatives."),
        cons=("Needs large batches.", "The temperature decides much."),
        subcategory="contrastive",
        source="van den Oord, Li & Vinyals (2018), Representation learning with contrastive "
        "predictive coding, arXiv:1807.03748",
        checks=(at(S=((0.5, 0.5), (0.5, 0.5)))(LN2),),
        aliases=("infonce",),
        sensitive=True,
    ),
    Formula(
        name="nt_xent",
        expr=f"mean(log(sum((1 - eye_like({_PAIRS})) * exp({_PAIRS} / temperature), -1))) "
        f"- mean(sum({unit('z1')} * ({unit('z2')}), -1)) / temperature",
        stable=f"mean(logsumexp({_PAIRS} / temperature - 1e9 * eye_like({_PAIRS}), -1)) "
        f"- mean(sum({unit('z1')} * ({unit('z2')}), -1)) / temperature",
        inputs=("z1", "z2"),
        summary="Two views of each image must find each other among all views of a batch.",
        category="loss",
        params=(("temperature", 0.5),),
        domain=(("z1", _FEATURES), ("z2", _FEATURES)),
        usage="SimCLR: learning image features without labels.",
        pros=("No labels, no memory bank.",),
        cons=("Needs large batches.", "Images that look alike are pushed apart."),
        subcategory="contrastive",
        source="Chen, Kornblith, Norouzi & Hinton (2020), A simple framework for contrastive "
        "learning of visual representations, arXiv:2002.05709",
        checks=(at(z1=((1.0, 0.0), (1.0, 0.0)), z2=((2.0, 0.0), (3.0, 0.0)))(1.0986122886681098),),
        aliases=("simclr_loss",),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="supcon_loss",
        expr=f"-mean(sum(matmul(y, transpose(y)) * (1 - eye_like({_SELF})) * "
        f"({_SELF} / temperature - log(sum((1 - eye_like({_SELF})) "
        f"* exp({_SELF} / temperature), -1, 1))), -1) "
        "/ max(1, sum(matmul(y, transpose(y)), -1) - 1))",
        inputs=("z", "y"),
        summary="Rows of one class must find each other; a row without partner counts 0.",
        category="loss",
        params=(("temperature", 0.5),),
        domain=(("z", Rows(("m", "q"))), ("y", Rows(("m", "q"), PROBABILITY, one_hot=True))),
        usage="Pretraining with labels, before a linear classifier.",
        pros=("Many positives a row.", "More robust than cross-entropy."),
        cons=("Two stages of training.", "Needs large batches."),
        subcategory="contrastive",
        source="Khosla et al. (2020), Supervised contrastive learning, arXiv:2004.11362",
        checks=(
            at(z=((1.0, 0.0), (2.0, 0.0), (3.0, 0.0)), y=((1.0, 0.0), (1.0, 0.0), (1.0, 0.0)))(LN2),
        ),
        aliases=("supervised_contrastive",),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="clip_loss",
        expr=f"(mean(log(sum(exp({_CLIP} / temperature), 0))) "
        f"+ mean(log(sum(exp({_CLIP} / temperature), 1)))) / 2 "
        f"- mean(diagonal({_CLIP})) / temperature",
        stable=f"(mean(logsumexp({_CLIP} / temperature, 0)) "
        f"+ mean(logsumexp({_CLIP} / temperature, 1))) / 2 "
        f"- mean(diagonal({_CLIP})) / temperature",
        inputs=("image", "caption"),
        summary="Each image must find its caption in the batch, and each caption its image.",
        category="loss",
        params=(("temperature", 0.07),),
        domain=(("image", _FEATURES), ("caption", _FEATURES)),
        usage="Joint embeddings of pictures and text.",
        pros=("Learns from pairs found anywhere.", "Gives classifiers without training them."),
        cons=("Needs very large batches.",),
        subcategory="contrastive",
        source="Radford et al. (2021), Learning transferable visual models from natural language "
        "supervision, arXiv:2103.00020",
        checks=(at(image=((1.0, 0.0), (2.0, 0.0)), caption=((1.0, 0.0), (3.0, 0.0)))(LN2),),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="siglip_loss",
        expr=f"sum(log(1 + exp((1 - 2 * eye_like({_CLIP})) * (t * {_CLIP} + b)))) / size(image, 0)",
        stable=f"sum(softplus((1 - 2 * eye_like({_CLIP})) * (t * {_CLIP} + b))) / size(image, 0)",
        inputs=("image", "caption"),
        summary="Every pair of image and caption is judged by itself: together or not.",
        category="loss",
        params=(("t", 10.0), ("b", -10.0)),
        domain=(("image", _FEATURES), ("caption", _FEATURES)),
        usage="Joint embeddings of pictures and text on many machines.",
        pros=("No normaliser over the batch.", "Works with small batches."),
        cons=("The bias must start low: almost all pairs are negatives.",),
        subcategory="contrastive",
        source="Zhai, Mustafa, Kolesnikov & Beyer (2023), Sigmoid loss for language image pre-"
        "training, arXiv:2303.15343",
        checks=(at(image=((1.0, 0.0),), caption=((2.0, 0.0),))(LN2),),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="moco_loss",
        expr="mean(log(exp(sum(q * k, -1) / temperature) "
        "+ sum(exp(matmul(q, transpose(queue)) / temperature), -1)) "
        "- sum(q * k, -1) / temperature)",
        stable="mean(logaddexp(sum(q * k, -1) / temperature, "
        "logsumexp(matmul(q, transpose(queue)) / temperature, -1)) "
        "- sum(q * k, -1) / temperature)",
        inputs=("q", "k", "queue"),
        summary="A query must know its key from the keys of earlier batches.",
        category="loss",
        params=(("temperature", 0.07),),
        domain=(
            ("q", Rows(("p", "d"), _UNIT)),
            ("k", Rows(("p", "d"), _UNIT)),
            ("queue", Rows(("n", "d"), _UNIT)),
        ),
        usage="Contrastive learning with a queue and a slowly moving key network.",
        pros=("Many negatives with small batches.",),
        cons=("Old keys come from old weights.",),
        subcategory="contrastive",
        source="He, Fan, Wu, Xie & Girshick (2020), Momentum contrast for unsupervised visual "
        "representation learning, arXiv:1911.05722",
        checks=(at(q=((1.0, 0.0),), k=((0.0, 1.0),), queue=((0.0, 1.0),))(LN2),),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="byol_loss",
        expr=f"mean(2 - 2 * sum({unit('prediction')} * ({unit('target')}), -1))",
        inputs=("prediction", "target"),
        summary="The mean squared distance of two views of each item, brought to length 1.",
        category="loss",
        domain=(("prediction", _FEATURES), ("target", _FEATURES)),
        usage="Learning without negatives; with uniformity it judges embeddings.",
        pros=("Needs no negatives.",),
        cons=("Collapses without the predictor and the slow target.",),
        subcategory="contrastive",
        source="Grill et al. (2020), Bootstrap your own latent, arXiv:2006.07733; Wang & Isola "
        "(2020), arXiv:2005.10242",
        checks=(at(prediction=((3.0, 4.0),), target=((0.0, 2.0),))(0.4),),
        aliases=("alignment_loss",),
        sensitive=True,
    ),
    Formula(
        name="simsiam_loss",
        expr=f"-(mean(sum({unit('p1')} * ({unit('z2')}), -1)) "
        f"+ mean(sum({unit('p2')} * ({unit('z1')}), -1))) / 2",
        inputs=("p1", "z1", "p2", "z2"),
        summary="Minus the cosine of each view's prediction with the other view's features.",
        category="loss",
        domain=tuple((n, _FEATURES) for n in ("p1", "z1", "p2", "z2")),
        usage="Siamese learning; no gradient may flow through z1 and z2.",
        pros=("No negatives, no second network.",),
        cons=("Collapses without the stop of gradients.",),
        subcategory="contrastive",
        source="Chen & He (2021), Exploring simple siamese representation learning, "
        "arXiv:2011.10566",
        checks=(at(p1=((3.0, 4.0),), z1=((1.0, 0.0),), p2=((1.0, 0.0),), z2=((0.0, 2.0),))(-0.9),),
        sensitive=True,
    ),
    Formula(
        name="barlow_twins_loss",
        expr=f"sum(eye_like({_CROSS}) * (1 - {_CROSS}) ** 2 "
        f"+ lambda_ * (1 - eye_like({_CROSS})) * ({_CROSS}) ** 2)",
        inputs=("z1", "z2"),
        summary="The correlation of two views' features must be the identity.",
        category="loss",
        params=(("lambda_", 0.005),),
        domain=(("z1", Rows(("n", "q"))), ("z2", Rows(("n", "q")))),
        usage="Learning without labels or negatives.",
        pros=("No negatives, no second network.", "Features do not repeat each other."),
        cons=("Wants features of many dimensions.",),
        subcategory="contrastive",
        source="Zbontar, Jing, Misra, LeCun & Deny (2021), Barlow twins, arXiv:2103.03230",
        checks=(
            at(
                z1=((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)),
                z2=((3.0, 5.0), (3.0, -5.0), (-3.0, 5.0), (-3.0, -5.0)),
            )(0.0),
        ),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="vicreg_variance",
        expr="mean(max(0, gamma - sqrt(var(z, 0) * size(z, 0) / (size(z, 0) - 1) + epsilon)))",
        inputs=("z",),
        summary="A price on features whose spread over the batch is below γ.",
        category="loss",
        params=(("gamma", 1.0), ("epsilon", 1e-4)),
        domain=(("z", Rows(("n", "m"), Interval(-0.9, 0.9))),),
        usage="One of the three terms of VICReg: it keeps features from collapsing.",
        pros=("Collapse is forbidden outright.",),
        cons=("Features are judged one by one: add the covariance term.",),
        subcategory="contrastive",
        source="Bardes, Ponce & LeCun (2022), VICReg: variance-invariance-covariance "
        "regularization for self-supervised learning, arXiv:2105.04906",
        checks=(at(z=((1.0,), (1.0,)))(0.99), at(z=((1.0,), (4.0,)))(0.0)),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="vicreg_covariance",
        expr=f"sum((1 - eye_like({_COV})) * ({_COV}) ** 2) / size(z, 1)",
        inputs=("z",),
        summary="A price on features that vary together.",
        category="loss",
        domain=(("z", Rows(("n", "p"))),),
        usage="One of the three terms of VICReg; also to decorrelate hidden units.",
        pros=("Features do not repeat each other.",),
        cons=("Costs a table of features by features.",),
        subcategory="contrastive",
        source="Bardes, Ponce & LeCun (2022), VICReg: variance-invariance-covariance "
        "regularization for self-supervised learning, arXiv:2105.04906",
        checks=(at(z=((1.0, 2.0), (-1.0, -2.0)))(16.0),),
        aliases=("decorrelation_loss",),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="uniformity_loss",
        expr=f"log(sum((1 - eye_like({_SELF})) * exp(2 * t * ({_SELF} - 1))) "
        "/ (size(z, 0) * (size(z, 0) - 1)))",
        inputs=("z",),
        summary="How crowded the sphere is: the log mean Gaussian of distances between items.",
        category="loss",
        params=(("t", 2.0),),
        domain=(("z", Rows(("m", "q"))),),
        usage="Judging or training embeddings, together with alignment.",
        pros=("Says one thing plainly: items fill the sphere.",),
        cons=("Every pair is looked at.",),
        subcategory="contrastive",
        source="Wang & Isola (2020), Understanding contrastive representation learning through "
        "alignment and uniformity on the hypersphere, arXiv:2005.10242",
        checks=(at(z=((2.0, 0.0), (-3.0, 0.0)))(-8.0),),
        sensitive=True,
        ulp=16.0,
    ),
    Formula(
        name="cosine_embedding_loss",
        expr=f"mean(where(y > 0, 1 - sum({unit('x1')} * ({unit('x2')}), -1), "
        f"max(0, sum({unit('x1')} * ({unit('x2')}), -1) - margin)))",
        inputs=("x1", "x2", "y"),
        summary="Cosines of like pairs must be 1, of unlike pairs at most a margin.",
        category="loss",
        params=(("margin", 0.1),),
        domain=(("x1", Rows(("n", "q"))), ("x2", Rows(("n", "q"))), ("y", Rows(of=BINARY))),
        usage="Pairs of documents or faces; y is above 0 for like pairs.",
        pros=("Blind to length.",),
        cons=("One margin for all unlike pairs.",),
        subcategory="metric_learning",
        source="Barz & Denzler (2020), Deep learning on small datasets without pre-training using "
        "cosine loss, arXiv:1901.09054; Hadsell, Chopra & LeCun (2006), CVPR",
        checks=(at(x1=((3.0, 4.0), (3.0, 4.0)), x2=((0.0, 2.0), (0.0, 2.0)), y=(1.0, -1.0))(0.45),),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="circle_loss",
        expr="log(1 + sum(exp(gamma * max(0, sn + m) * (sn - m))) "
        "* sum(exp(-gamma * max(0, 1 + m - sp) * (sp - 1 + m))))",
        stable="softplus(logsumexp(gamma * max(0, sn + m) * (sn - m)) "
        "+ logsumexp(-gamma * max(0, 1 + m - sp) * (sp - 1 + m)))",
        inputs=("sp", "sn"),
        summary="Similarities are pulled the harder the further they are from their optimum.",
        category="loss",
        params=(("m", 0.25), ("gamma", 64.0)),
        domain=(("sp", Rows(of=_UNIT)), ("sn", Rows(("m",), _UNIT))),
        usage="Faces and retrieval; cosines of like pairs (sp) and of unlike pairs (sn).",
        pros=("Each similarity learns at its own pace.",),
        cons=("Scale and margin must be chosen together.",),
        subcategory="metric_learning",
        source="Sun et al. (2020), Circle loss: a unified perspective of pair similarity "
        "optimization, arXiv:2002.10857",
        checks=(at(sp=(0.75,), sn=(0.25,))(LN2),),
        sensitive=True,
    ),
    Formula(
        name="multi_similarity_loss",
        expr="log(1 + sum(exp(-alpha * (sp - lambda_)))) / alpha "
        "+ log(1 + sum(exp(beta * (sn - lambda_)))) / beta",
        stable="softplus(logsumexp(-alpha * (sp - lambda_))) / alpha "
        "+ softplus(logsumexp(beta * (sn - lambda_))) / beta",
        inputs=("sp", "sn"),
        summary="Soft sums over the like and the unlike pairs of one anchor.",
        category="loss",
        params=(("alpha", 2.0), ("beta", 50.0), ("lambda_", 1.0)),
        domain=(("sp", Rows(of=_UNIT)), ("sn", Rows(("m",), _UNIT))),
        usage="Retrieval; cosines of an anchor with its likes (sp) and unlikes (sn).",
        pros=("Weighs pairs against each other, not one by one.",),
        cons=("Three numbers to choose.",),
        subcategory="metric_learning",
        source="Wang, Han, Huang, Dong & Scott (2019), Multi-similarity loss with general pair "
        "weighting for deep metric learning, arXiv:1904.06627",
        checks=(at(sp=(1.0,), sn=(1.0,))(0.3604365338911716),),
        sensitive=True,
    ),
    Formula(
        name="proxy_nca_loss",
        expr=f"mean(sum(y * {_PROXY}, -1) + log(sum((1 - y) * exp(-{_PROXY}), -1)))",
        inputs=("x", "proxies", "y"),
        summary="Each item must be nearer to its class's proxy than to the others.",
        category="loss",
        domain=(
            ("x", Rows(("n", "q"))),
            ("proxies", Rows(("m", "q"))),
            ("y", Rows(("n", "m"), PROBABILITY, one_hot=True)),
        ),
        usage="Retrieval with known classes; a learned proxy stands for each class.",
        pros=("No mining of pairs or triples.",),
        cons=("One proxy a class may be too few.",),
        subcategory="metric_learning",
        source="Movshovitz-Attias, Toshev, Leung, Ioffe & Singh (2017), No fuss distance metric "
        "learning using proxies, arXiv:1703.07464",
        checks=(at(x=((2.0, 0.0),), proxies=((3.0, 0.0), (0.0, 1.0)), y=((1.0, 0.0),))(-2.0),),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="prototypical_loss",
        expr=f"mean(sum(y * {_GAPS}, -1) + log(sum(exp(-{_GAPS}), -1)))",
        stable=f"mean(sum(y * {_GAPS}, -1) + logsumexp(-{_GAPS}, -1))",
        inputs=("x", "prototypes", "y"),
        summary="Cross-entropy over squared distances to the mean of each class.",
        category="loss",
        domain=(
            ("x", Rows(("n", "q"))),
            ("prototypes", Rows(("m", "q"))),
            ("y", Rows(("n", "m"), PROBABILITY, one_hot=True)),
        ),
        usage="Few-shot learning: prototypes are means of a handful of examples.",
        pros=("New classes need no training.",),
        cons=("One mean a class.",),
        subcategory="metric_learning",
        source="Snell, Swersky & Zemel (2017), Prototypical networks for few-shot learning, "
        "arXiv:1703.05175",
        checks=(at(x=((0.0, 0.0),), prototypes=((1.0, 0.0), (0.0, 1.0)), y=((1.0, 0.0),))(LN2),),
        sensitive=True,
        ulp=8.0,
    ),
    Formula(
        name="center_loss",
        expr="sum((x - matmul(y, centers)) ** 2) / 2",
        inputs=("x", "y", "centers"),
        summary="Half the squared distances of features from the centre of their class.",
        category="loss",
        domain=(
            ("x", Rows(("n", "q"))),
            ("y", Rows(("n", "m"), PROBABILITY, one_hot=True)),
            ("centers", Rows(("m", "q"))),
        ),
        usage="Beside cross-entropy, for features that cluster by class.",
        pros=("Tight classes.",),
        cons=("Centres must be updated along the way.",),
        subcategory="metric_learning",
        source="Wen, Zhang, Li & Qiao (2016), A discriminative feature learning approach for deep "
        "face recognition, ECCV",
        checks=(at(x=((1.0, 1.0),), y=((0.0, 1.0),), centers=((9.0, 9.0), (0.0, 3.0)))(2.5),),
        sensitive=True,
    ),
)

RANKING = (
    Formula(
        name="margin_ranking_loss",
        expr="mean(max(0, -y * (x1 - x2) + margin))",
        inputs=("x1", "x2", "y"),
        summary="The score that should be higher must be so by a margin.",
        category="loss",
        params=(("margin", 1.0),),
        domain=(("x1", VECTOR), ("x2", VECTOR), ("y", Rows(of=_UNIT))),
        usage="Learning to rank from pairs; y is 1 where x1 should win, else −1.",
        pros=("Ignores pairs that are well ordered.",),
        cons=("A kink at the margin.",),
        subcategory="ranking",
        source="Herbrich, Graepel & Obermayer (2000), Large margin rank boundaries for ordinal "
        "regression, MIT Press",
        checks=(
            at(x1=(1.0,), x2=(3.0,), y=(1.0,))(3.0),
            Same("torch.nn.functional.margin_ranking_loss", ("x1", "x2", "y"), (("margin", 1.0),)),
        ),
        aliases=("pairwise_hinge",),
        sensitive=True,
    ),
    Formula(
        name="ranknet_loss",
        expr="mean(log(1 + exp(s_i - s_j)) - P * (s_i - s_j))",
        stable="mean(P * softplus(s_j - s_i) + (1 - P) * softplus(s_i - s_j))",
        inputs=("s_i", "s_j", "P"),
        summary="Cross-entropy of the chance that i ranks above j.",
        category="loss",
        domain=(("s_i", VECTOR), ("s_j", VECTOR), ("P", Rows(of=PROBABILITY))),
        usage="Search ranking from pairs; P is the wanted chance that i comes first.",
        pros=("Smooth and convex in the scores.", "Takes ties and doubt as P = 1/2."),
        cons=("Counts all inversions alike, at the top and at the bottom.",),
        subcategory="ranking",
        source="Burges et al. (2005), Learning to rank using gradient descent, ICML",
        checks=(at(s_i=(1.0,), s_j=(1.0,), P=(1.0,))(LN2),),
        sensitive=True,
    ),
    Formula(
        name="bpr_loss",
        expr="mean(log(1 + exp(negative - positive)))",
        stable="mean(softplus(negative - positive))",
        inputs=("positive", "negative"),
        summary="The preferred item must have the higher score: a Bradley-Terry likelihood.",
        category="loss",
        domain=(("positive", VECTOR), ("negative", VECTOR)),
        usage="Recommenders from clicks, reward models from human preferences.",
        pros=("Needs only comparisons.",),
        cons=("Scores are known up to a constant only.",),
        subcategory="ranking",
        source="Rendle, Freudenthaler, Gantner & Schmidt-Thieme (2009), BPR: Bayesian personalized "
        "ranking from implicit feedback, arXiv:1205.2618; Bradley & Terry (1952), Biometrika 39",
        checks=(at(positive=(1.0,), negative=(1.0,))(LN2),),
        aliases=("bradley_terry_loss", "reward_model_loss"),
        sensitive=True,
    ),
    Formula(
        name="listnet_loss",
        expr="-mean(sum(softmax(y) * log(softmax(scores)), -1))",
        stable="-mean(sum(softmax(y) * log_softmax(scores), -1))",
        inputs=("y", "scores"),
        summary="Cross-entropy between the chances of first place by label and by score.",
        category="loss",
        domain=(("y", Rows(("p", "m"), Interval(0.0, 5.0))), ("scores", Rows(("p", "m")))),
        usage="Search ranking: a row a query, a column a document.",
        pros=("Looks at the whole list.", "Convex in the scores."),
        cons=("Grades matter by their exponentials.",),
        subcategory="ranking",
        source="Cao, Qin, Liu, Tsai & Li (2007), Learning to rank: from pairwise approach to "
        "listwise approach, ICML",
        checks=(at(y=((1.0, 1.0),), scores=((3.0, 3.0),))(LN2),),
        sensitive=True,
    ),
    Formula(
        name="listmle_loss",
        expr="sum(log(flip(cumsum(flip(exp(scores), 0), 0), 0))) - sum(scores)",
        inputs=("scores",),
        summary="The likelihood of drawing the list in its true order, one item after the other.",
        category="loss",
        domain=(("scores", Rows(("n",), Interval(-5.0, 5.0))),),
        usage="Search ranking; scores stand in the order the list should have.",
        pros=("The likelihood of whole permutations.",),
        cons=("Ties must be broken at random.", "The bottom counts as much as the top."),
        subcategory="ranking",
        source="Xia, Liu, Wang, Zhang & Li (2008), Listwise approach to learning to rank: theory "
        "and algorithm, ICML; Plackett (1975), The analysis of permutations",
        checks=(at(scores=(0.0, 0.0, 0.0))(1.791759469228055),),
        aliases=("plackett_luce_nll",),
        sensitive=True,
    ),
    Formula(
        name="lambda_rank_loss",
        expr="mean(abs((2 ** rel_i - 2 ** rel_j) "
        "* (log(2) / log(1 + rank_i) - log(2) / log(1 + rank_j))) * log(1 + exp(s_j - s_i)))",
        stable="mean(abs((2 ** rel_i - 2 ** rel_j) "
        "* (log(2) / log1p(rank_i) - log(2) / log1p(rank_j))) * softplus(s_j - s_i))",
        inputs=("s_i", "s_j", "rel_i", "rel_j", "rank_i", "rank_j"),
        summary="A pairwise loss weighed by how much a swap would change the discounted gain.",
        category="loss",
        domain=(
            ("s_i", VECTOR),
            ("s_j", VECTOR),
            ("rel_i", Rows(of=Interval(0.0, 4.0))),
            ("rel_j", Rows(of=Interval(0.0, 4.0))),
            ("rank_i", Rows(of=Interval(1.0, 20.0))),
            ("rank_j", Rows(of=Interval(1.0, 20.0))),
        ),
        usage="Search ranking judged by NDCG; i is the more relevant of each pair.",
        pros=("The top of the list counts most.",),
        cons=("Ranks must be taken anew as scores move.",),
        subcategory="ranking",
        source="Burges (2010), From RankNet to LambdaRank to LambdaMART: an overview, Microsoft "
        "Research MSR-TR-2010-82",
        checks=(
            at(s_i=(0.0,), s_j=(0.0,), rel_i=(2.0,), rel_j=(0.0,), rank_i=(3.0,), rank_j=(1.0,))(
                1.0397207708399179
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="squared_emd_loss",
        expr="mean(sum((cumsum(y, -1) - cumsum(y_pred, -1)) ** 2, -1))",
        inputs=("y", "y_pred"),
        summary="The squared earth mover's distance of shares over ordered classes.",
        category="loss",
        domain=(
            ("y", Rows(("n", "m"), PROBABILITY, simplex=True)),
            ("y_pred", Rows(("n", "m"), PROBABILITY, simplex=True)),
        ),
        usage="Ages, grades and ratings: being off by one costs less than by three.",
        pros=("Knows that classes are ordered.",),
        cons=("Takes neighbouring classes to be equally far apart.",),
        subcategory="ordinal",
        source="Hou, Yu & Samaras (2016), Squared earth mover's distance-based loss for training "
        "deep neural networks, arXiv:1611.05916",
        checks=(at(y=((1.0, 0.0, 0.0),), y_pred=((0.0, 0.0, 1.0),))(2.0),),
        aliases=("ranked_probability_score",),
        sensitive=True,
    ),
    Formula(
        name="sparse_categorical_crossentropy",
        expr="-mean(take_along(log(softmax(y_pred)), expand_dims(y, 1), 1))",
        stable="-mean(take_along(log_softmax(y_pred), expand_dims(y, 1), 1))",
        inputs=("y", "y_pred"),
        summary="Cross-entropy of logits, the classes given by their numbers.",
        category="loss",
        domain=(("y_pred", Rows(("n", "q"))), ("y", Rows(of=BINARY))),
        usage="Classification and language models: no one-hot rows are made.",
        pros=("Saves the memory of one-hot rows.",),
        cons=("Classes must be whole numbers from 0.",),
        subcategory="classification",
        source="Bishop (2006), Pattern recognition and machine learning, section 4.3.4",
        checks=(at(y_pred=((0.0, 0.0), (5.0, 5.0)), y=(1.0, 0.0))(LN2),),
        aliases=("sparse_cross_entropy",),
        sensitive=True,
    ),
)

SEQUENCES = (
    Formula(
        name="ctc_loss",
        expr=f"-logsumexp({forward('log_start', 'log_p')} + log_end)",
        inputs=("log_p", "log_start", "log_A", "log_end"),
        summary="Minus the log-chance of a label, over all ways to spread it on four steps.",
        category="loss",
        domain=(
            ("log_p", Rows(("m", "n"), Interval(-20.0, 0.0))),
            ("log_start", VECTOR),
            ("log_A", SQUARE),
            ("log_end", VECTOR),
        ),
        usage="Speech and handwriting: labels without the times at which they were said.",
        pros=(
            "No alignment of inputs and labels is needed.",
            "Stays in logarithms: nothing underflows.",
        ),
        cons=(
            "Moves of the label with its blanks come as logarithms; -1e30 bars one.",
            "Takes the outputs of different steps as independent.",
        ),
        subcategory="sequence",
        source="Graves, Fernández, Gomez & Schmidhuber (2006), Connectionist temporal "
        "classification: labelling unsegmented sequence data with recurrent neural networks, ICML",
        checks=(
            at(log_p=((-LN2,) * 3,) * 4, log_start=_ENDS, log_A=_ONE_LABEL, log_end=_ENDS[::-1])(
                0.4700036292457356  # one class and the blank: ten of sixteen paths
            ),
        ),
        aliases=("connectionist_temporal_classification",),
        sensitive=True,
    ),
)

LOSSES_STRUCTURED = (*SEGMENTATION, *METRIC_LEARNING, *RANKING, *SEQUENCES)
