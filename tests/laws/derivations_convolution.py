"""Second derivations of convolutions, pooling and signals: torch, SciPy, loops."""

import math

import numpy as np
import torch
from scipy import fft, ndimage, signal, special
from torch.nn import functional


def _t(x):
    return torch.as_tensor(np.asarray(x, float))


def _conv1d(v, **options):
    return functional.conv1d(_t(v["x"])[None, None], _t(v["w"])[None, None], **options).numpy()


def _pool(kind, dims, **options):
    return lambda v: getattr(functional, kind)(_t(v["x"])[(None,) * dims], **options).numpy()


def _causal(v):
    past = np.concatenate([[0, 0], v["x"]])
    return [sum(w * past[i + j] for j, w in enumerate(v["w"])) for i in range(len(v["x"]))]


def _gate(v):
    turned = np.flip(v["v"])
    opened = special.expit(np.convolve(v["x"], turned, "valid"))
    return np.tanh(np.correlate(v["x"], v["w"])) * opened


def _layer(v, kind=functional.conv1d, groups=1):
    W = _t(v["W"])[:, None] if groups > 1 else _t(v["W"])
    b = _t(v["b"]) if "b" in v else None
    return kind(_t(v["x"])[None], W, b, groups=groups)


def _pointwise(v):
    return functional.conv1d(_t(v["x"])[None], _t(v["W"])[..., None], _t(v["b"])).numpy()


def _patches(v):
    x, found = v["x"], []
    for i in range(0, len(x), 2):
        for j in range(0, len(x), 2):
            found.append(np.ravel(x[i : i + 2, j : j + 2]) @ v["E_patch"])
    return found


def _sobel(v):
    inner = [ndimage.sobel(v["x"], axis)[1:-1, 1:-1] for axis in (0, 1)]
    return np.hypot(*inner)


def _field(v):
    """Walk back from one output: how many inputs lie under it."""
    seen = 1
    for k, s in zip(v["kernels"][::-1], v["strides"][::-1], strict=True):
        seen = (seen - 1) * int(s) + int(k)
    return seen


def _places(v):
    """Count the places where a kernel, dilated and moved by the stride, fits."""
    rows = zip(*(v[n].astype(int) for n in ("n_in", "kernel", "stride", "padding", "dilation")),
               strict=True)  # fmt: skip
    return [float(len(range(0, n + 2 * p - d * (k - 1), s))) for n, k, s, p, d in rows]


def _grown(v):
    rows = zip(*(v[n].astype(int) for n in ("n_in", "kernel", "stride", "padding", "dilation")),
               strict=True)  # fmt: skip
    return [float(len(range(d * (k - 1) + (n - 1) * s + 1)) - 2 * p) for n, k, s, p, d in rows]


DERIVATIONS = {
    "conv1d": lambda v: _conv1d(v),
    "discrete_convolution": lambda v: signal.lfilter(v["w"], 1, v["x"])[2:],
    "strided_conv1d": lambda v: _conv1d(v, stride=2),
    "dilated_conv1d": lambda v: _conv1d(v, dilation=2),
    "causal_conv1d": _causal,
    "wavenet_gate": _gate,
    "transposed_conv1d": lambda v: functional.conv_transpose1d(
        _t(v["x"])[None, None], _t(v["w"])[None, None], stride=2
    ).numpy(),
    "conv1d_layer": lambda v: _layer(v).numpy(),
    "depthwise_conv1d": lambda v: _layer(v, groups=2).numpy(),
    "pointwise_conv": _pointwise,
    "separable_conv1d": lambda v: functional.conv1d(
        _layer(v, groups=2), _t(v["P"])[..., None]
    ).numpy(),
    "conv2d_layer": lambda v: _layer(v, functional.conv2d).numpy(),
    "patch_embedding": _patches,
    "max_pool1d": _pool("max_pool1d", 2, kernel_size=2),
    "avg_pool1d": _pool("avg_pool1d", 2, kernel_size=2),
    "lp_pool1d": _pool("lp_pool1d", 2, norm_type=2, kernel_size=2),
    "max_pool2d": _pool("max_pool2d", 2, kernel_size=2),
    "avg_pool2d": _pool("avg_pool2d", 2, kernel_size=2),
    "global_avg_pool": _pool("adaptive_avg_pool2d", 1, output_size=1),
    "global_max_pool": _pool("adaptive_max_pool2d", 1, output_size=1),
    "gem_pool": lambda v: [np.cbrt(np.sum(row * row * row) / 4) for row in v["x"]],
    "lse_pool": lambda v: special.logsumexp(2 * v["x"], axis=-1, b=0.25) / 2,
    "masked_mean_pool": lambda v: np.mean(v["X"][v["mask"] == 1], 0),
    "mil_attention_pool": lambda v: np.average(
        v["X"], axis=0, weights=np.exp(np.einsum("j,ij", v["w"], np.tanh(v["X"] @ v["V"])))
    ),
    "statistics_pool": lambda v: [*np.average(v["X"], 0), *np.sqrt(np.var(v["X"], 0))],
    "moving_average": lambda v: np.convolve(v["x"], np.full(3, 1 / 3), "valid"),
    "sobel_magnitude": _sobel,
    "dft_real": lambda v: fft.fft(v["x"]).real,
    "dft_imag": lambda v: fft.fft(v["x"]).imag,
    "power_spectrum": lambda v: signal.periodogram(v["x"], detrend=False, return_onesided=False)[1],
    "haar_approximation": lambda v: (v["x"][::2] + v["x"][1::2]) * math.sqrt(0.5),
    "haar_detail": lambda v: (v["x"][::2] - v["x"][1::2]) * math.sqrt(0.5),
    "conv_output_size": _places,
    "conv_transpose_output_size": _grown,
    "receptive_field": _field,
}

FLAT = {
    *(("conv_output_size", n) for n in ("n_in", "kernel", "stride", "padding", "dilation")),
}
