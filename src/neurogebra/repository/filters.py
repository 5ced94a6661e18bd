"""Filters: Kalman steps, hidden Markov steps, Gaussian processes, search by them."""

from neurogebra.repository.record import (
    NON_NEGATIVE,
    PROBABILITY,
    SHARES,
    SQUARE,
    VECTOR,
    Formula,
    Interval,
    Rows,
    at,
)

_BAYES = "bayesian"
_MURPHY = "Murphy (2012), Machine learning: a probabilistic perspective"
_RASMUSSEN = "Rasmussen & Williams (2006), Gaussian processes for machine learning, chapter 2"
_WIDTH = Interval(1e-2, 1e2)
_NEAR = Interval(-30.0, 30.0)
_SAMPLE = Interval(2.0, 1e6, whole=True)
_FEATURES = Rows(("d",))
_COVARIANCE = Rows(("d", "d"), definite=True)
_POSITIVES = Rows(of=Interval(0.1, 10.0))
_SHORT = Rows(("p",))
_SCALE = Rows(("p", "p"), definite=True)
_CROSS = Rows(("q", "p"), of=Interval(-1.0, 1.0))
_PRIORS = Rows(("q",), of=Interval(0.1, 10.0))
_STEP = Rows(("d", "d"))
_SENSOR = Rows(("q", "d"), of=Interval(-2.0, 2.0))
_NOISE = Rows(("q", "q"), definite=True)
_READING = Rows(("q",))
_CONTROL = Rows(("d", "q"))
_TRANSITIONS = Rows(("n", "n"), of=Interval(0.01, 1.0))
_HALF = -0.6931471805599453  # as a logarithm


def forward(start: str, seen: str, steps: int = 4) -> str:
    """Return the log-chances of all hidden paths to each state after so many steps."""
    if steps == 1:
        return f"{start} + take({seen}, 0, 0)"
    before = forward(start, seen, steps - 1)
    return f"logsumexp(expand_dims({before}, 1) + log_A, 0) + take({seen}, {steps - 1}, 0)"


FILTERS = (
    Formula(
        name="gp_posterior_mean",
        expr="matmul(K_s, solve(K + noise ** 2 * eye_like(K), y))",
        inputs=("K_s", "K", "y"),
        summary="What a Gaussian process expects at new points; rows of K_s: new against "
        "known points.",
        category="statistics",
        params=(("noise", 0.1),),
        domain=(("K_s", _CROSS), ("K", _SCALE), ("y", _SHORT)),
        usage="Bayesian optimization, geostatistics, small data.",
        pros=("Exact inference.",),
        cons=("Cubic cost in the number of points.",),
        subcategory=_BAYES,
        source=_RASMUSSEN,
        checks=(at(K_s=((1.0,),), K=((1.0,),), y=(2.0,), noise=1.0)((1.0,)),),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="gp_posterior_variance",
        expr="k_ss - diagonal(matmul(K_s, solve(K + noise ** 2 * eye_like(K), transpose(K_s))))",
        inputs=("k_ss", "K_s", "K"),
        summary="How unsure a Gaussian process is at new points; k_ss: their prior variances.",
        category="statistics",
        params=(("noise", 0.1),),
        domain=(("k_ss", _PRIORS), ("K_s", _CROSS), ("K", _SCALE)),
        usage="Error bars, choice of the next experiment.",
        pros=("Honest far from the data.",),
        cons=("Independent of the targets.",),
        subcategory=_BAYES,
        source=_RASMUSSEN,
        checks=(at(k_ss=(1.0,), K_s=((1.0,),), K=((1.0,),), noise=1.0)((0.5,)),),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="gp_log_marginal_likelihood",
        expr="-(dot(y, solve(K + noise ** 2 * eye_like(K), y)) + logdet(K + noise ** 2 * "
        "eye_like(K)) + size(y) * log(2 * pi)) / 2",
        inputs=("y", "K"),
        summary="The log-evidence of a Gaussian process.",
        category="statistics",
        params=(("noise", 0.1),),
        domain=(("y", _SHORT), ("K", _SCALE)),
        usage="Choosing kernels and their widths without a validation set.",
        pros=("Fit and simplicity in one number.",),
        cons=("Has several peaks.",),
        subcategory=_BAYES,
        source=_RASMUSSEN,
        checks=(at(y=(0.0,), K=((1.0,),), noise=0.0)(-0.9189385332046727),),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="expected_improvement",
        expr="(mu - best - xi) * (1 + erf(((mu - best - xi) / sigma) / sqrt(2))) / 2 + sigma "
        "* exp(-((mu - best - xi) / sigma) ** 2 / 2) / sqrt(2 * pi)",
        stable="(mu - best - xi) * erfc(-((mu - best - xi) / sigma) / sqrt(2)) / 2 + sigma * "
        "exp(-((mu - best - xi) / sigma) ** 2 / 2) / sqrt(2 * pi)",
        inputs=("mu", "sigma", "best"),
        summary="How much a new point is expected to beat the best one, when maximizing.",
        category="statistics",
        params=(("xi", 0.01),),
        domain=(("mu", _NEAR), ("sigma", _WIDTH), ("best", _NEAR)),
        usage="Bayesian optimization of hyper-parameters.",
        pros=("Weighs hope against doubt without a knob.",),
        cons=("Flat where the model is sure.",),
        subcategory=_BAYES,
        source="Jones, Schonlau & Welch (1998), Efficient global optimization of expensive "
        "black-box functions, Journal of Global Optimization 13, 455-492",
        checks=(at(mu=1.0, sigma=1.0, best=1.0, xi=0.0)(0.3989422804014327),),
        sensitive=True,
        floor=64.0,
    ),
    Formula(
        name="probability_of_improvement",
        expr="erfc(-((mu - best - xi) / sigma) / sqrt(2)) / 2",
        inputs=("mu", "sigma", "best"),
        summary="The chance that a new point beats the best one by xi, when maximizing.",
        category="statistics",
        params=(("xi", 0.01),),
        domain=(("mu", _NEAR), ("sigma", _WIDTH), ("best", _NEAR)),
        usage="Bayesian optimization, cautious search.",
        pros=("Cheap.",),
        cons=("Greedy: blind to how much is won.",),
        subcategory=_BAYES,
        source="Kushner (1964), A new method of locating the maximum point of an arbitrary "
        "multipeak curve in the presence of noise, Journal of Basic Engineering 86, "
        "97-106",
        checks=(at(mu=1.0, sigma=1.0, best=1.0, xi=0.0)(0.5),),
        sensitive=True,
    ),
    Formula(
        name="upper_confidence_bound",
        expr="mu + kappa * sigma",
        inputs=("mu", "sigma"),
        summary="An optimistic guess: the mean plus so many deviations.",
        category="statistics",
        params=(("kappa", 2.0),),
        domain=(("sigma", NON_NEGATIVE),),
        usage="Bandits and Bayesian optimization.",
        pros=("One knob between trying and using.",),
        cons=("The knob must be chosen.",),
        subcategory=_BAYES,
        source="Srinivas, Krause, Kakade & Seeger (2010), Gaussian process optimization in "
        "the bandit setting: no regret and experimental design, ICML",
        checks=(at(mu=1.0, sigma=0.5)(2.0),),
        sensitive=True,
    ),
    Formula(
        name="kalman_predict_covariance",
        expr="matmul(A, matmul(P, transpose(A))) + Q",
        inputs=("A", "P", "Q"),
        summary="How unsure a linear system's state is one step later.",
        category="statistics",
        domain=(("A", _STEP), ("P", _COVARIANCE), ("Q", _COVARIANCE)),
        usage="Tracking, navigation, smoothing of series.",
        pros=("Noise adds, motion turns it.",),
        cons=("Linear systems only.",),
        subcategory="filtering",
        source="Kalman (1960), A new approach to linear filtering and prediction problems, "
        "Journal of Basic Engineering 82, 35-45",
        checks=(at(A=((2.0,),), P=((3.0,),), Q=((1.0,),))(((13.0,),)),),
        ulp=16.0,
        sensitive=True,
    ),
    Formula(
        name="kalman_gain",
        expr="transpose(solve(matmul(H, matmul(P, transpose(H))) + R, matmul(H, P)))",
        inputs=("H", "P", "R"),
        summary="How far a measurement moves the state.",
        category="statistics",
        domain=(("H", _SENSOR), ("P", _COVARIANCE), ("R", _NOISE)),
        usage="Tracking, fusion of sensors.",
        pros=("The best linear weight.",),
        cons=("Needs both noise covariances.",),
        subcategory="filtering",
        source="Kalman (1960), A new approach to linear filtering and prediction problems, "
        "Journal of Basic Engineering 82, 35-45",
        checks=(at(H=((1.0,),), P=((3.0,),), R=((1.0,),))(((0.75,),)),),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="kalman_update_mean",
        expr="x + matmul(matmul(P, transpose(H)), solve(matmul(H, matmul(P, transpose(H))) + "
        "R, z - matmul(H, x)))",
        inputs=("x", "P", "H", "R", "z"),
        summary="The state after a measurement z.",
        category="statistics",
        domain=(
            ("x", _FEATURES),
            ("P", _COVARIANCE),
            ("H", _SENSOR),
            ("R", _NOISE),
            ("z", _READING),
        ),
        usage="Tracking, fusion of sensors.",
        pros=("Weighs prediction and measurement by their noise.",),
        cons=("An outlier drags the state along.",),
        subcategory="filtering",
        source="Kalman (1960), A new approach to linear filtering and prediction problems, "
        "Journal of Basic Engineering 82, 35-45",
        checks=(at(x=(0.0,), P=((3.0,),), H=((1.0,),), R=((1.0,),), z=(4.0,))((3.0,)),),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="kalman_update_covariance",
        expr="P - matmul(matmul(P, transpose(H)), solve(matmul(H, matmul(P, transpose(H))) + "
        "R, matmul(H, P)))",
        inputs=("P", "H", "R"),
        summary="How unsure the state is after a measurement.",
        category="statistics",
        domain=(("P", _COVARIANCE), ("H", _SENSOR), ("R", _NOISE)),
        usage="Tracking, fusion of sensors.",
        pros=("Never more than before.",),
        cons=("Loses symmetry by rounding over many steps.",),
        subcategory="filtering",
        source="Kalman (1960), A new approach to linear filtering and prediction problems, "
        "Journal of Basic Engineering 82, 35-45",
        checks=(at(P=((3.0,),), H=((1.0,),), R=((1.0,),))(((0.75,),)),),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="kalman_log_likelihood",
        expr="-(dot(z - matmul(H, x), solve(matmul(H, matmul(P, transpose(H))) + R, z - "
        "matmul(H, x))) + logdet(matmul(H, matmul(P, transpose(H))) + R) + size(z) * "
        "log(2 * pi)) / 2",
        inputs=("z", "H", "x", "P", "R"),
        summary="The log-density of a measurement under a Kalman filter's prediction.",
        category="statistics",
        domain=(
            ("z", _READING),
            ("H", _SENSOR),
            ("x", _FEATURES),
            ("P", _COVARIANCE),
            ("R", _NOISE),
        ),
        usage="Fitting noise levels, rejecting outliers.",
        pros=("Sums over time to the likelihood of the whole series.",),
        cons=("Normal noise only.",),
        subcategory="filtering",
        source=f"{_MURPHY}, section 18.3",
        checks=(
            at(z=(1.0,), H=((1.0,),), x=(1.0,), P=((1.0,),), R=((1.0,),))(-1.2655121234846454),
        ),
        ulp=64.0,
        sensitive=True,
    ),
    Formula(
        name="hmm_forward_step",
        expr="matmul(alpha, A) * likelihood / sum(matmul(alpha, A) * likelihood)",
        inputs=("alpha", "A", "likelihood"),
        summary="The chances of hidden states after one more observation.",
        category="statistics",
        domain=(("alpha", SHARES), ("A", _TRANSITIONS), ("likelihood", _POSITIVES)),
        usage="Speech, genes, tracking of modes.",
        pros=("Scaled, so that long series do not underflow.",),
        cons=("The next state may depend on the last one only.",),
        subcategory="filtering",
        source="Rabiner (1989), A tutorial on hidden Markov models and selected applications "
        "in speech recognition, Proceedings of the IEEE 77, 257-286",
        checks=(
            at(alpha=(1.0, 0.0), A=((0.5, 0.5), (0.0, 1.0)), likelihood=(0.75, 0.25))((0.75, 0.25)),
        ),
        ulp=8.0,
        sensitive=True,
    ),
    Formula(
        name="hmm_log_likelihood",
        expr=f"logsumexp({forward('log_pi', 'log_likelihood')})",
        inputs=("log_likelihood", "log_pi", "log_A"),
        summary="The log-chance of four observations under a hidden Markov model.",
        category="statistics",
        domain=(
            ("log_likelihood", Rows(("m", "n"))),
            ("log_pi", VECTOR),
            ("log_A", SQUARE),
        ),
        usage="Choosing between models, fitting their moves by gradients.",
        pros=("Sums over all hidden paths in linear time.",),
        cons=("Four steps are written out here; the next state may depend on the last one only.",),
        subcategory="filtering",
        source="Rabiner (1989), A tutorial on hidden Markov models and selected applications "
        "in speech recognition, Proceedings of the IEEE 77, 257-286",
        checks=(
            at(log_likelihood=((-1.0,) * 2,) * 4, log_pi=(_HALF,) * 2, log_A=((_HALF,) * 2,) * 2)(
                -4.0
            ),
        ),
        aliases=("forward_algorithm",),
        sensitive=True,
    ),
    Formula(
        name="viterbi_step",
        expr="amax(expand_dims(delta, 1) + log_A, 0) + log_likelihood",
        inputs=("delta", "log_A", "log_likelihood"),
        summary="The log-chance of the best path to each hidden state after one more observation.",
        category="statistics",
        domain=(("delta", VECTOR), ("log_A", SQUARE), ("log_likelihood", VECTOR)),
        usage="Decoding speech, tagging words.",
        pros=("The best path in linear time.",),
        cons=("One path only: no doubt is shown.",),
        subcategory="filtering",
        source="Viterbi (1967), Error bounds for convolutional codes and an asymptotically "
        "optimum decoding algorithm, IEEE Transactions on Information Theory 13, "
        "260-269",
        checks=(
            at(delta=(0.0, -1.0), log_A=((-1.0, -2.0), (-3.0, 0.0)), log_likelihood=(-1.0, -1.0))(
                (-2.0, -2.0)
            ),
        ),
        sensitive=True,
    ),
    Formula(
        name="kalman_predict_mean",
        expr="matmul(A, x) + matmul(B, u)",
        inputs=("A", "x", "B", "u"),
        summary="Where a linear system is expected one step after the control u.",
        category="statistics",
        domain=(("A", _STEP), ("x", _FEATURES), ("B", _CONTROL), ("u", _READING)),
        usage="Tracking, navigation, robots.",
        pros=("Exact for linear systems.",),
        cons=("Curved systems need an extension.",),
        subcategory="filtering",
        source="Kalman (1960), A new approach to linear filtering and prediction problems, "
        "Journal of Basic Engineering 82, 35-45",
        checks=(
            at(A=((1.0, 1.0), (0.0, 1.0)), x=(2.0, 3.0), B=((0.0,), (1.0,)), u=(4.0,))((5.0, 7.0)),
        ),
        sensitive=True,
    ),
    Formula(
        name="ucb1_score",
        expr="mu + sqrt(2 * log(t) / n)",
        inputs=("mu", "t", "n"),
        summary="The mean reward of an arm plus what its few pulls (n of t) leave open.",
        category="statistics",
        domain=(("mu", PROBABILITY), ("t", _SAMPLE), ("n", _SAMPLE)),
        usage="Bandits, tree search.",
        pros=("No knob, with a bound on the regret.",),
        cons=("Rewards must lie between 0 and 1.",),
        subcategory=_BAYES,
        source="Auer, Cesa-Bianchi & Fischer (2002), Finite-time analysis of the multiarmed "
        "bandit problem, Machine Learning 47, 235-256",
        checks=(at(mu=0.5, t=1.0, n=4.0)(0.5),),
        sensitive=True,
    ),
)
