"""Attention in its kinds, codes of positions, memories of linear attention, and their cost."""

from neurogebra.repository.record import BINARY, PROBABILITY, Formula, Interval, Rows, at

_UNIT = Interval(-2.0, 2.0)
_P = Rows(("p",), of=_UNIT)
_QUERY = Rows(("p", "q"), of=_UNIT)
_KEYS = Rows(("m", "q"), of=_UNIT)
_VALUES = Rows(("m", "q"))
_SAME = Rows(("p", "q"), of=_UNIT)
_W4 = Rows(("m", "m"), of=_UNIT)
_HEADS = Interval(1.0, 128.0, whole=True)
_COUNTS = Interval(1.0, 1e4, whole=True)
_TOKENS = Interval(1.0, 1e6, whole=True)

ATTENTION = (
    Formula(
        name="attention_weights",
        expr="softmax(matmul(Q, transpose(K)) / sqrt(size(Q, -1)))",
        inputs=("Q", "K"),
        summary="How much each query looks at each key: shares that sum to 1.",
        category="linalg",
        domain=(("Q", _QUERY), ("K", _KEYS)),
        usage="Inside every transformer, and for looking at what a model looks at.",
        pros=("Reads as probabilities.",),
        cons=("A large share need not mean a large influence.",),
        subcategory="attention",
        source="Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762",
        checks=(at(Q=((0.0,),), K=((1.0,), (2.0,)))(((0.5, 0.5),)),),
        sensitive=True,
    ),
    Formula(
        name="additive_attention",
        expr="matmul(softmax(matmul(tanh(matmul(K, U) + matmul(q, W)), w)), V)",
        inputs=("q", "K", "V", "W", "U", "w"),
        summary=(
            "A mean of values, weighed by a small network that compares the query with each key."
        ),
        category="linalg",
        domain=(
            ("q", _P),
            ("K", _KEYS),
            ("V", _VALUES),
            ("W", Rows(("p", "q"), of=_UNIT)),
            ("U", Rows(("q", "q"), of=_UNIT)),
            ("w", Rows(("q",), of=_UNIT)),
        ),
        usage="Translation with recurrent networks.",
        pros=("Query and keys may differ in size.",),
        cons=("Slower than inner products.",),
        subcategory="attention",
        source=(
            "Bahdanau, Cho & Bengio (2014), Neural machine translation by jointly learning "
            "to align and translate, arXiv:1409.0473"
        ),
        checks=(
            at(
                q=(1.0,), K=((1.0,), (2.0,)), V=((1.0,), (3.0,)), W=((1.0,),), U=((1.0,),), w=(0.0,)
            )((2.0,)),
        ),
        aliases=("bahdanau_attention",),
        sensitive=True,
    ),
    Formula(
        name="multiplicative_attention",
        expr="matmul(softmax(matmul(K, matmul(W, q))), V)",
        inputs=("q", "K", "V", "W"),
        summary="A mean of values, weighed by inner products with a mapped query.",
        category="linalg",
        domain=(("q", _P), ("K", _KEYS), ("V", _VALUES), ("W", Rows(("q", "p"), of=_UNIT))),
        usage="Translation with recurrent networks.",
        pros=("Fast: matrix products only.",),
        cons=("Large inner products make the softmax too sharp.",),
        subcategory="attention",
        source=(
            "Luong, Pham & Manning (2015), Effective approaches to attention-based neural "
            "machine translation, arXiv:1508.04025"
        ),
        checks=(at(q=(1.0,), K=((1.0,), (2.0,)), V=((1.0,), (3.0,)), W=((0.0,),))((2.0,)),),
        aliases=("luong_attention",),
        sensitive=True,
    ),
    Formula(
        name="causal_attention",
        expr=(
            "matmul(tril(exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1)))) / "
            "sum(tril(exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1)))), -1, 1), V)"
        ),
        inputs=("Q", "K", "V"),
        summary="Attention in which no place sees a later one.",
        category="linalg",
        stable=(
            "matmul(softmax(where(positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), "
            "-2) >= positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -1), matmul(Q, "
            "transpose(K)) / sqrt(size(Q, -1)), -1e30)), V)"
        ),
        domain=(("Q", _SAME), ("K", _SAME), ("V", _SAME)),
        usage="Language models, which must not see the word they predict.",
        pros=("All places train at once.",),
        cons=("Quadratic in the length.",),
        subcategory="attention",
        source="Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762",
        checks=(at(Q=((0.0,), (0.0,)), K=((1.0,), (2.0,)), V=((1.0,), (3.0,)))(((1.0,), (2.0,))),),
        sensitive=True,
    ),
    Formula(
        name="masked_attention",
        expr=(
            "matmul(where(mask > 0, exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1))), 0) / "
            "sum(where(mask > 0, exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1))), 0), -1, "
            "1), V)"
        ),
        inputs=("Q", "K", "V", "mask"),
        summary="Attention in which masked keys get no share.",
        category="linalg",
        stable=(
            "matmul(softmax(where(mask > 0, matmul(Q, transpose(K)) / sqrt(size(Q, -1)), "
            "-1e30)), V)"
        ),
        domain=(("Q", _QUERY), ("K", _KEYS), ("V", _VALUES), ("mask", Rows(("m",), of=BINARY))),
        usage="Batches of sequences of different length.",
        pros=("Padding does not count.",),
        cons=("A mask without any key has no answer.",),
        subcategory="attention",
        source="Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762",
        checks=(
            at(
                Q=((0.0,),),
                K=((1.0,), (2.0,), (9.0,)),
                V=((1.0,), (3.0,), (9.0,)),
                mask=(1.0, 1.0, 0.0),
            )(((2.0,),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="sliding_window_attention",
        expr=(
            "matmul(where(abs(positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -2) - "
            "positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -1)) <= 1, "
            "exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1))), 0) / "
            "sum(where(abs(positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -2) - "
            "positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -1)) <= 1, "
            "exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1))), 0), -1, 1), V)"
        ),
        inputs=("Q", "K", "V"),
        summary="Attention in which each place sees itself and its two neighbours.",
        category="linalg",
        stable=(
            "matmul(softmax(where(abs(positions(matmul(Q, transpose(K)) / sqrt(size(Q, "
            "-1)), -2) - positions(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -1)) <= 1, "
            "matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -1e30)), V)"
        ),
        domain=(("Q", _SAME), ("K", _SAME), ("V", _SAME)),
        usage="Long texts, in layers that look near.",
        pros=("Linear in the length.",),
        cons=("Far context passes only through many layers.",),
        subcategory="attention",
        source=(
            "Beltagy, Peters & Cohan (2020), Longformer: the long-document transformer, "
            "arXiv:2004.05150"
        ),
        checks=(
            at(Q=((0.0,), (0.0,), (0.0,)), K=((1.0,), (2.0,), (3.0,)), V=((1.0,), (3.0,), (9.0,)))(
                ((2.0,), (4.333333333333333,), (6.0,))
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="multi_head_attention",
        expr=(
            "matmul(reshape(permute(matmul(softmax(matmul(permute(reshape(matmul(X, W_q), "
            "0, 2, -1), 1, 0, 2), transpose(permute(reshape(matmul(X, W_k), 0, 2, -1), 1, "
            "0, 2))) / sqrt(size(permute(reshape(matmul(X, W_q), 0, 2, -1), 1, 0, 2), "
            "-1))), permute(reshape(matmul(X, W_v), 0, 2, -1), 1, 0, 2)), 1, 0, 2), 0, -1),"
            " W_o)"
        ),
        inputs=("X", "W_q", "W_k", "W_v", "W_o"),
        summary="Self-attention by two heads, each in its own half of the space, then mixed.",
        category="linalg",
        domain=(
            ("X", Rows(("p", "m"), of=_UNIT)),
            ("W_q", _W4),
            ("W_k", _W4),
            ("W_v", _W4),
            ("W_o", _W4),
        ),
        usage="The attention half of a transformer block.",
        pros=("Heads look for different things at once.",),
        cons=("Quadratic in the length.",),
        subcategory="attention",
        source="Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762",
        aliases=("mha",),
        sensitive=True,
    ),
    Formula(
        name="grouped_query_attention",
        expr=(
            "reshape(permute(matmul(softmax(matmul(permute(reshape(matmul(X, W_q), 0, 2, 2,"
            " -1), 1, 2, 0, 3), transpose(permute(reshape(matmul(X, W_k), 0, 2, 1, -1), 1, "
            "2, 0, 3))) / sqrt(size(permute(reshape(matmul(X, W_q), 0, 2, 2, -1), 1, 2, 0, "
            "3), -1))), permute(reshape(matmul(X, W_v), 0, 2, 1, -1), 1, 2, 0, 3)), 2, 0, "
            "1, 3), 0, -1)"
        ),
        inputs=("X", "W_q", "W_k", "W_v"),
        summary="Self-attention by four heads, of which two at a time share keys and values.",
        category="linalg",
        domain=(
            ("X", Rows(("p", "m"), of=_UNIT)),
            ("W_q", _W4),
            ("W_k", Rows(("m", "q"), of=_UNIT)),
            ("W_v", Rows(("m", "q"), of=_UNIT)),
        ),
        usage=("Language models such as Llama and Mistral: the cache of keys and values shrinks."),
        pros=("Nearly as good as a head of keys each.", "Half the cache, or less."),
        cons=("Slightly weaker than full multi-head attention.",),
        subcategory="attention",
        source=(
            "Ainslie et al. (2023), GQA: training generalized multi-query transformer "
            "models from multi-head checkpoints, arXiv:2305.13245"
        ),
        aliases=("gqa",),
        sensitive=True,
    ),
    Formula(
        name="multi_query_attention",
        expr=(
            "reshape(permute(matmul(softmax(matmul(permute(reshape(matmul(X, W_q), 0, 2, "
            "-1), 1, 0, 2), transpose(matmul(X, W_k))) / "
            "sqrt(size(permute(reshape(matmul(X, W_q), 0, 2, -1), 1, 0, 2), -1))), "
            "matmul(X, W_v)), 1, 0, 2), 0, -1)"
        ),
        inputs=("X", "W_q", "W_k", "W_v"),
        summary="Self-attention by two heads that share one set of keys and values.",
        category="linalg",
        domain=(
            ("X", Rows(("p", "m"), of=_UNIT)),
            ("W_q", _W4),
            ("W_k", Rows(("m", "q"), of=_UNIT)),
            ("W_v", Rows(("m", "q"), of=_UNIT)),
        ),
        usage="Fast decoding: the cache is as small as that of one head.",
        pros=("The smallest cache.",),
        cons=("Weaker than grouped heads.",),
        subcategory="attention",
        source=(
            "Shazeer (2019), Fast transformer decoding: one write-head is all you need, "
            "arXiv:1911.02150"
        ),
        aliases=("mqa",),
        sensitive=True,
    ),
    Formula(
        name="linear_attention",
        expr=(
            "matmul(where(Q > 0, Q + 1, exp(Q)), matmul(transpose(where(K > 0, K + 1, "
            "exp(K))), V)) / matmul(where(Q > 0, Q + 1, exp(Q)), expand_dims(sum(where(K > "
            "0, K + 1, exp(K)), 0), 1))"
        ),
        inputs=("Q", "K", "V"),
        summary="Attention with a product of positive features in place of the softmax.",
        category="linalg",
        domain=(("Q", _QUERY), ("K", _KEYS), ("V", _VALUES)),
        usage="Long sequences: cost and memory grow linearly.",
        pros=("Runs as a recurrence with a state of fixed size.",),
        cons=("Cannot single out one key as sharply as softmax.",),
        subcategory="attention",
        source=(
            "Katharopoulos et al. (2020), Transformers are RNNs: fast autoregressive "
            "transformers with linear attention, arXiv:2006.16236"
        ),
        checks=(at(Q=((1.0,),), K=((0.0,), (2.0,)), V=((1.0,), (3.0,)))(((2.5,),)),),
        sensitive=True,
    ),
    Formula(
        name="linear_attention_state",
        expr="S + outer(k, v)",
        inputs=("S", "k", "v"),
        summary="The memory of linear attention after one more key and value.",
        category="linalg",
        domain=(
            ("S", Rows(("p", "q"), of=_UNIT)),
            ("k", Rows(("p",), of=_UNIT)),
            ("v", Rows(("q",), of=_UNIT)),
        ),
        usage="Decoding with linear attention, one token at a time.",
        pros=("Fixed size, however long the text.",),
        cons=("Nothing is ever forgotten: old pairs interfere.",),
        subcategory="attention",
        source=(
            "Katharopoulos et al. (2020), Transformers are RNNs: fast autoregressive "
            "transformers with linear attention, arXiv:2006.16236"
        ),
        checks=(at(S=((1.0, 0.0),), k=(2.0,), v=(3.0, 4.0))(((7.0, 8.0),)),),
        sensitive=True,
    ),
    Formula(
        name="retention_state",
        expr="gamma * S + outer(k, v)",
        inputs=("S", "k", "v"),
        summary="The memory of retention: it fades by γ before a key and value are added.",
        category="linalg",
        params=(("gamma", 0.9),),
        domain=(
            ("S", Rows(("p", "q"), of=_UNIT)),
            ("k", Rows(("p",), of=_UNIT)),
            ("v", Rows(("q",), of=_UNIT)),
        ),
        usage="Decoding with retentive networks.",
        pros=("Fixed size, and old pairs fade.",),
        cons=("Fades all pairs alike.",),
        subcategory="attention",
        source=(
            "Sun et al. (2023), Retentive network: a successor to transformer for large "
            "language models, arXiv:2307.08621"
        ),
        checks=(at(S=((2.0, 0.0),), k=(2.0,), v=(3.0, 4.0), gamma=0.5)(((7.0, 8.0),)),),
        sensitive=True,
    ),
    Formula(
        name="gated_linear_attention_state",
        expr="expand_dims(a, 1) * S + outer(k, v)",
        inputs=("S", "a", "k", "v"),
        summary=(
            "The memory of gated linear attention: every row fades at its own rate, chosen "
            "by the input."
        ),
        category="linalg",
        domain=(
            ("S", Rows(("p", "q"), of=_UNIT)),
            ("a", Rows(("p",), of=PROBABILITY)),
            ("k", Rows(("p",), of=_UNIT)),
            ("v", Rows(("q",), of=_UNIT)),
        ),
        usage="Linear attention in place of softmax attention.",
        pros=("The model decides what to forget.",),
        cons=("Needs chunked kernels to be fast.",),
        subcategory="attention",
        source=(
            "Yang et al. (2023), Gated linear attention transformers with hardware-"
            "efficient training, arXiv:2312.06635"
        ),
        checks=(at(S=((2.0, 0.0),), a=(0.5,), k=(2.0,), v=(3.0, 4.0))(((7.0, 8.0),)),),
        sensitive=True,
    ),
    Formula(
        name="delta_rule_state",
        expr="S + beta * outer(v - matmul(S, k), k)",
        inputs=("S", "k", "v"),
        summary="A memory corrected by β towards giving v for the key k.",
        category="linalg",
        params=(("beta", 0.5),),
        domain=(
            ("S", Rows(("q", "p"), of=_UNIT)),
            ("k", Rows(("p",), of=_UNIT)),
            ("v", Rows(("q",), of=_UNIT)),
        ),
        usage="DeltaNet: linear attention that can overwrite.",
        pros=("With β = 1 and a key of length 1 the old value is replaced.",),
        cons=("One correction after the other, unless rewritten.",),
        subcategory="attention",
        source=(
            "Schlag, Irie & Schmidhuber (2021), Linear transformers are secretly fast "
            "weight programmers, arXiv:2102.11174"
        ),
        checks=(at(S=((5.0,),), k=(1.0,), v=(3.0,), beta=1.0)(((3.0,),)),),
        aliases=("fast_weight_update",),
        sensitive=True,
    ),
    Formula(
        name="retention",
        expr=(
            "matmul(tril(matmul(Q, transpose(K))) * gamma ** abs(positions(matmul(Q, "
            "transpose(K)), -2) - positions(matmul(Q, transpose(K)), -1)), V)"
        ),
        inputs=("Q", "K", "V"),
        summary="Causal attention without a softmax, whose weights fade with distance.",
        category="linalg",
        params=(("gamma", 0.9),),
        domain=(("Q", _SAME), ("K", _SAME), ("V", _SAME)),
        usage="Training retentive networks on whole sequences.",
        pros=("Equals a recurrence with a fixed memory.",),
        cons=("The weights do not sum to 1: normalise afterwards.",),
        subcategory="attention",
        source=(
            "Sun et al. (2023), Retentive network: a successor to transformer for large "
            "language models, arXiv:2307.08621"
        ),
        checks=(
            at(Q=((1.0,), (1.0,)), K=((1.0,), (1.0,)), V=((2.0,), (3.0,)), gamma=0.5)(
                ((2.0,), (4.0,))
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="alibi_scores",
        expr=(
            "matmul(Q, transpose(K)) / sqrt(size(Q, -1)) - slope * abs(positions(matmul(Q, "
            "transpose(K)), -2) - positions(matmul(Q, transpose(K)), -1))"
        ),
        inputs=("Q", "K"),
        summary="Scores of attention, lowered in proportion to the distance.",
        category="linalg",
        params=(("slope", 0.25),),
        domain=(("Q", _SAME), ("K", _SAME)),
        usage="Telling a transformer the order without codes of positions.",
        pros=("Works for lengths never seen.",),
        cons=("Prefers near words in every head.",),
        subcategory="attention",
        source=(
            "Press, Smith & Lewis (2021), Train short, test long: attention with linear "
            "biases enables input length extrapolation, arXiv:2108.12409"
        ),
        checks=(at(Q=((1.0,), (2.0,)), K=((1.0,), (1.0,)), slope=0.5)(((1.0, 0.5), (1.5, 2.0))),),
        aliases=("alibi",),
        sensitive=True,
    ),
    Formula(
        name="alibi_slope",
        expr="2 ** (-8 * head / n_heads)",
        inputs=("head", "n_heads"),
        summary="By how much a head lowers its scores for each place of distance.",
        category="linalg",
        stable="exp(-5.545177444479562 * head / n_heads)",
        domain=(("head", _HEADS), ("n_heads", _HEADS)),
        usage="Heads 1 … n of a model with linear biases.",
        pros=("Near and far heads without training.",),
        cons=("Made for a power of two heads.",),
        subcategory="attention",
        source=(
            "Press, Smith & Lewis (2021), Train short, test long: attention with linear "
            "biases enables input length extrapolation, arXiv:2108.12409"
        ),
        checks=(at(head=1.0, n_heads=8.0)(0.5), at(head=8.0, n_heads=8.0)(0.00390625)),
        sensitive=True,
    ),
    Formula(
        name="rope",
        expr=(
            "reshape(concat(expand_dims(squeeze(slice(reshape(x, 0, -1, 2), 2, 0, 1), -1) *"
            " cos(positions(x, 0) * base ** (-2 * squeeze(positions(reshape(x, 0, -1, 2), "
            "1), -1) / size(x, -1))) - squeeze(slice(reshape(x, 0, -1, 2), 2, 1, 2), -1) * "
            "sin(positions(x, 0) * base ** (-2 * squeeze(positions(reshape(x, 0, -1, 2), "
            "1), -1) / size(x, -1))), -1), expand_dims(squeeze(slice(reshape(x, 0, -1, 2), "
            "2, 0, 1), -1) * sin(positions(x, 0) * base ** (-2 * "
            "squeeze(positions(reshape(x, 0, -1, 2), 1), -1) / size(x, -1))) + "
            "squeeze(slice(reshape(x, 0, -1, 2), 2, 1, 2), -1) * cos(positions(x, 0) * base"
            " ** (-2 * squeeze(positions(reshape(x, 0, -1, 2), 1), -1) / size(x, -1))), "
            "-1), -1), 0, -1)"
        ),
        inputs=("x",),
        summary="Pairs of features turned by angles that grow with the position (rows of x).",
        category="linalg",
        params=(("base", 10000.0),),
        domain=(("x", Rows(("p", "m"))),),
        usage="Queries and keys of language models: inner products then tell the distance.",
        pros=("Relative positions without parameters.", "Keeps lengths."),
        cons=("Lengths never seen need a change of base or scale.",),
        subcategory="attention",
        source=(
            "Su et al. (2021), RoFormer: enhanced transformer with rotary position "
            "embedding, arXiv:2104.09864"
        ),
        checks=(
            at(x=((1.0, 0.0), (1.0, 0.0)))(((1.0, 0.0), (0.5403023058681398, 0.8414709848078965))),
        ),
        aliases=("rotary_embedding",),
        sensitive=True,
    ),
    Formula(
        name="rope_frequency",
        expr="base ** (-2 * i / d_model)",
        inputs=("i", "d_model"),
        summary="The angle by which pair i of the features turns for each step of the position.",
        category="linalg",
        params=(("base", 10000.0),),
        domain=(
            ("i", Interval(0.0, 63.0, whole=True)),
            ("d_model", Interval(64.0, 256.0, whole=True)),
        ),
        usage="Rotary position codes, and plans to stretch them.",
        pros=("Slow and fast hands of one clock.",),
        cons=("The slowest hands never turn once in training.",),
        subcategory="attention",
        source=(
            "Su et al. (2021), RoFormer: enhanced transformer with rotary position "
            "embedding, arXiv:2104.09864"
        ),
        checks=(at(i=0.0, d_model=64.0)(1.0), at(i=16.0, d_model=64.0)(0.01)),
        sensitive=True,
    ),
    Formula(
        name="yarn_temperature",
        expr="0.1 * log(scale) + 1",
        inputs=("scale",),
        summary="The factor of queries and keys when the context is stretched by a scale.",
        category="linalg",
        domain=(("scale", Interval(1.0, 1024.0)),),
        usage="Language models used beyond the length they were trained on.",
        pros=("Keeps the attention as sharp as before.",),
        cons=("Fitted to Llama models.",),
        subcategory="attention",
        source=(
            "Peng et al. (2023), YaRN: efficient context window extension of large language"
            " models, arXiv:2309.00071"
        ),
        checks=(at(scale=1.0)(1.0), at(scale=2.718281828459045)(1.1)),
        sensitive=True,
    ),
    Formula(
        name="logit_softcap",
        expr="cap * tanh(x / cap)",
        inputs=("x",),
        summary="Scores bent so that they never leave −cap … cap.",
        category="linalg",
        params=(("cap", 30.0),),
        usage="Attention scores and output scores of large models, such as Gemma 2.",
        pros=("Stops scores from growing during training.",),
        cons=("Fused attention kernels must know it.",),
        subcategory="attention",
        source=(
            "Gemma Team (2024), Gemma 2: improving open language models at a practical "
            "size, arXiv:2408.00118"
        ),
        checks=(at(x=0.0)(0.0), at(x=30.0, cap=30.0)(22.847824678672946)),
        sensitive=True,
    ),
    Formula(
        name="qk_norm_attention",
        expr=("matmul(softmax(g * matmul(Q / norm(Q, -1, 1), transpose(K / norm(K, -1, 1)))), V)"),
        inputs=("Q", "K", "V"),
        summary="Attention by cosines, with a learned sharpness g.",
        category="linalg",
        params=(("g", 4.0),),
        domain=(("Q", _QUERY), ("K", _KEYS), ("V", _VALUES)),
        usage="Training that must not be upset by growing queries and keys.",
        pros=("Scores stay within ±g.",),
        cons=("g must be learned or chosen.",),
        subcategory="attention",
        source=("Henry et al. (2020), Query-key normalization for transformers, arXiv:2010.04245"),
        checks=(at(Q=((5.0,),), K=((1.0,), (7.0,)), V=((1.0,), (3.0,)))(((2.0,),)),),
        aliases=("cosine_attention",),
        sensitive=True,
    ),
    Formula(
        name="sink_attention",
        expr=(
            "matmul(exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1))) / (exp(sink) + "
            "sum(exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1))), -1, 1)), V)"
        ),
        inputs=("Q", "K", "V"),
        summary="Attention with a learned score that takes a share and brings no value.",
        category="linalg",
        params=(("sink", 0.0),),
        stable=(
            "matmul(exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1)) - max(amax(matmul(Q, "
            "transpose(K)) / sqrt(size(Q, -1)), -1, 1), sink)) / (exp(sink - "
            "max(amax(matmul(Q, transpose(K)) / sqrt(size(Q, -1)), -1, 1), sink)) + "
            "sum(exp(matmul(Q, transpose(K)) / sqrt(size(Q, -1)) - max(amax(matmul(Q, "
            "transpose(K)) / sqrt(size(Q, -1)), -1, 1), sink)), -1, 1)), V)"
        ),
        domain=(("Q", _QUERY), ("K", _KEYS), ("V", _VALUES)),
        usage="Heads that must be able to look at nothing.",
        pros=("No need to dump attention on the first word.",),
        cons=("Shares sum to less than 1.",),
        subcategory="attention",
        source="OpenAI (2025), gpt-oss-120b & gpt-oss-20b model card, arXiv:2508.10925",
        checks=(at(Q=((0.0,),), K=((1.0,), (2.0,)), V=((1.0,), (5.0,)))(((2.0,),)),),
        sensitive=True,
    ),
    Formula(
        name="differential_attention",
        expr=(
            "matmul(softmax(matmul(Q1, transpose(K1)) / sqrt(size(Q1, -1))) - lam * "
            "softmax(matmul(Q2, transpose(K2)) / sqrt(size(Q2, -1))), V)"
        ),
        inputs=("Q1", "K1", "Q2", "K2", "V"),
        summary="The difference of two attentions: what both look at without reason cancels.",
        category="linalg",
        params=(("lam", 0.8),),
        domain=(("Q1", _QUERY), ("K1", _KEYS), ("Q2", _QUERY), ("K2", _KEYS), ("V", _VALUES)),
        usage="Long contexts full of noise.",
        pros=("Sparser, sharper attention.",),
        cons=("Two softmaxes instead of one.",),
        subcategory="attention",
        source="Ye et al. (2024), Differential transformer, arXiv:2410.05258",
        checks=(
            at(
                Q1=((0.0,),),
                K1=((1.0,), (2.0,)),
                Q2=((0.0,),),
                K2=((1.0,), (2.0,)),
                V=((1.0,), (3.0,)),
                lam=0.25,
            )(((1.5,),)),
        ),
        sensitive=True,
    ),
    Formula(
        name="graph_attention",
        expr=(
            "softmax(where(A + eye_like(A) > 0, where(expand_dims(matmul(H, a), 1) + "
            "matmul(H, b) > 0, 1, 0.2) * (expand_dims(matmul(H, a), 1) + matmul(H, b)), "
            "-1e30))"
        ),
        inputs=("H", "A", "a", "b"),
        summary="How much each node of a graph looks at itself and its neighbours.",
        category="linalg",
        domain=(
            ("H", _SAME),
            ("A", Rows(("p", "p"), of=BINARY)),
            ("a", Rows(("q",), of=_UNIT)),
            ("b", Rows(("q",), of=_UNIT)),
        ),
        usage=(
            "Graphs whose neighbours matter unequally; H holds mapped features, A the adjacency."
        ),
        pros=("Weights fit the data.", "Any number of neighbours."),
        cons=("Scores of all nodes share one order of neighbours.",),
        subcategory="attention",
        source="Veličković et al. (2017), Graph attention networks, arXiv:1710.10903",
        checks=(
            at(H=((1.0,), (2.0,)), A=((0.0, 1.0), (0.0, 0.0)), a=(0.0,), b=(0.0,))(
                ((0.5, 0.5), (0.0, 1.0))
            ),
        ),
        aliases=("gat_weights",),
        sensitive=True,
    ),
    Formula(
        name="attention_rollout",
        expr="matmul((A + eye_like(A)) / 2, R)",
        inputs=("A", "R"),
        summary="How tokens flow through one more layer, counting its residual path.",
        category="linalg",
        domain=(
            ("A", Rows(("p", "p"), of=PROBABILITY, simplex=True)),
            ("R", Rows(("p", "p"), of=_UNIT)),
        ),
        usage="Tracing what a transformer's output looks at.",
        pros=("Follows attention through all layers.",),
        cons=("Ignores values and feed-forward layers.",),
        subcategory="attention",
        source=(
            "Abnar & Zuidema (2020), Quantifying attention flow in transformers, arXiv:2005.00928"
        ),
        checks=(
            at(A=((0.0, 1.0), (1.0, 0.0)), R=((2.0, 0.0), (0.0, 4.0)))(((1.0, 2.0), (1.0, 2.0))),
        ),
        sensitive=True,
    ),
    Formula(
        name="attention_entropy",
        expr="-sum(A * log(A), -1)",
        inputs=("A",),
        summary="How widely each query spreads its attention, in nats.",
        category="linalg",
        stable="-sum(xlogy(A, A), -1)",
        domain=(("A", Rows(("p", "m"), of=PROBABILITY, simplex=True)),),
        usage="Watching training: heads whose entropy collapses become unstable.",
        pros=("0 for one key, ln n for all alike.",),
        cons=("Says nothing of where a head looks.",),
        subcategory="attention",
        source=(
            "Zhai et al. (2023), Stabilizing transformer training by preventing attention "
            "entropy collapse, arXiv:2303.06296"
        ),
        checks=(at(A=((0.5, 0.5), (0.25, 0.75)))((0.6931471805599453, 0.5623351446188083)),),
        sensitive=True,
    ),
    Formula(
        name="attention_flops",
        expr="4 * n_tokens ** 2 * d_model",
        inputs=("n_tokens", "d_model"),
        summary="Multiplications and additions of scores and weighted values in one layer.",
        category="linalg",
        domain=(("n_tokens", _TOKENS), ("d_model", _COUNTS)),
        usage="Seeing from which length on attention dominates.",
        pros=("Independent of the number of heads.",),
        cons=("Projections come on top: 8 n d².",),
        subcategory="cost",
        source=("Kaplan et al. (2020), Scaling laws for neural language models, arXiv:2001.08361"),
        checks=(at(n_tokens=10.0, d_model=3.0)(1200.0),),
    ),
)
