"""Second derivations of activations and transforms: other identities, libraries, loops."""

import math

import mpmath
import numpy as np
import torch
from scipy import special, stats
from scipy.integrate import quad
from scipy.signal import windows
from torch.nn import functional


def _t(x):
    return torch.as_tensor(np.asarray(x, float))


def _torch(name, x, *options):
    return getattr(functional, name)(_t(x), *options).numpy()


def _tanh_of_log(u):
    """tanh ln u without either of them."""
    return (u - 1 / u) / (u + 1 / u)


def _mean_logistic(x):
    """Soft clipping is the mean of the logistic function over the last unit."""
    return quad(special.expit, x - 1, x)[0]


def _both(v):
    """The linear half, then the gate, side by side as torch's glu wants them."""
    return torch.cat([_t(v["x"]) @ _t(v["V"]), _t(v["x"]) @ _t(v["W"])], -1)


def _gated(v, gate):
    return gate(_t(v["x"]) @ _t(v["W"])) * (_t(v["x"]) @ _t(v["V"]))


def _nearest_shares(v):
    """The threshold τ with Σ max(x − τ, 0) = 1, by halving."""
    low, high = v["x"].min() - 1, v["x"].max()
    for _ in range(80):
        middle = (low + high) / 2
        if np.maximum(v["x"] - middle, 0).sum() > 1:
            low = middle
        else:
            high = middle
    return np.maximum(v["x"] - low, 0)


def _waves(v):
    turns = np.exp(1j * np.pi * np.array([[math.ldexp(x, int(k)) for k in v["k"]] for x in v["x"]]))
    return np.concatenate([turns.imag, turns.real], axis=1)


def _phase(v):
    return v["pos"] * np.exp(-np.log(10000) * v["i"] / 256)


def _window(kind):
    """SciPy's whole window, looked up at a sample."""
    return lambda v: [
        getattr(windows, kind)(int(m))[int(n)] for n, m in zip(v["n"], v["n_samples"], strict=True)
    ]


DERIVATIONS = {
    "thermometer_bit": lambda v: np.digitize(v["x"], [np.nextafter(0.5, 1)]),
    "squareplus": lambda v: [max(np.roots([1, -x, -1])) for x in v["x"]],
    "isru": lambda v: np.sin(np.arctan(v["x"])),
    "isrlu": lambda v: np.where(v["x"] < 0, np.sin(np.arctan(v["x"])), v["x"]),
    "bent_identity": lambda v: (np.hypot(v["x"], 1) - 1) / 2 + v["x"],
    "bipolar_sigmoid": lambda v: 2 * special.expit(v["x"]) - 1,
    "lisht": lambda v: np.abs(v["x"]) * np.tanh(np.abs(v["x"])),
    "phish": lambda v: v["x"] * np.tanh(v["x"] * special.ndtr(v["x"])),
    "serf": lambda v: v["x"] * special.erf(-special.log_expit(-v["x"])),
    "smish": lambda v: v["x"] * _tanh_of_log(1 + special.expit(v["x"])),
    "logish": lambda v: v["x"] * special.xlog1py(1, special.expit(v["x"])),
    "tanh_exp": lambda v: v["x"] * _tanh_of_log(np.exp(np.exp(np.minimum(v["x"], 5.0)))),
    "swish_beta": lambda v: _torch("silu", v["x"]),
    "e_swish": lambda v: 1.5 * _torch("silu", (v["x"])),
    "aria2": lambda v: v["x"] * special.expit(2 * v["x"]) ** 1.5,
    "soft_clipping": lambda v: [_mean_logistic(x) for x in v["x"]],
    "elish": lambda v: _torch("elu", (v["x"])) * special.expit(v["x"]),
    "hard_elish": lambda v: _torch("elu", (v["x"])) * _torch("hardtanh", (v["x"] + 1) / 2, 0, 1),
    "snake": lambda v: v["x"] + (1 - np.cos(2 * v["x"])) / 2,
    "sine_activation": lambda v: np.exp(1j * v["x"]).imag,
    "growing_cosine_unit": lambda v: (v["x"] * np.exp(1j * v["x"])).real,
    "quick_gelu": lambda v: _torch("silu", (1.702 * v["x"])) / 1.702,
    "relu_squared": lambda v: _torch("relu", (v["x"])) * v["x"],
    "star_relu": lambda v: 0.8944 * _torch("relu", (v["x"])) ** 2 - 0.4472,
    "shifted_softplus": lambda v: -special.log_expit(-v["x"]) - np.log(2),
    "elliott_sigmoid": lambda v: (_torch("softsign", (v["x"])) + 1) / 2,
    "lecun_tanh": lambda v: 1.7159 * (2 * special.expit(4 * v["x"] / 3) - 1),
    "srelu": lambda v: np.interp(v["x"], [-401, -1, 1, 401], [-101, -1, 1, 101]),
    "pelu": lambda v: _torch("elu", v["x"]),
    "nlrelu": lambda v: np.log(np.where(v["x"] > 0, 1 + v["x"], 1)),
    "complementary_log_log": lambda v: stats.gumbel_l.cdf(v["x"]),
    "hard_mish": lambda v: v["x"] * np.clip(v["x"] / 2 + 1, 0, 1),
    "temperature_softmax": lambda v: special.softmax(v["x"] / 2),
    "softmax_one": lambda v: special.softmax(np.append(v["x"], 0))[:-1],
    "gumbel_softmax": lambda v: special.softmax(v["x"] + v["noise"]),
    "hard_concrete": lambda v: np.clip(
        1.2 * stats.logistic.cdf(1.5 * (stats.logistic.ppf(v["u"]) + v["log_alpha"])) - 0.1, 0, 1
    ),
    "maxout": lambda v: np.max([w @ v["x"] + b for w, b in zip(v["W"], v["b"], strict=True)]),
    "glu": lambda v: functional.glu(_both(v)),
    "bilinear_glu": lambda v: np.einsum("im,mj,ik,kj->ij", v["x"], v["W"], v["x"], v["V"]),
    "reglu": lambda v: _gated(v, functional.relu),
    "geglu": lambda v: _gated(v, functional.gelu),
    "swiglu": lambda v: _gated(v, functional.silu),
    "sparsemax": _nearest_shares,
    "crelu": lambda v: [*np.clip(v["x"], 0, None), *-np.clip(v["x"], None, 0)],
    "arcsine_sqrt": lambda v: np.arctan2(np.sqrt(v["x"]), np.sqrt(1 - v["x"])),
    "nerf_encoding": _waves,
    "min_max_normalize": lambda v: np.interp(v["x"], [-1e4, 1e4], [-1e4, 1e4]),
    "robust_scale": lambda v: np.polyval([1, 0], v["x"]),
    "fourier_feature_sin": lambda v: np.exp(2j * np.pi * v["x"]).imag,
    "positional_enc_sin": lambda v: np.exp(1j * _phase(v)).imag,
    "positional_enc_cos": lambda v: np.exp(1j * _phase(v)).real,
    "exponential_smoothing": lambda v: v["s_prev"] + 0.3 * (v["x"] - v["s_prev"]),
    "moving_average_weight": lambda v: np.float_power(v["window_size"], -1),
    "log_return": lambda v: np.log(v["x"]) - np.log(v["x_prev"]),
    "xavier_uniform_bound": lambda v: np.sqrt(3) * np.sqrt(2 / (v["fan_in"] + v["fan_out"])),
    "xavier_normal_std": lambda v: (v["fan_in"] / 2 + v["fan_out"] / 2) ** -0.5,
    "he_normal_std": lambda v: torch.nn.init.calculate_gain("relu") / np.sqrt(v["fan_in"]),
    "he_uniform_bound": lambda v: np.sqrt(3) * np.sqrt(2) / np.sqrt(v["fan_in"]),
    "lecun_normal_std": lambda v: np.float_power(v["fan_in"], -0.5),
    "anscombe": lambda v: np.sqrt(4 * v["x"] + 1.5),
    "freeman_tukey": lambda v: 1 / (np.sqrt(v["x"] + 1) - np.sqrt(v["x"])),
    "mu_law_encode": lambda v: np.copysign(np.emath.logn(256, 1 + 255 * np.abs(v["x"])), v["x"]),
    "mu_law_decode": lambda v: np.copysign((2 ** (8 * np.abs(v["x"])) - 1) / 255, v["x"]),
    "log_modulus": lambda v: np.copysign(special.xlog1py(1, np.abs(v["x"])), v["x"]),
    "symexp": lambda v: np.where(v["x"] < 0, 1 - np.exp(-v["x"]), np.exp(v["x"]) - 1),
    "centred_log_ratio": lambda v: np.log(v["x"] / stats.gmean(v["x"])),
    "hellinger_transform": lambda v: np.sqrt(v["x"]) / np.linalg.norm(np.sqrt(v["x"])),
    "min_max_inverse": lambda v: np.polyval([1, 0], v["x"]),
    "mean_normalize": lambda v: (v["x"] - v["x"].sum() / 5) / np.ptp(v["x"]),
    "pareto_scale": lambda v: stats.zscore(v["x"]) * np.sqrt(np.std(v["x"])),
    "tanh_estimator": lambda v: special.expit(v["x"] / 50),
    "pca_projection": lambda v: [
        [sum((row - v["X"].mean(0)) * w) for w in v["W"].T] for row in v["X"]
    ],
    "softplus_inverse": lambda v: [
        float(mpmath.findroot(lambda y, x=x: mpmath.log1p(mpmath.exp(y)) - x, mpmath.log(x)))
        for x in v["x"]
    ],
    "hinge_basis": lambda v: (v["x"] - 1 + np.abs(v["x"] - 1)) / 2,
    "decibel": lambda v: 10 * np.log10(v["x"]),
    "hz_to_mel": lambda v: 2595 * np.log10((700 + v["f"]) / 700),
    "mel_to_hz": lambda v: 700 * special.exp10(v["mel"] / 2595) - 700,
    "hz_to_bark": lambda v: 26.28 - 26.81 * 1960 / (1960 + v["f"]),
    "midi_to_hz": lambda v: 8.175798915643707 * np.exp2(v["note"] / 12),
    "pre_emphasis": lambda v: v["x"] - 0.97 * v["x_prev"],
    "hann_window": _window("hann"),
    "hamming_window": _window("hamming"),
    "blackman_window": _window("blackman"),
    "bartlett_window": _window("bartlett"),
    "luma_601": lambda v: np.transpose([v["r"], v["g"], v["b"]]) @ [0.299, 0.587, 0.114],
    "relative_luminance": lambda v: (
        np.transpose([v["r"], v["g"], v["b"]]) @ [0.2126, 0.7152, 0.0722]
    ),
    "gamma_correction": lambda v: np.exp(np.log(v["x"]) / 2.2),
    "linear_to_srgb": lambda v: [
        1.055 * math.exp(math.log(x) / 2.4) - 0.055 if x > 0.0031308 else 12.92 * x for x in v["x"]
    ],
    "srgb_to_linear": lambda v: [
        math.exp(2.4 * math.log((x + 0.055) / 1.055)) if x > 0.04045 else x / 12.92 for x in v["x"]
    ],
    "tf_idf": lambda v: v["tf"] * (np.log(v["n_docs"]) - np.log(v["df"])),
    "idf_smooth": lambda v: 1 + np.log1p(v["n_docs"]) - np.log1p(v["df"]),
    "sublinear_tf": lambda v: [1 + math.log(t) if t else 0 for t in v["tf"]],
    "bm25": lambda v: (
        2.2
        * v["idf"]
        / (1 + 1.2 * (0.25 + 0.75 * v["doc_len"] / v["avg_len"]) / np.maximum(v["tf"], 1e-300))
    ),
    "target_encoding": lambda v: v["prior"] + v["n"] / (v["n"] + 10) * (v["mean_cat"] - v["prior"]),
    "smooth_labels": lambda v: 0.9 * v["y"] + 0.1 * np.full(5, 0.2),
    "random_fourier_features": lambda v: (
        np.sqrt(0.4) * np.exp(1j * (np.einsum("ij,j", v["W"], v["x"]) + v["b"])).real
    ),
    "lecun_uniform_bound": lambda v: np.sqrt(3) * v["fan_in"] ** -0.5,
    "leaky_relu_gain": lambda v: [
        torch.nn.init.calculate_gain("leaky_relu", a) for a in v["alpha"]
    ],
    "siren_bound": lambda v: np.sqrt(6 / v["fan_in"]) / 30,
    "gpt2_residual_std": lambda v: 0.02 * (2 * v["n_layers"]) ** -0.5,
    "fixup_scale": lambda v: 1 / np.sqrt(v["n_blocks"]),
    "deepnorm_alpha": lambda v: np.sqrt(np.sqrt(2 * v["n_layers"])),
    "deepnorm_beta": lambda v: 1 / np.sqrt(np.sqrt(8 * v["n_layers"])),
    "mup_learning_rate": lambda v: 1e-3 / (v["width"] / v["width_base"]),
    "small_init_std": lambda v: np.sqrt(0.4) * v["d_model"] ** -0.5,
    "nguyen_widrow_scale": lambda v: 0.7 * np.exp(np.log(v["n_hidden"]) / v["n_inputs"]),
    "conv_fan_in": lambda v: [
        torch.nn.init._calculate_fan_in_and_fan_out(
            torch.empty(1, int(c), int(h), int(w)).to("meta")
        )[0]
        for c, h, w in zip(v["in_channels"], v["kernel_h"], v["kernel_w"], strict=True)
    ],
}

# Inputs whose derivative is 0 wherever it exists.
FLAT = {
    ("thermometer_bit", "x"),
    ("thermometer_bit", "threshold"),
    ("hard_shrink", "lambd"),
    ("thresholded_relu", "theta"),
}
