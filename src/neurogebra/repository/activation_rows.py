"""Activations of whole rows, and gated units with their weights."""

from neurogebra.repository.record import VECTOR, Formula, Interval, Rows, Same, at

_SCORES = Rows(of=Interval(-1.0, 1.0))
_SEQUENCE = Rows(("p", "m"), of=Interval(-2.0, 2.0))
_PROJECTION = Rows(("m", "q"), of=Interval(-1.0, 1.0))

ACTIVATION_ROWS = (
    Formula(
        name="softmin",
        expr="exp(-x) / sum(exp(-x), -1, 1)",
        inputs=("x",),
        summary=(
            "Costs of a row to shares that sum to 1, the smallest cost with the largest share."
        ),
        category="activation",
        stable="softmax(-x)",
        domain=(("x", VECTOR),),
        usage="Choosing by cost or distance, and soft alignment of series.",
        pros=("Reads as probabilities.",),
        cons=("One small cost starves all others.",),
        subcategory="row-wise",
        source=(
            "Bridle (1990), Training stochastic model recognition algorithms as networks, NIPS 2"
        ),
        checks=(
            at(x=(0.0, 0.6931471805599453))((0.6666666666666666, 0.3333333333333333)),
            Same("torch.nn.functional.softmin", options=(("dim", -1),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="temperature_softmax",
        expr="exp(x / T) / sum(exp(x / T), -1, 1)",
        inputs=("x",),
        summary="Softmax made flatter (T > 1) or sharper (T < 1).",
        category="activation",
        params=(("T", 2.0),),
        stable="softmax(x / T)",
        domain=(("x", VECTOR),),
        usage="Sampling from language models, distillation and calibration.",
        pros=("T = 1 is softmax, T → 0 the largest alone.",),
        cons=("Probabilities are only calibrated at the T they were fitted with.",),
        subcategory="row-wise",
        source=(
            "Hinton, Vinyals & Dean (2015), Distilling the knowledge in a neural network, "
            "arXiv:1503.02531"
        ),
        checks=(at(x=(0.0, 1.3862943611198906))((0.3333333333333333, 0.6666666666666666)),),
        sensitive=True,
    ),
    Formula(
        name="softmax_one",
        expr="exp(x) / (1 + sum(exp(x), -1, 1))",
        inputs=("x",),
        summary="Softmax with one more score, fixed at 0, that takes a share and is left out.",
        category="activation",
        stable=(
            "exp(x - max(amax(x, -1, 1), 0)) / (exp(-max(amax(x, -1, 1), 0)) "
            "+ sum(exp(x - max(amax(x, -1, 1), 0)), -1, 1))"
        ),
        domain=(("x", VECTOR),),
        usage="Attention heads that may look at nothing.",
        pros=("All shares can be small together.", "Fewer extreme activations in transformers."),
        cons=("The shares sum to less than 1.",),
        subcategory="row-wise",
        source="Miller (2023), Attention is off by one",
        checks=(at(x=(0.0, 0.6931471805599453))((0.25, 0.5)),),
        aliases=("quiet_softmax",),
        sensitive=True,
    ),
    Formula(
        name="gumbel_softmax",
        expr="exp((x + noise) / tau) / sum(exp((x + noise) / tau), -1, 1)",
        inputs=("x", "noise"),
        summary="A smooth draw of one class: softmax of scores plus Gumbel noise.",
        category="transform",
        params=(("tau", 1.0),),
        stable="softmax((x + noise) / tau)",
        domain=(("x", VECTOR), ("noise", VECTOR)),
        usage="Discrete choices inside networks that are trained by gradients.",
        pros=("Gradients pass through the draw.",),
        cons=("Biased: only τ → 0 draws a single class.",),
        subcategory="row-wise",
        source=(
            "Jang, Gu & Poole (2016), Categorical reparameterization with Gumbel-softmax, "
            "arXiv:1611.01144"
        ),
        checks=(at(x=(0.0, 0.5), noise=(0.0, 0.19314718055994531), tau=0.5)((0.2, 0.8)),),
        sensitive=True,
    ),
    Formula(
        name="hard_concrete",
        expr=(
            "min(max((zeta - gamma) / (1 + exp(-(log(u) - log(1 - u) + log_alpha) / beta)) "
            "+ gamma, 0), 1)"
        ),
        inputs=("log_alpha", "u"),
        summary=(
            "A gate that is exactly 0 or exactly 1 with some probability, yet has a gradient."
        ),
        category="transform",
        params=(("beta", 0.6666666666666666), ("gamma", -0.1), ("zeta", 1.1)),
        stable=(
            "min(max((zeta - gamma) * sigmoid((log(u) - log1p(-u) + log_alpha) / beta) + "
            "gamma, 0), 1)"
        ),
        domain=(("u", Interval(0.0, 1.0, low_open=True, high_open=True)),),
        usage=(
            "Learning which weights or heads to keep (L0 regularization); u is drawn evenly"
            " from 0 … 1."
        ),
        pros=("Exact zeros from a smooth draw.",),
        cons=("Draws with a hard gate pass no gradient.",),
        subcategory="gate",
        source=(
            "Louizos, Welling & Kingma (2017), Learning sparse neural networks through L0 "
            "regularization, arXiv:1712.01312"
        ),
        checks=(at(log_alpha=0.0, u=0.5)(0.5),),
        sensitive=True,
        floor=4.0,
    ),
    Formula(
        name="maxout",
        expr="max(matmul(W, x) + b)",
        inputs=("x", "W", "b"),
        summary="The largest of several linear maps.",
        category="transform",
        domain=(("x", Rows(("m",))), ("W", Rows(("n", "m"))), ("b", VECTOR)),
        usage="Hidden units that learn their own convex activation.",
        pros=("Any convex function, with enough pieces.", "Does not saturate."),
        cons=("As many times the parameters as pieces.",),
        subcategory="gate",
        source="Goodfellow et al. (2013), Maxout networks, arXiv:1302.4389",
        checks=(at(x=(1.0, 2.0), W=((1.0, 0.0), (0.0, 1.0)), b=(0.0, 0.5))(2.5),),
        sensitive=True,
    ),
    Formula(
        name="sparsemax",
        expr=(
            "max(x - amax((cumsum(flip(sort(x, -1), -1), -1) - 1) / (positions(x, -1) + 1),"
            " -1, 1), 0)"
        ),
        inputs=("x",),
        summary="Scores of a row to shares that sum to 1, most of them exactly 0.",
        category="activation",
        domain=(("x", _SCORES),),
        usage="Sparse attention and classes that can be ruled out.",
        pros=("Exact zeros.", "The closest point of the simplex."),
        cons=("No gradient for the classes that are ruled out.",),
        subcategory="row-wise",
        source="Martins & Astudillo (2016), From softmax to sparsemax, arXiv:1602.02068",
        checks=(at(x=(0.5, 0.25, -1.0))((0.625, 0.375, 0.0)),),
        sensitive=True,
    ),
    Formula(
        name="crelu",
        expr="concat(max(x, 0), max(-x, 0), -1)",
        inputs=("x",),
        summary="The positive parts and the negative parts of a row, one after the other.",
        category="transform",
        domain=(("x", VECTOR),),
        usage=(
            "Early layers of convolutional networks, whose filters come in pairs of opposite sign."
        ),
        pros=("Loses nothing: both signs pass.",),
        cons=("Twice as many outputs.",),
        subcategory="row-wise",
        source=(
            "Shang et al. (2016), Understanding and improving convolutional neural networks"
            " via concatenated rectified linear units, arXiv:1603.05201"
        ),
        checks=(at(x=(1.0, -2.0))((1.0, 0.0, 0.0, 2.0)),),
    ),
    Formula(
        name="glu",
        expr="1 / (1 + exp(-matmul(x, W))) * matmul(x, V)",
        inputs=("x", "W", "V"),
        summary="A linear map gated by the sigmoid of another.",
        category="transform",
        stable="sigmoid(matmul(x, W)) * matmul(x, V)",
        domain=(("x", _SEQUENCE), ("W", _PROJECTION), ("V", _PROJECTION)),
        usage="Gated convolutional networks for language.",
        pros=("A linear path for the gradient.",),
        cons=("Two weight matrices where one would do.",),
        subcategory="gate",
        source=(
            "Dauphin et al. (2016), Language modeling with gated convolutional networks, "
            "arXiv:1612.08083"
        ),
        checks=(at(x=((2.0,),), W=((0.0,),), V=((3.0,),))(((3.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="bilinear_glu",
        expr="matmul(x, W) * matmul(x, V)",
        inputs=("x", "W", "V"),
        summary="The product of two linear maps.",
        category="transform",
        domain=(("x", _SEQUENCE), ("W", _PROJECTION), ("V", _PROJECTION)),
        usage="Feed-forward blocks whose algebra must stay simple enough to analyse.",
        pros=("No saturation at all.",),
        cons=("Two weight matrices where one would do.",),
        subcategory="gate",
        source="Shazeer (2020), GLU variants improve transformer, arXiv:2002.05202",
        checks=(at(x=((2.0,),), W=((5.0,),), V=((3.0,),))(((60.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="reglu",
        expr="max(matmul(x, W), 0) * matmul(x, V)",
        inputs=("x", "W", "V"),
        summary="A linear map gated by the ReLU of another.",
        category="transform",
        domain=(("x", _SEQUENCE), ("W", _PROJECTION), ("V", _PROJECTION)),
        usage="Feed-forward blocks of language models.",
        pros=("Sparse and cheap.",),
        cons=("Two weight matrices where one would do.",),
        subcategory="gate",
        source="Shazeer (2020), GLU variants improve transformer, arXiv:2002.05202",
        checks=(at(x=((2.0,),), W=((-5.0,),), V=((3.0,),))(((0.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="geglu",
        expr="matmul(x, W) * (1 + erf(matmul(x, W) / sqrt(2))) / 2 * matmul(x, V)",
        inputs=("x", "W", "V"),
        summary="A linear map gated by the GELU of another.",
        category="transform",
        stable="matmul(x, W) * erfc(-matmul(x, W) / sqrt(2)) / 2 * matmul(x, V)",
        domain=(("x", _SEQUENCE), ("W", _PROJECTION), ("V", _PROJECTION)),
        usage="Feed-forward blocks of language models such as T5 v1.1 and Gemma.",
        pros=("Better than GELU at equal size.",),
        cons=("Two weight matrices where one would do.",),
        subcategory="gate",
        source="Shazeer (2020), GLU variants improve transformer, arXiv:2002.05202",
        checks=(at(x=((1.0,),), W=((1.0,),), V=((2.0,),))(((1.6826894921370859,),)),),
        sensitive=True,
    ),
    Formula(
        name="swiglu",
        expr="matmul(x, W) / (1 + exp(-matmul(x, W))) * matmul(x, V)",
        inputs=("x", "W", "V"),
        summary="A linear map gated by the swish of another.",
        category="transform",
        stable="matmul(x, W) * sigmoid(matmul(x, W)) * matmul(x, V)",
        domain=(("x", _SEQUENCE), ("W", _PROJECTION), ("V", _PROJECTION)),
        usage="Feed-forward blocks of language models such as Llama and PaLM.",
        pros=("Better than ReLU and GELU at equal size.",),
        cons=("Two weight matrices where one would do.",),
        subcategory="gate",
        source="Shazeer (2020), GLU variants improve transformer, arXiv:2002.05202",
        checks=(at(x=((1.0,),), W=((1.0,),), V=((2.0,),))(((1.4621171572600098,),)),),
        sensitive=True,
    ),
)
