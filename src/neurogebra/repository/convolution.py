"""Convolutions, pooling and short signals as sums over windows, and the sizes they give."""

from neurogebra.repository.record import BINARY, VECTOR, Formula, Interval, Rows, Same, at

_UNIT = Interval(-2.0, 2.0)
_SERIES = Rows(("h",))
_KERNEL3 = Rows(("p",))
_LENGTH = Interval(40.0, 1e4, whole=True)
_KERNEL = Interval(1.0, 7.0, whole=True)
_STRIDE = Interval(1.0, 4.0, whole=True)
_PAD = Interval(0.0, 4.0, whole=True)

CONVOLUTION = (
    Formula(
        name="conv1d",
        expr="matmul(windows(x, 0, 3), w)",
        inputs=("x", "w"),
        summary="The inner product of a kernel of three with every window of a series.",
        category="transform",
        domain=(("x", _SERIES), ("w", _KERNEL3)),
        usage="One channel of a one-dimensional convolution layer, without padding.",
        pros=("The same weights everywhere.", "Few parameters."),
        cons=("Sees three values at a time.",),
        subcategory="convolution",
        source=(
            "LeCun et al. (1998), Gradient-based learning applied to document recognition, "
            "Proceedings of the IEEE 86, 2278-2324"
        ),
        checks=(
            at(x=(1.0, 2.0, 3.0, 4.0), w=(1.0, 0.0, -1.0))((-2.0, -2.0)),
            Same("numpy.correlate"),
        ),
        aliases=("cross_correlation_1d",),
        sensitive=True,
    ),
    Formula(
        name="discrete_convolution",
        expr="matmul(windows(x, 0, 3), flip(w, 0))",
        inputs=("x", "w"),
        summary="The convolution of a series with a kernel of three: the kernel runs backwards.",
        category="transform",
        domain=(("x", _SERIES), ("w", _KERNEL3)),
        usage="Filters with a finite impulse response.",
        pros=("Commutes, and becomes a product under the Fourier transform.",),
        cons=("What networks call convolution does not turn the kernel round.",),
        subcategory="convolution",
        source="Oppenheim & Schafer (2009), Discrete-time signal processing, Pearson",
        checks=(
            at(x=(1.0, 2.0, 3.0), w=(1.0, 0.0, -1.0))((2.0,)),
            Same("numpy.convolve", options=(("mode", "valid"),)),
        ),
        aliases=("fir_filter",),
        sensitive=True,
    ),
    Formula(
        name="strided_conv1d",
        expr="matmul(windows(x, 0, 3, 2), w)",
        inputs=("x", "w"),
        summary="A convolution that looks at every second window.",
        category="transform",
        domain=(("x", _SERIES), ("w", _KERNEL3)),
        usage="Shrinking a series while features are taken.",
        pros=("Half the work and half the length.",),
        cons=("Positions between are not looked at.",),
        subcategory="convolution",
        source=(
            "Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, "
            "arXiv:1603.07285"
        ),
        checks=(at(x=(1.0, 2.0, 3.0, 4.0, 5.0), w=(1.0, 0.0, -1.0))((-2.0, -2.0)),),
        sensitive=True,
    ),
    Formula(
        name="dilated_conv1d",
        expr="matmul(windows(x, 0, 3, 1, 2), w)",
        inputs=("x", "w"),
        summary="A convolution whose kernel of three has gaps: it takes every second value.",
        category="transform",
        domain=(("x", _SERIES), ("w", _KERNEL3)),
        usage="Wide context with few layers.",
        pros=("Context grows exponentially with depth.",),
        cons=("Leaves out the values between.",),
        subcategory="convolution",
        source=(
            "Yu & Koltun (2016), Multi-scale context aggregation by dilated convolutions, "
            "arXiv:1511.07122"
        ),
        checks=(at(x=(1.0, 2.0, 3.0, 4.0, 5.0), w=(1.0, 0.0, -1.0))((-4.0,)),),
        aliases=("atrous_conv1d",),
        sensitive=True,
    ),
    Formula(
        name="causal_conv1d",
        expr="matmul(windows(pad(x, 0, 2, 0), 0, 3), w)",
        inputs=("x", "w"),
        summary="A convolution that sees only the present and the past, and keeps the length.",
        category="transform",
        domain=(("x", _SERIES), ("w", _KERNEL3)),
        usage="Sound, forecasting and Mamba: the future must not leak.",
        pros=("As long as its input.",),
        cons=("The first values see padding.",),
        subcategory="convolution",
        source=(
            "van den Oord et al. (2016), WaveNet: a generative model for raw audio, "
            "arXiv:1609.03499"
        ),
        checks=(at(x=(1.0, 2.0), w=(5.0, 1.0, 2.0))((2.0, 5.0)),),
        sensitive=True,
    ),
    Formula(
        name="wavenet_gate",
        expr="tanh(matmul(windows(x, 0, 3), w)) / (1 + exp(-matmul(windows(x, 0, 3), v)))",
        inputs=("x", "w", "v"),
        summary="A convolution through tanh, gated by another through the sigmoid.",
        category="transform",
        stable="tanh(matmul(windows(x, 0, 3), w)) * sigmoid(matmul(windows(x, 0, 3), v))",
        domain=(("x", _SERIES), ("w", _KERNEL3), ("v", _KERNEL3)),
        usage="Models of sound and of sequences.",
        pros=("The gate decides what passes.",),
        cons=("Two convolutions where one would do.",),
        subcategory="convolution",
        source=(
            "van den Oord et al. (2016), WaveNet: a generative model for raw audio, "
            "arXiv:1609.03499"
        ),
        checks=(
            at(x=(1.0, 1.0, 1.0), w=(1.0, 0.0, 0.0), v=(0.0, 0.0, 0.0))((0.3807970779778824,)),
        ),
        sensitive=True,
    ),
    Formula(
        name="transposed_conv1d",
        expr=(
            "matmul(windows(pad(reshape(pad(expand_dims(x, 1), 1, 0, 1), -1), 0, 2, 1), 0, "
            "3), flip(w, 0))"
        ),
        inputs=("x", "w"),
        summary="Every value lays down a copy of the kernel, two places after the one before.",
        category="transform",
        domain=(("x", VECTOR), ("w", _KERNEL3)),
        usage="Growing a series: decoders and generators.",
        pros=("The exact transpose of a strided convolution.",),
        cons=("Uneven overlaps leave a checkerboard.",),
        subcategory="convolution",
        source=(
            "Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, "
            "arXiv:1603.07285"
        ),
        checks=(at(x=(1.0, 2.0), w=(1.0, 1.0, 5.0))((1.0, 1.0, 7.0, 2.0, 10.0)),),
        aliases=("deconvolution_1d",),
        sensitive=True,
    ),
    Formula(
        name="conv1d_layer",
        expr=(
            "matmul(reshape(W, 0, -1), transpose(reshape(permute(windows(x, 1, 3), 1, 0, "
            "2), 0, -1))) + expand_dims(b, 1)"
        ),
        inputs=("x", "W", "b"),
        summary=(
            "A convolution of all channels of a series (rows of x), kernel three, one row "
            "an output."
        ),
        category="transform",
        domain=(
            ("x", Rows(("q", "n"), of=_UNIT)),
            ("W", Rows(("m", "q", "p"), of=_UNIT)),
            ("b", Rows(("m",), of=_UNIT)),
        ),
        usage="The convolution layer of networks for series and sound.",
        pros=("Mixes channels and neighbours in one product.",),
        cons=("Shorter than its input by two.",),
        subcategory="convolution",
        source=(
            "LeCun et al. (1998), Gradient-based learning applied to document recognition, "
            "Proceedings of the IEEE 86, 2278-2324"
        ),
        checks=(at(x=((1.0, 2.0, 3.0),), W=(((1.0, 1.0, 1.0),),), b=(0.5,))(((6.5,),)),),
        sensitive=True,
    ),
    Formula(
        name="depthwise_conv1d",
        expr="sum(windows(x, 1, 3) * expand_dims(W, 1), -1)",
        inputs=("x", "W"),
        summary="A convolution in which every channel has a kernel of its own and stays alone.",
        category="transform",
        domain=(("x", Rows(("q", "n"), of=_UNIT)), ("W", Rows(("q", "p"), of=_UNIT))),
        usage="Small and mobile networks, and Mamba.",
        pros=("As many times cheaper as there are channels.",),
        cons=("Channels do not see each other.",),
        subcategory="convolution",
        source=(
            "Chollet (2017), Xception: deep learning with depthwise separable convolutions, CVPR"
        ),
        checks=(
            at(x=((1.0, 2.0, 3.0), (1.0, 1.0, 1.0)), W=((1.0, 0.0, 0.0), (2.0, 2.0, 2.0)))(
                ((1.0,), (6.0,))
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="pointwise_conv",
        expr="matmul(W, x) + expand_dims(b, 1)",
        inputs=("x", "W", "b"),
        summary="A convolution with a kernel of one: channels are mixed, places stay alone.",
        category="transform",
        domain=(
            ("x", Rows(("q", "n"), of=_UNIT)),
            ("W", Rows(("p", "q"), of=_UNIT)),
            ("b", Rows(("p",), of=_UNIT)),
        ),
        usage="Changing the number of channels.",
        pros=("One matrix product.",),
        cons=("Does not see neighbours.",),
        subcategory="convolution",
        source="Lin, Chen & Yan (2013), Network in network, arXiv:1312.4400",
        checks=(at(x=((1.0, 2.0), (3.0, 4.0)), W=((1.0, -1.0),), b=(0.5,))(((-1.5, -1.5),)),),
        aliases=("conv_1x1",),
        sensitive=True,
    ),
    Formula(
        name="separable_conv1d",
        expr="matmul(P, sum(windows(x, 1, 3) * expand_dims(W, 1), -1))",
        inputs=("x", "W", "P"),
        summary="A kernel for each channel, then a mix of the channels.",
        category="transform",
        domain=(
            ("x", Rows(("q", "n"), of=_UNIT)),
            ("W", Rows(("q", "p"), of=_UNIT)),
            ("P", Rows(("p", "q"), of=_UNIT)),
        ),
        usage="Mobile networks.",
        pros=("With many channels about three times cheaper than a full kernel of three.",),
        cons=("Slightly less able than a full convolution.",),
        subcategory="convolution",
        source=(
            "Howard et al. (2017), MobileNets: efficient convolutional neural networks for "
            "mobile vision applications, arXiv:1704.04861"
        ),
        checks=(
            at(
                x=((1.0, 2.0, 3.0), (1.0, 1.0, 1.0)),
                W=((1.0, 0.0, 0.0), (2.0, 2.0, 2.0)),
                P=((1.0, 1.0),),
            )(((7.0,),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="conv2d",
        expr="sum(sum(windows(windows(x, 0, 2), 1, 2) * w, -1), -1)",
        inputs=("x", "w"),
        summary="The inner product of a 2 × 2 kernel with every patch of a picture.",
        category="transform",
        domain=(("x", Rows(("m", "m"))), ("w", Rows(("q", "q")))),
        usage="One channel of a convolution layer, without padding.",
        pros=("The same weights everywhere.", "Few parameters."),
        cons=("Sees small patches: depth makes them large.",),
        subcategory="convolution",
        source=(
            "LeCun et al. (1998), Gradient-based learning applied to document recognition, "
            "Proceedings of the IEEE 86, 2278-2324"
        ),
        checks=(
            at(x=((1.0, 2.0), (3.0, 4.0)), w=((1.0, 0.0), (0.0, -1.0)))(((-3.0,),)),
            Same("scipy.signal.correlate2d", options=(("mode", "valid"),)),
        ),
        aliases=("cross_correlation_2d",),
        sensitive=True,
    ),
    Formula(
        name="conv2d_layer",
        expr=(
            "permute(matmul(reshape(permute(windows(windows(x, 1, 2), 2, 2), 1, 2, 0, 3, "
            "4), 0, 0, -1), transpose(reshape(W, 0, -1))) + b, 2, 0, 1)"
        ),
        inputs=("x", "W", "b"),
        summary="A convolution of all channels of a picture with 2 × 2 kernels.",
        category="transform",
        domain=(
            ("x", Rows(("q", "p", "m"), of=_UNIT)),
            ("W", Rows(("p", "q", "q", "q"), of=_UNIT)),
            ("b", Rows(("p",), of=_UNIT)),
        ),
        usage="The convolution layer of networks for pictures.",
        pros=("Patches as rows: one matrix product.",),
        cons=("Smaller than its input by one on each axis.",),
        subcategory="convolution",
        source=(
            "LeCun et al. (1998), Gradient-based learning applied to document recognition, "
            "Proceedings of the IEEE 86, 2278-2324"
        ),
        checks=(
            at(x=(((1.0, 2.0), (3.0, 4.0)),), W=((((1.0, 1.0), (1.0, 1.0)),),), b=(0.5,))(
                (((10.5,),),)
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="patch_embedding",
        expr=(
            "matmul(reshape(reshape(windows(windows(x, 0, 2, 2), 1, 2, 2), -1, 2, 2), 0, "
            "-1), E_patch)"
        ),
        inputs=("x", "E_patch"),
        summary="A picture cut into 2 × 2 patches, each turned into a vector.",
        category="transform",
        domain=(("x", Rows(("m", "m"))), ("E_patch", Rows(("m", "p")))),
        usage="The first layer of vision transformers.",
        pros=("A picture becomes a sequence.",),
        cons=("Detail within a patch must survive one linear map.",),
        subcategory="convolution",
        source="Dosovitskiy et al. (2020), An image is worth 16x16 words, arXiv:2010.11929",
        checks=(
            at(x=((1.0, 2.0), (3.0, 4.0)), E_patch=((1.0,), (1.0,), (1.0,), (1.0,)))(((10.0,),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="max_pool1d",
        expr="amax(windows(x, 0, 2, 2), -1)",
        inputs=("x",),
        summary="The larger of each pair of neighbours.",
        category="transform",
        domain=(("x", _SERIES),),
        usage="Halving a series, keeping its strongest responses.",
        pros=("Does not mind small shifts.",),
        cons=("Only the winner gets a gradient.",),
        subcategory="pooling",
        source=(
            "Boureau, Ponce & LeCun (2010), A theoretical analysis of feature pooling in "
            "visual recognition, ICML"
        ),
        checks=(at(x=(1.0, 4.0, 3.0, 2.0))((4.0, 3.0)),),
    ),
    Formula(
        name="avg_pool1d",
        expr="mean(windows(x, 0, 2, 2), -1)",
        inputs=("x",),
        summary="The mean of each pair of neighbours.",
        category="transform",
        domain=(("x", _SERIES),),
        usage="Halving a series smoothly.",
        pros=("Linear.", "Every value gets a gradient."),
        cons=("Blurs sharp responses.",),
        subcategory="pooling",
        source=(
            "LeCun et al. (1998), Gradient-based learning applied to document recognition, "
            "Proceedings of the IEEE 86, 2278-2324"
        ),
        checks=(at(x=(1.0, 4.0, 3.0, 2.0))((2.5, 2.5)),),
        sensitive=True,
    ),
    Formula(
        name="lp_pool1d",
        expr="sum(windows(x, 0, 2, 2) ** p_norm, -1) ** (1 / p_norm)",
        inputs=("x",),
        summary="The p-norm of each pair of neighbours.",
        category="transform",
        params=(("p_norm", 2.0),),
        domain=(("x", Rows(("h",), of=Interval(0.1, 10.0))),),
        usage="Between sum (p = 1) and largest (p → ∞).",
        pros=("p can be learned.",),
        cons=("For values from 0 on.",),
        subcategory="pooling",
        source=(
            "Sermanet, Chintala & LeCun (2012), Convolutional neural networks applied to "
            "house numbers digit classification, ICPR"
        ),
        checks=(at(x=(3.0, 4.0))((5.0,)),),
        sensitive=True,
    ),
    Formula(
        name="max_pool2d",
        expr="amax(amax(windows(windows(x, 0, 2, 2), 1, 2, 2), -1), -1)",
        inputs=("x",),
        summary="The largest value of each 2 × 2 patch.",
        category="transform",
        domain=(("x", Rows(("m", "m"))),),
        usage="Halving a picture, keeping its strongest responses.",
        pros=("Does not mind small shifts.",),
        cons=("Only the winner gets a gradient.",),
        subcategory="pooling",
        source=(
            "Boureau, Ponce & LeCun (2010), A theoretical analysis of feature pooling in "
            "visual recognition, ICML"
        ),
        checks=(at(x=((1.0, 2.0), (3.0, 4.0)))(((4.0,),)),),
    ),
    Formula(
        name="avg_pool2d",
        expr="mean(mean(windows(windows(x, 0, 2, 2), 1, 2, 2), -1), -1)",
        inputs=("x",),
        summary="The mean of each 2 × 2 patch.",
        category="transform",
        domain=(("x", Rows(("m", "m"))),),
        usage="Halving a picture smoothly.",
        pros=("Linear.", "Every value gets a gradient."),
        cons=("Blurs sharp responses.",),
        subcategory="pooling",
        source=(
            "LeCun et al. (1998), Gradient-based learning applied to document recognition, "
            "Proceedings of the IEEE 86, 2278-2324"
        ),
        checks=(at(x=((1.0, 2.0), (3.0, 4.0)))(((2.5,),)),),
        sensitive=True,
    ),
    Formula(
        name="global_avg_pool",
        expr="mean(mean(x, -1), -1)",
        inputs=("x",),
        summary="The mean of each channel over all places.",
        category="transform",
        domain=(("x", Rows(("q", "p", "m"))),),
        usage="From feature maps to one vector before the classifier.",
        pros=("Any size of picture goes in.", "No parameters."),
        cons=("Forgets where things are.",),
        subcategory="pooling",
        source="Lin, Chen & Yan (2013), Network in network, arXiv:1312.4400",
        checks=(at(x=(((1.0, 2.0), (3.0, 4.0)),))((2.5,)),),
        sensitive=True,
    ),
    Formula(
        name="global_max_pool",
        expr="amax(amax(x, -1), -1)",
        inputs=("x",),
        summary="The largest value of each channel over all places.",
        category="transform",
        domain=(("x", Rows(("q", "p", "m"))),),
        usage="Whether a feature occurs anywhere.",
        pros=("Any size of picture goes in.",),
        cons=("One place gets all the gradient.",),
        subcategory="pooling",
        source="Oquab et al. (2015), Is object localization for free?, CVPR",
        checks=(at(x=(((1.0, 2.0), (3.0, 4.0)),))((4.0,)),),
    ),
    Formula(
        name="gem_pool",
        expr="mean(x ** p_gem, -1) ** (1 / p_gem)",
        inputs=("x",),
        summary=(
            "The generalised mean of each channel: p = 1 averages, large p takes the largest."
        ),
        category="transform",
        params=(("p_gem", 3.0),),
        domain=(("x", Rows(("p", "m"), of=Interval(0.1, 10.0))),),
        usage="Image retrieval, in place of average pooling.",
        pros=("p can be learned.",),
        cons=("For positive values: clamp first.",),
        subcategory="pooling",
        source=(
            "Radenović, Tolias & Chum (2017), Fine-tuning CNN image retrieval with no human"
            " annotation, arXiv:1711.02512"
        ),
        checks=(at(x=((1.0, 1.0), (2.0, 2.0)))((1.0, 2.0)),),
        sensitive=True,
    ),
    Formula(
        name="lse_pool",
        expr="log(mean(exp(r * x), -1)) / r",
        inputs=("x",),
        summary="A soft maximum of each channel: r → 0 averages, large r takes the largest.",
        category="transform",
        params=(("r", 2.0),),
        stable="(logsumexp(r * x, -1) - log(size(x, -1))) / r",
        domain=(("x", Rows(("p", "m"))),),
        usage="Learning where things are from labels of whole pictures.",
        pros=("Every place gets some gradient.",),
        cons=("r must be chosen.",),
        subcategory="pooling",
        source=(
            "Pinheiro & Collobert (2015), From image-level to pixel-level labeling with "
            "convolutional networks, CVPR"
        ),
        checks=(at(x=((2.0, 2.0),))((2.0,)),),
        sensitive=True,
        floor=4.0,
    ),
    Formula(
        name="masked_mean_pool",
        expr="matmul(mask, X) / sum(mask)",
        inputs=("X", "mask"),
        summary="The mean of the rows that a mask keeps.",
        category="transform",
        domain=(("X", Rows(("n", "p"))), ("mask", Rows(of=BINARY))),
        usage="From vectors of words to one vector of a sentence; padding is left out.",
        pros=("Padding does not count.",),
        cons=("All words weigh the same.",),
        subcategory="pooling",
        source=(
            "Reimers & Gurevych (2019), Sentence-BERT: sentence embeddings using siamese "
            "BERT-networks, arXiv:1908.10084"
        ),
        checks=(at(X=((1.0, 2.0), (3.0, 6.0), (9.0, 9.0)), mask=(1.0, 1.0, 0.0))((2.0, 4.0)),),
        sensitive=True,
    ),
    Formula(
        name="mil_attention_pool",
        expr="matmul(softmax(matmul(tanh(matmul(X, V)), w)), X)",
        inputs=("X", "V", "w"),
        summary="A mean of rows with learned weights.",
        category="transform",
        domain=(
            ("X", Rows(("n", "p"), of=_UNIT)),
            ("V", Rows(("p", "q"), of=_UNIT)),
            ("w", Rows(("q",), of=_UNIT)),
        ),
        usage="A label for a bag of instances, such as a slide of tissue cut into tiles.",
        pros=("The weights show which instances mattered.",),
        cons=("Weights are relative: they always sum to 1.",),
        subcategory="pooling",
        source=(
            "Ilse, Tomczak & Welling (2018), Attention-based deep multiple instance "
            "learning, arXiv:1802.04712"
        ),
        checks=(at(X=((1.0,), (3.0,)), V=((1.0,),), w=(0.0,))((2.0,)),),
        sensitive=True,
    ),
    Formula(
        name="statistics_pool",
        expr="concat(mean(X, 0), std(X, 0), 0)",
        inputs=("X",),
        summary="The mean and the standard deviation of each column, one after the other.",
        category="transform",
        domain=(("X", Rows(("n", "p"))),),
        usage="From frames of speech to one vector of the speaker.",
        pros=("Any length goes in.", "Keeps more than the mean."),
        cons=("Forgets the order.",),
        subcategory="pooling",
        source=(
            "Snyder et al. (2018), X-vectors: robust DNN embeddings for speaker recognition, ICASSP"
        ),
        checks=(at(X=((1.0, 0.0), (3.0, 0.5)))((2.0, 0.25, 1.0, 0.25)),),
        sensitive=True,
    ),
    Formula(
        name="nearest_upsample",
        expr="reshape(concat(expand_dims(x, 1), expand_dims(x, 1), 1), -1)",
        inputs=("x",),
        summary="Every value twice.",
        category="transform",
        domain=(("x", VECTOR),),
        usage="Growing feature maps before a convolution, in place of a transposed one.",
        pros=("No checkerboard.",),
        cons=("Blocky until it is smoothed.",),
        subcategory="pooling",
        source=("Odena, Dumoulin & Olah (2016), Deconvolution and checkerboard artifacts, Distill"),
        checks=(at(x=(1.0, 2.0))((1.0, 1.0, 2.0, 2.0)), Same("numpy.repeat", ("x", "2"))),
    ),
    Formula(
        name="moving_average",
        expr="mean(windows(x, 0, 3), -1)",
        inputs=("x",),
        summary="The mean of every three neighbours.",
        category="transform",
        domain=(("x", _SERIES),),
        usage="Smoothing a series.",
        pros=("Removes waves of period three altogether.",),
        cons=("Lags, and rings for fast changes.",),
        subcategory="signal",
        source="Oppenheim & Schafer (2009), Discrete-time signal processing, Pearson",
        checks=(at(x=(1.0, 2.0, 6.0, 1.0))((3.0, 3.0)),),
        sensitive=True,
    ),
    Formula(
        name="sobel_magnitude",
        expr=(
            "sqrt((slice((slice(x, 0, 0, -2) + 2 * slice(x, 0, 1, -1) + slice(x, 0, 2)), 1,"
            " 2) - slice((slice(x, 0, 0, -2) + 2 * slice(x, 0, 1, -1) + slice(x, 0, 2)), 1,"
            " 0, -2)) ** 2 + (slice((slice(x, 1, 0, -2) + 2 * slice(x, 1, 1, -1) + slice(x,"
            " 1, 2)), 0, 2) - slice((slice(x, 1, 0, -2) + 2 * slice(x, 1, 1, -1) + slice(x,"
            " 1, 2)), 0, 0, -2)) ** 2)"
        ),
        inputs=("x",),
        summary="How steep a picture is at each inner pixel.",
        category="transform",
        domain=(("x", Rows(("m", "m"))),),
        usage="Finding edges.",
        pros=("Smooths across the edge while it differs along it.",),
        cons=("Thick edges: thin them afterwards.",),
        subcategory="signal",
        source="Gonzalez & Woods (2018), Digital image processing, Pearson",
        checks=(at(x=((0.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0)))(((4.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="dft_real",
        expr="matmul(cos(2 * pi * outer(positions(x, 0), positions(x, 0)) / size(x)), x)",
        inputs=("x",),
        summary="The real part of the discrete Fourier transform.",
        category="transform",
        domain=(("x", VECTOR),),
        usage="Spectra of short series, and as the definition behind the FFT.",
        pros=("Linear and exact.",),
        cons=("n² steps: use the FFT for long series.",),
        subcategory="signal",
        source="Oppenheim & Schafer (2009), Discrete-time signal processing, Pearson",
        checks=(at(x=(1.0, 1.0))((2.0, 0.0)),),
        sensitive=True,
        floor=64.0,
    ),
    Formula(
        name="dft_imag",
        expr="-matmul(sin(2 * pi * outer(positions(x, 0), positions(x, 0)) / size(x)), x)",
        inputs=("x",),
        summary="The imaginary part of the discrete Fourier transform.",
        category="transform",
        domain=(("x", VECTOR),),
        usage="Spectra of short series, and as the definition behind the FFT.",
        pros=("Linear and exact.",),
        cons=("n² steps: use the FFT for long series.",),
        subcategory="signal",
        source="Oppenheim & Schafer (2009), Discrete-time signal processing, Pearson",
        checks=(at(x=(0.0, 1.0, 0.0, 0.0))((0.0, -1.0, 0.0, 1.0)),),
        sensitive=True,
        floor=64.0,
    ),
    Formula(
        name="power_spectrum",
        expr=(
            "(matmul(cos(2 * pi * outer(positions(x, 0), positions(x, 0)) / size(x)), x) **"
            " 2 + matmul(sin(2 * pi * outer(positions(x, 0), positions(x, 0)) / size(x)), "
            "x) ** 2) / size(x)"
        ),
        inputs=("x",),
        summary="How much of a series oscillates at each frequency.",
        category="transform",
        domain=(("x", VECTOR),),
        usage="Finding periods; the periodogram.",
        pros=("Sums to the series' sum of squares.",),
        cons=("Noisy: average several pieces.",),
        subcategory="signal",
        source="Oppenheim & Schafer (2009), Discrete-time signal processing, Pearson",
        checks=(at(x=(1.0, -1.0))((0.0, 2.0)),),
        aliases=("periodogram",),
        sensitive=True,
        floor=512.0,
    ),
    Formula(
        name="dct_ii",
        expr=("2 * matmul(cos(pi * outer(positions(x, 0), positions(x, 0) + 0.5) / size(x)), x)"),
        inputs=("x",),
        summary="A series as cosines of half periods.",
        category="transform",
        domain=(("x", VECTOR),),
        usage="JPEG, and the last step of mel-frequency cepstral coefficients.",
        pros=("Real, and packs smooth series into few numbers.",),
        cons=("n² steps as written: fast versions exist.",),
        subcategory="signal",
        source=(
            "Ahmed, Natarajan & Rao (1974), Discrete cosine transform, IEEE Transactions on"
            " Computers C-23, 90-93"
        ),
        checks=(at(x=(1.0, 1.0))((4.0, 0.0)), Same("scipy.fft.dct")),
        sensitive=True,
        floor=64.0,
    ),
    Formula(
        name="haar_approximation",
        expr="sum(reshape(x, -1, 2), -1) / sqrt(2)",
        inputs=("x",),
        summary="The slow half of a Haar wavelet step: scaled sums of pairs.",
        category="transform",
        domain=(("x", _SERIES),),
        usage="Compression and denoising.",
        pros=("Keeps the sum of squares, together with the detail.",),
        cons=("Blocky: longer wavelets are smoother.",),
        subcategory="signal",
        source=(
            "Mallat (1989), A theory for multiresolution signal decomposition, IEEE TPAMI "
            "11, 674-693"
        ),
        checks=(at(x=(1.0, 1.0))((1.4142135623730951,)),),
        sensitive=True,
    ),
    Formula(
        name="haar_detail",
        expr=(
            "squeeze(slice(reshape(x, -1, 2), 1, 0, 1) - slice(reshape(x, -1, 2), 1, 1, 2), 1) "
            "/ sqrt(2)"
        ),
        inputs=("x",),
        summary="The fast half of a Haar wavelet step: scaled differences of pairs.",
        category="transform",
        domain=(("x", _SERIES),),
        usage="Compression and denoising: small details are set to 0.",
        pros=("Zero where a pair is equal.",),
        cons=("Depends on where pairs begin.",),
        subcategory="signal",
        source=(
            "Mallat (1989), A theory for multiresolution signal decomposition, IEEE TPAMI "
            "11, 674-693"
        ),
        checks=(at(x=(3.0, 1.0))((1.4142135623730951,)),),
        sensitive=True,
    ),
    Formula(
        name="conv_output_size",
        expr="floor((n_in + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1",
        inputs=("n_in", "kernel", "stride", "padding", "dilation"),
        summary="How many places a convolution or pooling gives along an axis.",
        category="transform",
        domain=(
            ("n_in", _LENGTH),
            ("kernel", _KERNEL),
            ("stride", _STRIDE),
            ("padding", _PAD),
            ("dilation", _STRIDE),
        ),
        usage="Planning the shapes of a network.",
        pros=("Holds for pooling too.",),
        cons=("Libraries with 'same' padding use another rule.",),
        subcategory="size",
        source=(
            "Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, "
            "arXiv:1603.07285"
        ),
        checks=(
            at(n_in=224.0, kernel=7.0, stride=2.0, padding=3.0, dilation=1.0)(112.0),
            at(n_in=28.0, kernel=3.0, stride=1.0, padding=0.0, dilation=2.0)(24.0),
        ),
        sensitive=True,
    ),
    Formula(
        name="conv_transpose_output_size",
        expr="(n_in - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1",
        inputs=("n_in", "kernel", "stride", "padding", "dilation"),
        summary="How many places a transposed convolution gives along an axis.",
        category="transform",
        domain=(
            ("n_in", _LENGTH),
            ("kernel", _KERNEL),
            ("stride", _STRIDE),
            ("padding", _PAD),
            ("dilation", _STRIDE),
        ),
        usage="Planning the shapes of decoders.",
        pros=("Undoes the size of the convolution with the same numbers.",),
        cons=("Several input sizes share one output size of the convolution.",),
        subcategory="size",
        source=(
            "Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, "
            "arXiv:1603.07285"
        ),
        checks=(at(n_in=5.0, kernel=3.0, stride=2.0, padding=0.0, dilation=1.0)(11.0),),
        sensitive=True,
    ),
    Formula(
        name="receptive_field",
        expr="1 + sum((kernels - 1) * exp(cumsum(log(strides), 0)) / strides)",
        inputs=("kernels", "strides"),
        summary=("How many inputs one output sees, through layers with these kernels and strides."),
        category="transform",
        domain=(
            ("kernels", Rows(("p",), of=Interval(1.0, 7.0, whole=True))),
            ("strides", Rows(("p",), of=Interval(1.0, 4.0, whole=True))),
        ),
        usage="Checking that a network sees enough context.",
        pros=("Exact for chains of convolutions and poolings.",),
        cons=("The middle counts far more than the rim.",),
        subcategory="size",
        source=(
            "Araujo, Norris & Sim (2019), Computing receptive fields of convolutional "
            "neural networks, Distill"
        ),
        checks=(at(kernels=(3.0, 3.0, 3.0), strides=(2.0, 2.0, 1.0))(15.0),),
        sensitive=True,
    ),
)
