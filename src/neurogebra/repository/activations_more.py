"""Further activations: smooth rectifiers, self-gates, shrinkage and waves."""

from neurogebra.repository.record import MATRIX, Formula, Interval, Rows, Same, at

_WAVES = Interval(-1e3, 1e3)
_NEAR = Interval(-2.0, 2.0)

ACTIVATIONS_MORE = (
    Formula(
        name="celu",
        expr="where(x > 0, x, alpha * (exp(x / alpha) - 1))",
        inputs=("x",),
        summary="An ELU whose slope at 0 is 1 for every α.",
        category="activation",
        params=(("alpha", 1.0),),
        stable="where(x > 0, x, alpha * expm1(where(x > 0, 0, x) / alpha))",
        usage="Hidden layers in which α is learned.",
        pros=("Smooth at 0 for every α.", "Its derivative is bounded."),
        cons=("An exponential for each negative value.",),
        subcategory="rectifier",
        source=(
            "Barron (2017), Continuously differentiable exponential linear units, arXiv:1704.07483"
        ),
        checks=(
            at(x=-1.0, alpha=2.0)(-0.7869386805747332),
            Same("torch.nn.functional.celu", ("x", "alpha")),
        ),
        sensitive=True,
    ),
    Formula(
        name="hard_shrink",
        expr="where(abs(x) > lambd, x, 0)",
        inputs=("x",),
        summary="Values nearer to 0 than λ become 0, the others stay.",
        category="activation",
        params=(("lambd", 0.5),),
        domain=(("x", _NEAR),),
        kinks=(-0.5, 0.5),
        usage="Denoising wavelet coefficients and sparse codes.",
        pros=("Large values are not biased.",),
        cons=("Jumps at ±λ.",),
        subcategory="shrinkage",
        source=(
            "Donoho & Johnstone (1994), Ideal spatial adaptation by wavelet shrinkage, "
            "Biometrika 81, 425-455"
        ),
        checks=(
            at(x=0.4)(0.0),
            at(x=-0.6)(-0.6),
            Same("torch.nn.functional.hardshrink", ("x", "lambd")),
        ),
        aliases=("hardshrink",),
    ),
    Formula(
        name="soft_shrink",
        expr="sign(x) * max(abs(x) - lambd, 0)",
        inputs=("x",),
        summary="Every value moved towards 0 by λ, and no further than 0.",
        category="activation",
        params=(("lambd", 0.5),),
        kinks=(-0.5, 0.5),
        usage="Sparse coding: the proximal step of the L1 penalty.",
        pros=("Continuous.", "Makes exact zeros."),
        cons=("Large values are biased by λ.",),
        subcategory="shrinkage",
        source=(
            "Donoho (1995), De-noising by soft-thresholding, IEEE Transactions on "
            "Information Theory 41, 613-627"
        ),
        checks=(at(x=-2.0)(-1.5), Same("torch.nn.functional.softshrink", ("x", "lambd"))),
        aliases=("softshrink",),
        sensitive=True,
    ),
    Formula(
        name="tanh_shrink",
        expr="x - tanh(x)",
        inputs=("x",),
        summary="What tanh takes away from a value.",
        category="activation",
        usage="Smooth shrinkage in sparse coding.",
        pros=("Smooth, and nearly flat around 0.",),
        cons=("Cancels near 0, where it is x³/3.",),
        subcategory="shrinkage",
        source="Kunc & Kléma (2024), Three decades of activations, arXiv:2402.09092",
        checks=(at(x=1.0)(0.2384058440442351), Same("torch.nn.functional.tanhshrink")),
        aliases=("tanhshrink",),
        floor=1.0,
    ),
    Formula(
        name="thresholded_relu",
        expr="where(x > theta, x, 0)",
        inputs=("x",),
        summary="A value above θ stays, any other becomes 0.",
        category="activation",
        params=(("theta", 1.0),),
        domain=(("x", _NEAR),),
        kinks=(1.0,),
        usage="Autoencoders without biases, and sparse features.",
        pros=("Sparser than ReLU.",),
        cons=("Jumps at θ.",),
        subcategory="rectifier",
        source=(
            "Konda, Memisevic & Krueger (2014), Zero-bias autoencoders and the benefits of "
            "co-adapting features, arXiv:1402.3337"
        ),
        checks=(
            at(x=1.5, theta=1.0)(1.5),
            at(x=0.5, theta=1.0)(0.0),
            Same("torch.nn.functional.threshold", ("x", "theta", "0")),
        ),
    ),
    Formula(
        name="prelu",
        expr="where(x > 0, x, alpha * x)",
        inputs=("x", "alpha"),
        summary="A leaky ReLU with a learned slope for each channel.",
        category="transform",
        domain=(("x", MATRIX), ("alpha", Rows(("m",)))),
        usage=("Convolutional networks in which each channel may choose its own negative slope."),
        pros=("The slope fits the data.", "Costs one number a channel."),
        cons=("Learned slopes can overfit small data.",),
        subcategory="rectifier",
        source="He et al. (2015), Delving deep into rectifiers, arXiv:1502.01852, eq. 1",
        checks=(
            at(x=((-2.0, 3.0), (4.0, -1.0)), alpha=(0.5, 0.1))(((-1.0, 3.0), (4.0, -0.1))),
            Same("torch.nn.functional.prelu"),
        ),
    ),
    Formula(
        name="rrelu_mean",
        expr="where(x > 0, x, (lower + upper) / 2 * x)",
        inputs=("x",),
        summary="The randomized leaky ReLU as used after training: its mean slope.",
        category="activation",
        params=(("lower", 0.125), ("upper", 0.3333333333333333)),
        kinks=(0.0,),
        usage="Predicting with a network trained with random negative slopes.",
        pros=("Random slopes in training act against overfitting.",),
        cons=("In training the slope is drawn, which this formula is not.",),
        subcategory="rectifier",
        source=(
            "Xu et al. (2015), Empirical evaluation of rectified activations in "
            "convolutional network, arXiv:1505.00853"
        ),
        checks=(
            at(x=-2.0, lower=0.0, upper=0.5)(-0.5),
            Same("torch.nn.functional.rrelu", ("x", "lower", "upper")),
        ),
        aliases=("rrelu",),
    ),
    Formula(
        name="squareplus",
        expr="(x + sqrt(x ** 2 + b)) / 2",
        inputs=("x",),
        summary="A smooth ReLU made of a square root.",
        category="activation",
        params=(("b", 4.0),),
        stable=(
            "where(x > 0, (x + sqrt(x ** 2 + b)) / 2, b / 2 / (sqrt(x ** 2 + b) - where(x >"
            " 0, 0, x)))"
        ),
        domain=(("x", Interval(-1e9, 1e9)),),
        usage="In place of softplus where exponentials are slow.",
        pros=("No exponential.", "b = 0 gives ReLU."),
        cons=("Falls to 0 as 1/x only.",),
        subcategory="rectifier",
        source=("Barron (2021), Squareplus: a softplus-like algebraic rectifier, arXiv:2112.11687"),
        checks=(at(x=0.0)(1.0), at(x=1.5)(2.0)),
    ),
    Formula(
        name="isru",
        expr="x / sqrt(1 + alpha * x ** 2)",
        inputs=("x",),
        summary="Bounded like tanh, made of an inverse square root.",
        category="activation",
        params=(("alpha", 1.0),),
        stable=(
            "x / max(abs(x), 1) / sqrt((1 / max(abs(x), 1)) ** 2 + alpha * (x / max(abs(x),"
            " 1)) ** 2)"
        ),
        usage="Recurrent cells and hidden layers where tanh is too slow.",
        pros=("No exponential.", "Reaches ±1/√α as 1/x²."),
        cons=("Saturates on both sides.",),
        subcategory="sigmoidal",
        source=(
            "Carlile et al. (2017), Improving deep learning by inverse square root linear "
            "units, arXiv:1710.09967"
        ),
        checks=(at(x=0.75)(0.6), at(x=-1.0, alpha=3.0)(-0.5)),
    ),
    Formula(
        name="isrlu",
        expr="where(x > 0, x, x / sqrt(1 + alpha * x ** 2))",
        inputs=("x",),
        summary="The value, with the inverse square root unit on the negative side.",
        category="activation",
        params=(("alpha", 1.0),),
        stable=(
            "where(x > 0, x, x / max(abs(x), 1) / sqrt((1 / max(abs(x), 1)) ** 2 + alpha * "
            "(x / max(abs(x), 1)) ** 2))"
        ),
        usage="In place of ELU where exponentials are slow.",
        pros=("Smooth up to the second derivative.", "No exponential."),
        cons=("Saturates far left.",),
        subcategory="rectifier",
        source=(
            "Carlile et al. (2017), Improving deep learning by inverse square root linear "
            "units, arXiv:1710.09967"
        ),
        checks=(at(x=-0.75)(-0.6), at(x=2.0)(2.0)),
    ),
    Formula(
        name="bent_identity",
        expr="(sqrt(x ** 2 + 1) - 1) / 2 + x",
        inputs=("x",),
        summary="Almost the value itself, with slope 1/2 far left and 3/2 far right.",
        category="activation",
        stable=(
            "x * (x / max(abs(x), 1) / (sqrt((x / max(abs(x), 1)) ** 2 + (1 / max(abs(x), "
            "1)) ** 2) + 1 / max(abs(x), 1))) / 2 + x"
        ),
        usage="Regression networks that need a mild bend.",
        pros=("No saturation on either side.",),
        cons=("Nearly linear: few bends a layer.",),
        subcategory="unbounded",
        source="Kunc & Kléma (2024), Three decades of activations, arXiv:2402.09092",
        checks=(at(x=0.75)(0.875), at(x=0.0)(0.0)),
        sensitive=True,
    ),
    Formula(
        name="bipolar_sigmoid",
        expr="(1 - exp(-x)) / (1 + exp(-x))",
        inputs=("x",),
        summary="The sigmoid stretched to the range −1 … 1.",
        category="activation",
        stable="tanh(x / 2)",
        usage="Classical networks with outputs between −1 and 1.",
        pros=("Centred at 0.",),
        cons=("Saturates on both sides.",),
        subcategory="sigmoidal",
        source="Fausett (1994), Fundamentals of neural networks, Prentice Hall",
        checks=(at(x=1.0)(0.46211715726000976),),
    ),
    Formula(
        name="lisht",
        expr="x * tanh(x)",
        inputs=("x",),
        summary="The value times its own tanh.",
        category="activation",
        usage="Hidden layers where a symmetric, never negative response fits.",
        pros=("Never negative, and linear far out.",),
        cons=("Forgets the sign.",),
        subcategory="self-gated",
        source=(
            "Roy et al. (2019), LiSHT: non-parametric linearly scaled hyperbolic tangent "
            "activation function, arXiv:1901.05894"
        ),
        checks=(at(x=-1.0)(0.7615941559557649),),
    ),
    Formula(
        name="phish",
        expr="x * tanh(x * (1 + erf(x / sqrt(2))) / 2)",
        inputs=("x",),
        summary="The value times tanh of its GELU.",
        category="activation",
        stable="x * tanh(x * erfc(-x / sqrt(2)) / 2)",
        usage="Hidden layers of image classifiers.",
        pros=("Smooth.", "Lets a small negative signal pass."),
        cons=("Dearer than GELU.",),
        subcategory="self-gated",
        source="Naveen (2022), Phish: a novel hyper-optimizable activation function, TechRxiv",
        checks=(at(x=1.0)(0.6865206717033414),),
        sensitive=True,
        floor=1e-80,
    ),
    Formula(
        name="serf",
        expr="x * erf(log(1 + exp(x)))",
        inputs=("x",),
        summary="The value times the error function of its softplus.",
        category="activation",
        stable="x * erf(softplus(x))",
        usage="Hidden layers, in place of mish.",
        pros=("Smooth.", "Lets a small negative signal pass."),
        cons=("Dearer than mish.",),
        subcategory="self-gated",
        source=(
            "Nag & Bhattacharyya (2021), SERF: towards better training of deep neural "
            "networks using log-softplus error activation function, arXiv:2108.09598"
        ),
        checks=(at(x=1.0)(0.9367219154717153),),
    ),
    Formula(
        name="smish",
        expr="x * tanh(log(1 + 1 / (1 + exp(-x))))",
        inputs=("x",),
        summary="The value times tanh of the logarithm of one plus its sigmoid.",
        category="activation",
        stable="x * tanh(log1p(sigmoid(x)))",
        usage="Hidden layers of image classifiers.",
        pros=("Smooth.", "Lets a small negative signal pass."),
        cons=("Its slope far right is 0.6, not 1.",),
        subcategory="self-gated",
        source=(
            "Wang, Ren & Wang (2022), Smish: a novel activation function for deep learning "
            "methods, Electronics 11, 540"
        ),
        checks=(at(x=1.0)(0.4995701060309371),),
    ),
    Formula(
        name="logish",
        expr="x * log(1 + 1 / (1 + exp(-x)))",
        inputs=("x",),
        summary="The value times the logarithm of one plus its sigmoid.",
        category="activation",
        stable="x * log1p(sigmoid(x))",
        usage="Hidden layers of convolutional networks.",
        pros=("Smooth.", "Lets a small negative signal pass."),
        cons=("Its slope far right is ln 2, not 1.",),
        subcategory="self-gated",
        source=(
            "Zhu et al. (2021), Logish: a new nonlinear nonmonotonic activation function "
            "for convolutional neural network, Neurocomputing 458, 490-499"
        ),
        checks=(at(x=1.0)(0.5487331165400282),),
    ),
    Formula(
        name="tanh_exp",
        expr="x * tanh(exp(x))",
        stable="x * tanh(exp(min(x, 20)))",
        inputs=("x",),
        summary="The value times tanh of its exponential.",
        category="activation",
        usage="Lightweight networks that must learn in few epochs.",
        pros=("Nearly linear from 1 on.", "Lets a small negative signal pass."),
        cons=("Dearer than swish.",),
        subcategory="self-gated",
        source=(
            "Liu & Di (2020), TanhExp: a smooth activation function with high convergence "
            "speed for lightweight neural networks, arXiv:2003.09855"
        ),
        checks=(at(x=1.0)(0.9913289158005998),),
        sensitive=True,
    ),
    Formula(
        name="swish_beta",
        expr="x / (1 + exp(-beta * x))",
        inputs=("x",),
        summary="Swish with a steepness β, which may be learned.",
        category="activation",
        params=(("beta", 1.0),),
        stable="x * sigmoid(beta * x)",
        usage="Hidden layers between linear (β = 0) and ReLU (large β).",
        pros=("Smooth.", "β can be learned."),
        cons=("One more number to choose or to learn.",),
        subcategory="self-gated",
        source=(
            "Ramachandran, Zoph & Le (2017), Searching for activation functions, arXiv:1710.05941"
        ),
        checks=(at(x=1.0, beta=2.0)(0.8807970779778823),),
        sensitive=True,
        floor=1e-35,
    ),
    Formula(
        name="e_swish",
        expr="beta * x / (1 + exp(-x))",
        inputs=("x",),
        summary="Swish stretched by a factor β between 1 and 2.",
        category="activation",
        params=(("beta", 1.5),),
        stable="beta * x * sigmoid(x)",
        usage="Hidden layers of wide residual networks.",
        pros=("Steeper than swish, so gradients are larger.",),
        cons=("Too large a factor makes training unstable.",),
        subcategory="self-gated",
        source=(
            "Alcaide (2018), E-swish: adjusting activations to different network depths, "
            "arXiv:1801.07145"
        ),
        checks=(at(x=1.0, beta=2.0)(1.4621171572600098),),
    ),
    Formula(
        name="aria2",
        expr="x / (1 + exp(-beta * x)) ** alpha",
        inputs=("x",),
        summary="The value times a Richards curve of it.",
        category="activation",
        params=(("alpha", 1.5), ("beta", 2.0)),
        stable="x * exp(-alpha * softplus(-beta * x))",
        usage="Hidden layers of image classifiers; α = 1 is swish.",
        pros=("Two shapes to tune: α and β.",),
        cons=("Two more numbers to choose.",),
        subcategory="self-gated",
        source=(
            "Patwardhan, Ingalhalikar & Walambe (2018), ARiA: utilizing Richard's curve for"
            " controlling the non-monotonicity of the activation function in deep neural "
            "nets, arXiv:1805.08878"
        ),
        checks=(at(x=0.0)(0.0), at(x=1.0, alpha=2.0, beta=1.0)(0.534446645388523)),
        sensitive=True,
    ),
    Formula(
        name="soft_clipping",
        expr="log((1 + exp(alpha * x)) / (1 + exp(alpha * (x - 1)))) / alpha",
        inputs=("x",),
        summary="A smooth clip to the range 0 … 1, nearly linear between.",
        category="activation",
        params=(("alpha", 1.0),),
        stable=(
            "where(x > 0.5, 1 - (softplus(alpha * (1 - x)) - softplus(-alpha * x)) / alpha,"
            " (softplus(alpha * x) - softplus(alpha * (x - 1))) / alpha)"
        ),
        usage="Outputs that must stay between 0 and 1 and be linear inside.",
        pros=("Linear inside for large α.", "Smooth."),
        cons=("No gradient far outside.",),
        subcategory="sigmoidal",
        source=(
            "Klimek & Perelstein (2018), Neural network-based approach to phase space "
            "integration, arXiv:1810.11509"
        ),
        checks=(at(x=0.5)(0.5),),
        sensitive=True,
    ),
    Formula(
        name="elish",
        expr="where(x > 0, x / (1 + exp(-x)), (exp(x) - 1) / (1 + exp(-x)))",
        inputs=("x",),
        summary="Swish on the positive side, ELU times the sigmoid on the negative one.",
        category="activation",
        stable="where(x > 0, x, expm1(where(x > 0, 0, x))) * sigmoid(x)",
        usage="Hidden layers of image classifiers.",
        pros=("Information flows better through its sigmoid part than in ELU.",),
        cons=("Two exponentials for each negative value.",),
        subcategory="self-gated",
        source=(
            "Basirat & Roth (2018), The quest for the golden activation function, arXiv:1808.00783"
        ),
        checks=(at(x=1.0)(0.7310585786300049),),
        sensitive=True,
    ),
    Formula(
        name="hard_elish",
        expr="where(x > 0, x, exp(x) - 1) * min(max((x + 1) / 2, 0), 1)",
        inputs=("x",),
        summary="ELiSH with a hard sigmoid.",
        category="activation",
        stable="where(x > 0, x, expm1(where(x > 0, 0, x))) * min(max((x + 1) / 2, 0), 1)",
        kinks=(-1.0, 1.0),
        usage="As ELiSH, on small devices.",
        pros=("Exactly 0 below −1, exactly x above 1.",),
        cons=("No gradient below −1.",),
        subcategory="self-gated",
        source=(
            "Basirat & Roth (2018), The quest for the golden activation function, arXiv:1808.00783"
        ),
        checks=(at(x=0.5)(0.375), at(x=-2.0)(0.0)),
        sensitive=True,
    ),
    Formula(
        name="snake",
        expr="x + sin(alpha * x) ** 2 / alpha",
        inputs=("x",),
        summary="The value with a wave on top.",
        category="activation",
        params=(("alpha", 1.0),),
        domain=(("x", _WAVES),),
        usage=("Periodic signals, such as audio vocoders, which must continue outside the data."),
        pros=("Learns periods and carries them on.", "Never decreases."),
        cons=("The frequency α must fit or be learned.",),
        subcategory="periodic",
        source=(
            "Ziyin, Hartwig & Ueda (2020), Neural networks fail to learn periodic functions"
            " and how to fix it, arXiv:2006.08195"
        ),
        checks=(at(x=1.0)(1.7080734182735712),),
        sensitive=True,
    ),
    Formula(
        name="sine_activation",
        expr="sin(omega_0 * x)",
        inputs=("x",),
        summary="A sine of a given frequency.",
        category="activation",
        params=(("omega_0", 1.0),),
        domain=(("x", _WAVES),),
        usage=(
            "SIREN networks of images, shapes and fields from coordinates, with ω₀ = 30 in "
            "each layer."
        ),
        pros=("All its derivatives are of the same kind.",),
        cons=("Needs its own first weights to train.",),
        subcategory="periodic",
        source=(
            "Sitzmann et al. (2020), Implicit neural representations with periodic "
            "activation functions, arXiv:2006.09661"
        ),
        checks=(at(x=0.1, omega_0=30.0)(0.1411200080598672),),
        aliases=("siren",),
        sensitive=True,
    ),
    Formula(
        name="growing_cosine_unit",
        expr="x * cos(x)",
        inputs=("x",),
        summary="The value times its cosine.",
        category="activation",
        domain=(("x", _WAVES),),
        usage="Hidden layers of small networks: one unit of it can learn XOR.",
        pros=("Oscillates, so one unit draws several boundaries.",),
        cons=("Its slope grows without bound.",),
        subcategory="periodic",
        source=(
            "Noel et al. (2021), Growing cosine unit: a novel oscillatory activation "
            "function, arXiv:2108.12943"
        ),
        checks=(at(x=1.0)(0.5403023058681398),),
        aliases=("gcu",),
        sensitive=True,
    ),
    Formula(
        name="quick_gelu",
        expr="x / (1 + exp(-1.702 * x))",
        inputs=("x",),
        summary="GELU approximated by a sigmoid.",
        category="activation",
        stable="x * sigmoid(1.702 * x)",
        usage="Reading checkpoints of CLIP and early GPT models, which were trained with it.",
        pros=("Cheaper than GELU.",),
        cons=("Off by up to 0.02 from GELU: weights are tied to the variant.",),
        subcategory="self-gated",
        source="Hendrycks & Gimpel (2016), Gaussian error linear units, arXiv:1606.08415",
        checks=(at(x=0.0)(0.0),),
        sensitive=True,
    ),
    Formula(
        name="relu_squared",
        expr="max(x, 0) ** 2",
        inputs=("x",),
        summary="The square of ReLU.",
        category="activation",
        usage="Feed-forward blocks of transformers, in place of GELU.",
        pros=("Smooth at 0, still sparse.", "Cheap."),
        cons=("Grows fast: needs normalisation.",),
        subcategory="rectifier",
        source=(
            "So et al. (2021), Primer: searching for efficient transformers for language "
            "modeling, arXiv:2109.08668"
        ),
        checks=(at(x=-1.0)(0.0), at(x=1.5)(2.25)),
        aliases=("squared_relu",),
    ),
    Formula(
        name="star_relu",
        expr="s * max(x, 0) ** 2 + b",
        inputs=("x",),
        summary="A squared ReLU shifted and scaled to mean 0 and variance 1.",
        category="activation",
        params=(("s", 0.8944), ("b", -0.4472)),
        usage="MetaFormer networks for pictures, in place of GELU.",
        pros=("No exponential.", "Keeps the statistics of a standard normal input."),
        cons=("Its constants assume a standard normal input.",),
        subcategory="rectifier",
        source="Yu et al. (2022), MetaFormer baselines for vision, arXiv:2210.13452",
        checks=(at(x=-1.0)(-0.4472), at(x=1.0, s=2.0, b=-0.5)(1.5)),
        sensitive=True,
    ),
    Formula(
        name="shifted_softplus",
        expr="log(0.5 * exp(x) + 0.5)",
        inputs=("x",),
        summary="Softplus lowered so that it passes through 0.",
        category="activation",
        stable=(
            "where(abs(x) < 1, log1p(expm1(where(abs(x) < 1, x, 0)) / 2), softplus(x) - "
            "0.6931471805599453)"
        ),
        usage="Networks of molecules, whose energies must be smooth.",
        pros=("All derivatives exist.", "0 stays 0."),
        cons=("Dearer than ReLU.",),
        subcategory="rectifier",
        source=(
            "Schütt et al. (2017), SchNet: a continuous-filter convolutional neural network"
            " for modeling quantum interactions, arXiv:1706.08566"
        ),
        checks=(at(x=0.0)(0.0),),
        sensitive=True,
    ),
    Formula(
        name="softplus_beta",
        expr="log(1 + exp(beta * x)) / beta",
        inputs=("x",),
        summary="A smooth ReLU with a sharpness β.",
        category="activation",
        params=(("beta", 1.0),),
        stable="softplus(beta * x) / beta",
        usage="Positive outputs, and signed distance networks, with β = 100.",
        pros=("β chooses between smooth and ReLU.",),
        cons=("One more number to choose.",),
        subcategory="rectifier",
        source=(
            "Dugas et al. (2001), Incorporating second-order functional knowledge for "
            "better option pricing, NIPS 13"
        ),
        checks=(
            at(x=0.0, beta=2.0)(0.34657359027997264),
            Same("torch.nn.functional.softplus", ("x", "beta"), (("threshold", 800),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="elliott_sigmoid",
        expr="x / (2 * (1 + abs(x))) + 1 / 2",
        inputs=("x",),
        summary="A sigmoid without an exponential.",
        category="activation",
        stable="where(x > 0, 1 - 1 / (2 * (1 + abs(x))), 1 / (2 * (1 + abs(x))))",
        usage="Gates on small devices.",
        pros=("Cheap.",),
        cons=("Approaches 0 and 1 slowly.",),
        subcategory="sigmoidal",
        source=(
            "Elliott (1993), A better activation function for artificial neural networks, "
            "ISR technical report 93-8"
        ),
        checks=(at(x=1.0)(0.75), at(x=-3.0)(0.125)),
    ),
    Formula(
        name="lecun_tanh",
        expr="1.7159 * tanh(2 * x / 3)",
        inputs=("x",),
        summary="A tanh scaled to pass near (1, 1) and (−1, −1).",
        category="activation",
        usage="Networks trained on targets of ±1.",
        pros=("Targets of ±1 are reached where the curve still bends most.",),
        cons=("Saturates on both sides.",),
        subcategory="sigmoidal",
        source="LeCun, Bottou, Orr & Müller (1998), Efficient BackProp",
        checks=(at(x=0.0)(0.0),),
        aliases=("scaled_tanh",),
        sensitive=True,
    ),
    Formula(
        name="srelu",
        expr=("where(x >= t_r, t_r + a_r * (x - t_r), where(x > t_l, x, t_l + a_l * (x - t_l)))"),
        inputs=("x",),
        summary="Three straight lines: the value between two bounds, other slopes beyond.",
        category="activation",
        params=(("t_l", -1.0), ("a_l", 0.25), ("t_r", 1.0), ("a_r", 0.25)),
        kinks=(-1.0, 1.0),
        usage="Convolutional networks that learn the four numbers for each channel.",
        pros=("Convex or not, as the data ask.",),
        cons=("Four numbers to learn a channel.",),
        subcategory="rectifier",
        source=(
            "Jin et al. (2015), Deep learning with S-shaped rectified linear activation "
            "units, arXiv:1512.07030"
        ),
        checks=(at(x=3.0)(1.5), at(x=-3.0)(-1.5)),
        sensitive=True,
    ),
    Formula(
        name="pelu",
        expr="where(x > 0, a * x / b, a * (exp(x / b) - 1))",
        inputs=("x",),
        summary="An ELU of which scale and decay can be learned.",
        category="activation",
        params=(("a", 1.0), ("b", 1.0)),
        stable="where(x > 0, a * x / b, a * expm1(where(x > 0, 0, x) / b))",
        usage="Networks in which each layer learns the shape of its activation.",
        pros=("Smooth at 0 for all a and b.",),
        cons=("a and b must stay positive.",),
        subcategory="rectifier",
        source=(
            "Trottier, Giguère & Chaib-draa (2016), Parametric exponential linear unit for "
            "deep convolutional neural networks, arXiv:1605.09332"
        ),
        checks=(at(x=3.0, b=1.5)(2.0), at(x=-1.0, a=1.0, b=1.0)(-0.6321205588285577)),
        sensitive=True,
    ),
    Formula(
        name="nlrelu",
        expr="log(beta * max(x, 0) + 1)",
        inputs=("x",),
        summary="The logarithm of one plus a ReLU.",
        category="activation",
        params=(("beta", 1.0),),
        stable="log1p(beta * max(x, 0))",
        kinks=(0.0,),
        usage="Networks whose activations differ much in scale between layers.",
        pros=("Compresses large values.",),
        cons=("Its gradient fades as 1/x.",),
        subcategory="rectifier",
        source=(
            "Liu et al. (2019), Natural-logarithm-rectified activation function in "
            "convolutional neural networks, arXiv:1908.03682"
        ),
        checks=(at(x=1.718281828459045)(1.0),),
    ),
    Formula(
        name="complementary_log_log",
        expr="1 - exp(-exp(x))",
        inputs=("x",),
        summary="A sigmoid that approaches 1 faster than 0.",
        category="activation",
        stable="-expm1(-exp(x))",
        usage="Rare events and survival in discrete time.",
        pros=("The inverse of the complementary log-log link: whether a Poisson event happened.",),
        cons=("Not symmetric: swapping the classes changes the model.",),
        subcategory="sigmoidal",
        source="McCullagh & Nelder (1989), Generalized linear models, Chapman & Hall",
        checks=(at(x=0.0)(0.6321205588285577),),
        sensitive=True,
    ),
    Formula(
        name="hard_mish",
        expr="x / 2 * min(max(x + 2, 0), 2)",
        inputs=("x",),
        summary="Mish made of straight lines.",
        category="activation",
        kinks=(-2.0,),
        usage="As mish, on small devices.",
        pros=("No exponential.",),
        cons=("No gradient below −2.",),
        subcategory="self-gated",
        source="Kunc & Kléma (2024), Three decades of activations, arXiv:2402.09092",
        checks=(at(x=-1.0)(-0.5), at(x=3.0)(3.0)),
        sensitive=True,
    ),
)
