"""Normalisation of activations and weights, adaptation, quantisation, pruning and graphs."""

from neurogebra.repository.record import BINARY, VECTOR, Formula, Interval, Rows, Same, at

_UNIT = Interval(-2.0, 2.0)
_P = Rows(("p",))
_MP = Rows(("m", "p"))
_QP = Rows(("q", "p"))
_MQ = Rows(("m", "q"))
_PU = Rows(("p",), of=_UNIT)
_QPU = Rows(("q", "p"), of=_UNIT)

ADAPTATION = (
    Formula(
        name="batch_norm",
        expr="(X - mean(X, 0, 1)) / sqrt(var(X, 0, 1) + eps) * gamma + beta",
        inputs=("X", "gamma", "beta"),
        summary="Every column of a batch with mean 0 and variance 1, then scaled and shifted.",
        category="transform",
        params=(("eps", 1e-5),),
        domain=(("X", Rows(("n", "p"))), ("gamma", Rows(("p",))), ("beta", Rows(("p",)))),
        usage="Between layers of convolutional and dense networks, while training.",
        pros=("Allows larger learning rates.", "Its noise acts against overfitting."),
        cons=("Depends on the other rows of the batch.", "Needs running statistics to predict."),
        subcategory="normalization",
        source="Ioffe & Szegedy (2015), Batch normalization, arXiv:1502.03167",
        checks=(at(X=((1.0,), (3.0,)), gamma=(2.0,), beta=(1.0,), eps=0.0)(((-1.0,), (3.0,))),),
        sensitive=True,
    ),
    Formula(
        name="group_norm",
        expr=(
            "reshape((reshape(x, 0, 3, -1) - mean(reshape(x, 0, 3, -1), -1, 1)) / "
            "sqrt(var(reshape(x, 0, 3, -1), -1, 1) + eps), 0, -1) * gamma + beta"
        ),
        inputs=("x", "gamma", "beta"),
        summary=(
            "The channels of each row in three groups, each with mean 0 and variance 1, "
            "then scaled."
        ),
        category="transform",
        params=(("eps", 1e-5),),
        domain=(("x", Rows(("q", "h"))), ("gamma", Rows(("h",))), ("beta", Rows(("h",)))),
        usage="Vision networks trained on few pictures at a time.",
        pros=("Does not depend on the batch.",),
        cons=("The number of groups must be chosen.",),
        subcategory="normalization",
        source="Wu & He (2018), Group normalization, arXiv:1803.08494",
        checks=(
            at(
                x=((1.0, 3.0, 5.0, 9.0, 0.0, 1.0),),
                gamma=(1.0, 1.0, 1.0, 1.0, 2.0, 2.0),
                beta=(0.0, 0.0, 0.0, 0.0, 1.0, 1.0),
                eps=0.0,
            )(((-1.0, 1.0, -1.0, 1.0, -1.0, 3.0),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="instance_norm",
        expr=(
            "(x - mean(x, -1, 1)) / sqrt(var(x, -1, 1) + eps) * expand_dims(gamma, 1) + "
            "expand_dims(beta, 1)"
        ),
        inputs=("x", "gamma", "beta"),
        summary=(
            "Every channel of one picture with mean 0 and variance 1, then scaled and shifted."
        ),
        category="transform",
        params=(("eps", 1e-5),),
        domain=(("x", Rows(("p", "m"))), ("gamma", Rows(("p",))), ("beta", Rows(("p",)))),
        usage="Style transfer and generators; x holds a channel a row.",
        pros=("Removes the contrast of the single picture.",),
        cons=("Loses how strong channels were.",),
        subcategory="normalization",
        source=(
            "Ulyanov, Vedaldi & Lempitsky (2016), Instance normalization: the missing "
            "ingredient for fast stylization, arXiv:1607.08022"
        ),
        checks=(
            at(x=((1.0, 3.0), (2.0, 6.0)), gamma=(1.0, 2.0), beta=(0.0, 1.0), eps=0.0)(
                ((-1.0, 1.0), (-1.0, 3.0))
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="weight_norm",
        expr="expand_dims(g, 1) * V / norm(V, -1, 1)",
        inputs=("V", "g"),
        summary="Weights as a length and a direction for each unit.",
        category="transform",
        domain=(("V", Rows(("p", "m"))), ("g", Rows(("p",)))),
        usage="Recurrent and generative networks, where batch statistics disturb.",
        pros=("Does not depend on the data.", "Scale and direction learn on their own."),
        cons=("Does not centre activations.",),
        subcategory="normalization",
        source="Salimans & Kingma (2016), Weight normalization, arXiv:1602.07868",
        checks=(at(V=((3.0, 4.0),), g=(10.0,))(((6.0, 8.0),)),),
        sensitive=True,
    ),
    Formula(
        name="spectral_norm_weight",
        expr="W / max(singular_values(W))",
        inputs=("W",),
        summary="A matrix divided by its largest singular value.",
        category="transform",
        domain=(("W", Rows(("p", "q"))),),
        usage="Discriminators of generative adversarial networks.",
        pros=("The layer cannot stretch any input: it is 1-Lipschitz.",),
        cons=("Costs a power iteration a step in practice.",),
        subcategory="normalization",
        source=(
            "Miyato et al. (2018), Spectral normalization for generative adversarial "
            "networks, arXiv:1802.05957"
        ),
        checks=(at(W=((2.0, 0.0), (0.0, 1.0)))(((1.0, 0.0), (0.0, 0.5))),),
        sensitive=True,
    ),
    Formula(
        name="weight_standardization",
        expr="(W - mean(W, -1, 1)) / sqrt(var(W, -1, 1) + eps)",
        inputs=("W",),
        summary="The weights of each unit with mean 0 and variance 1.",
        category="transform",
        params=(("eps", 1e-5),),
        domain=(("W", Rows(("p", "m"))),),
        usage="Before group normalisation, with small batches.",
        pros=("Smooths the loss.",),
        cons=("Weights of constant rows become 0.",),
        subcategory="normalization",
        source=(
            "Qiao et al. (2019), Micro-batch training with batch-channel normalization and "
            "weight standardization, arXiv:1903.10520"
        ),
        checks=(at(W=((1.0, 3.0),), eps=0.0)(((-1.0, 1.0),)),),
        sensitive=True,
    ),
    Formula(
        name="local_response_norm",
        expr="x / (k + alpha / 3 * sum(windows(pad(x ** 2, 0, 1, 1), 0, 3), -1)) ** beta",
        inputs=("x",),
        summary="A channel divided by the energy of itself and its two neighbours.",
        category="transform",
        params=(("k", 1.0), ("alpha", 1e-4), ("beta", 0.75)),
        domain=(("x", VECTOR),),
        usage="Early convolutional networks such as AlexNet.",
        pros=("Strong responses silence their neighbours, as in the eye.",),
        cons=("Given up for batch normalisation.",),
        subcategory="normalization",
        source=(
            "Krizhevsky, Sutskever & Hinton (2012), ImageNet classification with deep "
            "convolutional neural networks, NIPS 25"
        ),
        checks=(at(x=(1.0, 1.0), k=1.0, alpha=1.5, beta=1.0)((0.5, 0.5)),),
        sensitive=True,
    ),
    Formula(
        name="scale_norm",
        expr="g * x / norm(x, -1, 1)",
        inputs=("x",),
        summary="A vector of a learned length in the same direction.",
        category="transform",
        params=(("g", 2.0),),
        domain=(("x", VECTOR),),
        usage="Transformers, in place of layer normalisation.",
        pros=("One number to learn.", "Cheaper than layer normalisation."),
        cons=("Undefined for a vector of zeros.",),
        subcategory="normalization",
        source="Nguyen & Salazar (2019), Transformers without tears, arXiv:1910.05895",
        checks=(at(x=(3.0, 4.0), g=10.0)((6.0, 8.0)),),
        sensitive=True,
    ),
    Formula(
        name="dynamic_tanh",
        expr="gamma * tanh(alpha * x) + beta",
        inputs=("x", "gamma", "beta"),
        summary="A tanh with a learned steepness, then scaled and shifted for each channel.",
        category="transform",
        params=(("alpha", 0.5),),
        domain=(("x", VECTOR), ("gamma", VECTOR), ("beta", VECTOR)),
        usage="Transformers without normalisation layers.",
        pros=("No statistics at all: elementwise.",),
        cons=("α must be set with care in large models.",),
        subcategory="normalization",
        source="Zhu et al. (2025), Transformers without normalization, arXiv:2503.10622",
        checks=(at(x=(0.0, 2.0), gamma=(1.0, 2.0), beta=(0.5, 0.0))((0.5, 1.5231883119115297)),),
        aliases=("dyt",),
        sensitive=True,
    ),
    Formula(
        name="adain",
        expr=(
            "sqrt(var(y, -1, 1) + eps) * (x - mean(x, -1, 1)) / sqrt(var(x, -1, 1) + eps) +"
            " mean(y, -1, 1)"
        ),
        inputs=("x", "y"),
        summary="The channels of one picture with the means and variances of another's.",
        category="transform",
        params=(("eps", 1e-5),),
        domain=(("x", Rows(("q", "m"))), ("y", Rows(("q", "m")))),
        usage="Style transfer: content x, style y, a channel a row.",
        pros=("Any style in one pass.",),
        cons=("Style is more than means and variances.",),
        subcategory="normalization",
        source=(
            "Huang & Belongie (2017), Arbitrary style transfer in real-time with adaptive "
            "instance normalization, arXiv:1703.06868"
        ),
        checks=(at(x=((1.0, 3.0),), y=((0.0, 8.0),), eps=0.0)(((0.0, 8.0),)),),
        sensitive=True,
    ),
    Formula(
        name="global_response_norm",
        expr="gamma * x * norm(x, 0, 1) / (mean(norm(x, 0, 1)) + eps) + beta + x",
        inputs=("x", "gamma", "beta"),
        summary="Channels weighed by their energy relative to the others, added to the input.",
        category="transform",
        params=(("eps", 1e-6),),
        domain=(("x", Rows(("m", "p"))), ("gamma", Rows(("p",))), ("beta", Rows(("p",)))),
        usage="ConvNeXt V2; x holds a place a row, a channel a column.",
        pros=("Keeps channels from becoming alike.",),
        cons=("Looks at whole feature maps.",),
        subcategory="normalization",
        source=(
            "Woo et al. (2023), ConvNeXt V2: co-designing and scaling ConvNets with masked "
            "autoencoders, arXiv:2301.00808"
        ),
        checks=(at(x=((1.0, 3.0),), gamma=(1.0, 1.0), beta=(0.0, 0.0), eps=0.0)(((1.5, 7.5),)),),
        sensitive=True,
    ),
    Formula(
        name="lora_forward",
        expr="matmul(W, x) + alpha / size(A, 0) * matmul(B, matmul(A, x))",
        inputs=("x", "W", "A", "B"),
        summary="A frozen layer plus a trained update of low rank.",
        category="transform",
        params=(("alpha", 16.0),),
        domain=(("x", _P), ("W", _MP), ("A", _QP), ("B", _MQ)),
        usage="Adapting large models: only A and B are trained.",
        pros=("Less than a hundredth of the parameters is trained.", "Merges into W afterwards."),
        cons=("Cannot learn updates of full rank.",),
        subcategory="adaptation",
        source=(
            "Hu et al. (2021), LoRA: low-rank adaptation of large language models, arXiv:2106.09685"
        ),
        checks=(
            at(x=(1.0, 2.0), W=((1.0, 1.0),), A=((1.0, 0.0),), B=((3.0,),), alpha=2.0)((9.0,)),
        ),
        aliases=("lora",),
        sensitive=True,
    ),
    Formula(
        name="lora_merge",
        expr="W + alpha / size(A, 0) * matmul(B, A)",
        inputs=("W", "A", "B"),
        summary="The weights of a layer with its low-rank update built in.",
        category="transform",
        params=(("alpha", 16.0),),
        domain=(("W", _MP), ("A", _QP), ("B", _MQ)),
        usage="Using an adapted model at the speed of the original.",
        pros=("No extra cost at prediction.",),
        cons=("The adapter can no longer be swapped.",),
        subcategory="adaptation",
        source=(
            "Hu et al. (2021), LoRA: low-rank adaptation of large language models, arXiv:2106.09685"
        ),
        checks=(at(W=((1.0, 1.0),), A=((1.0, 0.0),), B=((3.0,),), alpha=2.0)(((7.0, 1.0),)),),
        sensitive=True,
    ),
    Formula(
        name="rslora_merge",
        expr="W + alpha / sqrt(size(A, 0)) * matmul(B, A)",
        inputs=("W", "A", "B"),
        summary="A low-rank update scaled by the square root of its rank.",
        category="transform",
        params=(("alpha", 16.0),),
        domain=(("W", _MP), ("A", _QP), ("B", _MQ)),
        usage="LoRA of high rank.",
        pros=("Learning does not slow down as the rank grows.",),
        cons=("Learning rates tuned for LoRA do not carry over.",),
        subcategory="adaptation",
        source=(
            "Kalajdzievski (2023), A rank stabilization scaling factor for fine-tuning with"
            " LoRA, arXiv:2312.03732"
        ),
        checks=(at(W=((1.0, 1.0),), A=((1.0, 0.0),), B=((3.0,),), alpha=2.0)(((7.0, 1.0),)),),
        sensitive=True,
    ),
    Formula(
        name="dora_merge",
        expr="m * (W + matmul(B, A)) / norm(W + matmul(B, A), 0, 1)",
        inputs=("W", "A", "B", "m"),
        summary="Low-rank adaptation of directions, with a trained length for each column.",
        category="transform",
        domain=(("W", _MP), ("A", _QP), ("B", _MQ), ("m", _P)),
        usage="As LoRA, closer to full fine-tuning.",
        pros=("Length and direction learn on their own.",),
        cons=("Dearer to train than LoRA.",),
        subcategory="adaptation",
        source=("Liu et al. (2024), DoRA: weight-decomposed low-rank adaptation, arXiv:2402.09353"),
        checks=(
            at(W=((3.0,), (0.0,)), A=((1.0,),), B=((0.0,), (4.0,)), m=(10.0,))(((6.0,), (8.0,))),
        ),
        sensitive=True,
    ),
    Formula(
        name="film",
        expr="expand_dims(gamma, 1) * x + expand_dims(beta, 1)",
        inputs=("x", "gamma", "beta"),
        summary="Every channel scaled and shifted by what another network says.",
        category="transform",
        domain=(("x", Rows(("p", "m"))), ("gamma", _P), ("beta", _P)),
        usage="Conditioning on a question, a class or a time step; x holds a channel a row.",
        pros=("Two numbers a channel steer a network.",),
        cons=("Cannot single out places.",),
        subcategory="adaptation",
        source=(
            "Perez et al. (2017), FiLM: visual reasoning with a general conditioning layer,"
            " arXiv:1709.07871"
        ),
        checks=(
            at(x=((1.0, 2.0), (3.0, 4.0)), gamma=(2.0, 0.0), beta=(0.0, 1.0))(
                ((2.0, 4.0), (1.0, 1.0))
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="squeeze_excitation",
        expr="x / (1 + exp(-expand_dims(matmul(V, max(matmul(W, mean(x, -1)), 0)), 1)))",
        inputs=("x", "W", "V"),
        summary=(
            "Every channel scaled between 0 and 1 by a small network that sees all channel means."
        ),
        category="transform",
        stable="x * sigmoid(expand_dims(matmul(V, max(matmul(W, mean(x, -1)), 0)), 1))",
        domain=(("x", Rows(("p", "m"), of=_UNIT)), ("W", _QPU), ("V", Rows(("p", "q"), of=_UNIT))),
        usage="Convolutional networks; x holds a channel a row.",
        pros=("Cheap: two small matrices.",),
        cons=("Sees means only.",),
        subcategory="adaptation",
        source="Hu, Shen & Sun (2017), Squeeze-and-excitation networks, arXiv:1709.01507",
        checks=(at(x=((2.0, 4.0),), W=((0.0,),), V=((1.0,),))(((1.0, 2.0),)),),
        sensitive=True,
    ),
    Formula(
        name="mixture_of_experts",
        expr="matmul(softmax(matmul(G, x)), matmul(E_maps, x))",
        inputs=("x", "G", "E_maps"),
        summary="Outputs of several linear experts, weighed by a gate that sees the input.",
        category="transform",
        domain=(("x", _PU), ("G", _QPU), ("E_maps", Rows(("q", "m", "p"), of=_UNIT))),
        usage="Parts of the data that follow different laws.",
        pros=("Experts specialise.",),
        cons=("As written all experts work on every input.",),
        subcategory="adaptation",
        source=(
            "Jacobs et al. (1991), Adaptive mixtures of local experts, Neural Computation 3, 79-87"
        ),
        checks=(
            at(x=(1.0,), G=((0.0,), (0.0,)), E_maps=(((1.0,), (2.0,)), ((3.0,), (4.0,))))(
                (2.0, 3.0)
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="top2_gating",
        expr=(
            "where(x >= slice(sort(x, -1), -1, -2, -1), exp(x), 0) / sum(where(x >= "
            "slice(sort(x, -1), -1, -2, -1), exp(x), 0), -1, 1)"
        ),
        inputs=("x",),
        summary="Softmax over the two largest scores; all other shares are 0.",
        category="transform",
        stable=(
            "where(x >= slice(sort(x, -1), -1, -2, -1), exp(x - amax(x, -1, 1)), 0) "
            "/ sum(where(x >= slice(sort(x, -1), -1, -2, -1), exp(x - amax(x, -1, 1)), 0), -1, 1)"
        ),
        domain=(("x", VECTOR),),
        usage="Choosing two experts of many for each token.",
        pros=("The other experts need not run.",),
        cons=("Experts never chosen never learn: balance the load.",),
        subcategory="adaptation",
        source=(
            "Shazeer et al. (2017), Outrageously large neural networks: the sparsely-gated "
            "mixture-of-experts layer, arXiv:1701.06538"
        ),
        checks=(
            at(x=(0.0, 0.6931471805599453, -3.0))((0.3333333333333333, 0.6666666666666666, 0.0)),
        ),
        sensitive=True,
    ),
    Formula(
        name="task_arithmetic",
        expr="W + lam * (W_tuned - W_base)",
        inputs=("W", "W_tuned", "W_base"),
        summary="A model plus what another one learned, as a difference of weights.",
        category="transform",
        params=(("lam", 0.4),),
        domain=(("W", _MP), ("W_tuned", _MP), ("W_base", _MP)),
        usage="Adding or removing (λ < 0) a skill without training.",
        pros=("No data needed.",),
        cons=("Works only between models of the same origin.",),
        subcategory="adaptation",
        source="Ilharco et al. (2022), Editing models with task arithmetic, arXiv:2212.04089",
        checks=(at(W=((1.0,),), W_tuned=((3.0,),), W_base=((1.0,),), lam=0.5)(((2.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="absmax_quantize",
        expr="round(127 * x / max(abs(x)))",
        inputs=("x",),
        summary="Numbers as whole numbers from −127 to 127, the largest at the end.",
        category="transform",
        domain=(("x", VECTOR),),
        usage="Weights and activations in eight bits.",
        pros=("Zero stays zero.", "One scale to keep."),
        cons=("One outlier costs all others their digits.",),
        subcategory="quantization",
        source=(
            "Dettmers et al. (2022), LLM.int8(): 8-bit matrix multiplication for "
            "transformers at scale, arXiv:2208.07339"
        ),
        checks=(at(x=(1.0, -2.0, 0.1))((64.0, -127.0, 6.0)),),
        sensitive=True,
    ),
    Formula(
        name="affine_quantize",
        expr="min(max(round(x / scale) + zero, low), high)",
        inputs=("x",),
        summary="A number as a whole number between low and high.",
        category="transform",
        params=(("scale", 0.03125), ("zero", 128.0), ("low", 0.0), ("high", 255.0)),
        domain=(("x", Interval(-10.0, 10.0)),),
        usage="Integer inference with eight bits.",
        pros=("Uses the whole range for data of one sign.",),
        cons=("No gradient: training passes it straight through.",),
        subcategory="quantization",
        source=(
            "Jacob et al. (2017), Quantization and training of neural networks for "
            "efficient integer-arithmetic-only inference, arXiv:1712.05877"
        ),
        checks=(at(x=1.0, scale=0.5, zero=3.0)(5.0), at(x=-100.0)(0.0)),
        sensitive=True,
    ),
    Formula(
        name="dequantize",
        expr="scale * (q - zero)",
        inputs=("q",),
        summary="The number that a quantised whole number stands for.",
        category="transform",
        params=(("scale", 0.03125), ("zero", 128.0)),
        domain=(("q", Interval(0.0, 255.0, whole=True)),),
        usage="Reading weights stored as whole numbers.",
        pros=("Exact for 0.",),
        cons=("The rounding error stays.",),
        subcategory="quantization",
        source=(
            "Jacob et al. (2017), Quantization and training of neural networks for "
            "efficient integer-arithmetic-only inference, arXiv:1712.05877"
        ),
        checks=(at(q=5.0, scale=0.5, zero=3.0)(1.0),),
        sensitive=True,
    ),
    Formula(
        name="fake_quantize",
        expr="scale * (min(max(round(x / scale) + zero, low), high) - zero)",
        inputs=("x",),
        summary="A number after it has been stored as a whole number and read again.",
        category="transform",
        params=(("scale", 0.03125), ("zero", 128.0), ("low", 0.0), ("high", 255.0)),
        domain=(("x", Interval(-10.0, 10.0)),),
        usage="Training that is aware of the rounding to come.",
        pros=("Shows the loss what rounding will do.",),
        cons=("Flat between steps: the gradient must be passed straight through.",),
        subcategory="quantization",
        source=(
            "Jacob et al. (2017), Quantization and training of neural networks for "
            "efficient integer-arithmetic-only inference, arXiv:1712.05877"
        ),
        checks=(
            at(x=0.6, scale=0.5, zero=3.0)(0.5),
            Same("torch.fake_quantize_per_tensor_affine", ("x", "0.03125", "128", "0", "255")),
        ),
        sensitive=True,
    ),
    Formula(
        name="ternary_weights",
        expr="round(min(max(W / (mean(abs(W)) + eps), -1), 1))",
        inputs=("W",),
        summary="Weights as −1, 0 or 1, relative to their mean size.",
        category="transform",
        params=(("eps", 1e-5),),
        domain=(("W", Rows(("p", "m"), of=_UNIT)),),
        usage="Language models with 1.58 bits a weight.",
        pros=("Matrix products need no multiplication.",),
        cons=("Models must be trained that way.",),
        subcategory="quantization",
        source=(
            "Ma et al. (2024), The era of 1-bit LLMs: all large language models are in 1.58"
            " bits, arXiv:2402.17764"
        ),
        checks=(at(W=((4.0, -0.5), (1.0, -3.0)))(((1.0, 0.0), (0.0, -1.0))),),
        sensitive=True,
    ),
    Formula(
        name="binary_weights",
        expr="sign(W) * mean(abs(W))",
        inputs=("W",),
        summary="The signs of a matrix times its mean size.",
        category="transform",
        domain=(("W", Rows(("p", "m"))),),
        usage="Networks with one bit a weight.",
        pros=("The closest matrix of one size and any signs.",),
        cons=("Accuracy drops on hard tasks.",),
        subcategory="quantization",
        source=(
            "Rastegari et al. (2016), XNOR-Net: ImageNet classification using binary "
            "convolutional neural networks, arXiv:1603.05279"
        ),
        checks=(at(W=((1.0, -3.0),))(((2.0, -2.0),)),),
        sensitive=True,
    ),
    Formula(
        name="stochastic_rounding",
        expr="step_size * floor(x / step_size + u)",
        inputs=("x", "u"),
        summary="A number rounded up or down by chance, so that the mean is right.",
        category="transform",
        params=(("step_size", 0.3),),
        domain=(("x", Interval(-10.0, 10.0)), ("u", Interval(0.0, 1.0, high_open=True))),
        usage="Training in few bits; u is drawn evenly from 0 … 1.",
        pros=("Unbiased: small updates are not lost.",),
        cons=("Adds noise.",),
        subcategory="quantization",
        source=(
            "Gupta et al. (2015), Deep learning with limited numerical precision, arXiv:1502.02551"
        ),
        checks=(at(x=0.3, u=0.5, step_size=0.25)(0.25), at(x=0.3, u=0.9, step_size=0.25)(0.5)),
        sensitive=True,
    ),
    Formula(
        name="wanda_score",
        expr="abs(W) * norm(X, 0)",
        inputs=("W", "X"),
        summary=(
            "How much a weight matters: its size times the length of its input over the data."
        ),
        category="transform",
        domain=(("W", Rows(("m", "p"))), ("X", Rows(("n", "p")))),
        usage="Pruning large language models without training.",
        pros=("One pass over a little data.",),
        cons=("Ignores how weights make up for each other.",),
        subcategory="pruning",
        source=(
            "Sun et al. (2023), A simple and effective pruning approach for large language "
            "models, arXiv:2306.11695"
        ),
        checks=(at(W=((-2.0, 1.0),), X=((3.0, 0.0), (4.0, 1.0)))(((10.0, 1.0),)),),
        sensitive=True,
    ),
    Formula(
        name="gcn_layer",
        expr=(
            "matmul((A + eye_like(A)) / sqrt(sum((A + eye_like(A)), -1, 1)) / sqrt(sum((A +"
            " eye_like(A)), -2, 1)), matmul(X, W))"
        ),
        inputs=("X", "A", "W"),
        summary=(
            "Every node's features mixed with its neighbours', weighed by their degrees, "
            "then mapped."
        ),
        category="transform",
        domain=(
            ("X", Rows(("m", "p"), of=_UNIT)),
            ("A", Rows(("m", "m"), of=BINARY)),
            ("W", Rows(("p", "q"), of=_UNIT)),
        ),
        usage="Graphs: citations, molecules, social networks; A is the adjacency.",
        pros=("Linear cost in the number of edges.",),
        cons=("Deep stacks make all nodes alike.",),
        subcategory="graph",
        source=(
            "Kipf & Welling (2016), Semi-supervised classification with graph convolutional"
            " networks, arXiv:1609.02907"
        ),
        checks=(at(X=((2.0,), (4.0,)), A=((0.0, 1.0), (1.0, 0.0)), W=((1.0,),))(((3.0,), (3.0,))),),
        sensitive=True,
    ),
    Formula(
        name="gin_aggregate",
        expr="(1 + epsilon) * X + matmul(A, X)",
        inputs=("X", "A"),
        summary="A node's own features, weighed, plus the sum of its neighbours'.",
        category="transform",
        params=(("epsilon", 0.1),),
        domain=(("X", Rows(("m", "p"), of=_UNIT)), ("A", Rows(("m", "m"), of=BINARY))),
        usage="Telling graphs apart, before a small network.",
        pros=("As able as the Weisfeiler-Lehman test.",),
        cons=("Sums grow with the number of neighbours.",),
        subcategory="graph",
        source="Xu et al. (2018), How powerful are graph neural networks?, arXiv:1810.00826",
        checks=(at(X=((2.0,), (4.0,)), A=((0.0, 1.0), (1.0, 0.0)), epsilon=0.5)(((7.0,), (8.0,))),),
        sensitive=True,
    ),
)
