"""Independent references: other libraries by path, and second derivations written out here."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import torch
from torch.optim import lr_scheduler

from neurogebra.repository.record import Same

from .points import is_plain


def resolve(path):
    """Return what a dotted path names: modules first, then attributes; "()" makes an object."""
    made, path = path.endswith("()"), path.removesuffix("()")
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return found() if made else found
    raise ModuleNotFoundError(path)


def call(same: Same, formula, values):
    """Return the reference's value at `values`; element by element where it wants numbers."""
    function = resolve(same.path)
    order = same.order or formula.inputs
    scalar = same.path.startswith(("math.", "mpmath."))
    lists = any("[" in o for o in order) and is_plain(formula)
    if (scalar or lists) and np.ndim(next(iter(values.values()))):
        shape = np.shape(next(iter(values.values())))
        flat = {n: np.ravel(v) for n, v in values.items()}
        count = len(next(iter(flat.values())))
        rows = [
            _once(function, same, order, formula, {n: v[i] for n, v in flat.items()})
            for i in range(count)
        ]
        return np.reshape(np.array(rows, float), shape)
    return _once(function, same, order, formula, values)


def _once(function, same, order, formula, values):
    known = {**dict(formula.params), **values}
    args = [_argument(o, known, same.path.startswith("torch.")) for o in order]
    found = function(*args, **dict(same.options))
    return np.asarray(found.numpy() if isinstance(found, torch.Tensor) else found, float)


def _argument(text, known, tensor):
    if text in known:
        value = known[text]
        if tensor and text in known and not isinstance(value, (int, float)):
            return torch.as_tensor(np.asarray(value, float))
        return value
    if text.startswith("["):
        items = [_argument(t, known, False) for t in _split(text[1:-1])]
        ragged = len({np.shape(i) for i in items}) > 1
        plain = ragged or all(isinstance(i, int) for i in items)
        return items if plain else np.array(items)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _split(text):
    """Return the parts between commas that stand in no inner brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _optimizer(kind, state, **options):
    """Return one torch step from a given state."""

    def step(values):
        w = torch.tensor(np.atleast_1d(values["w"]), requires_grad=True)
        made = kind([w], **options)
        w.grad = torch.tensor(np.atleast_1d(values["grad"]))
        made.state[w] = {
            k: torch.tensor(np.atleast_1d(values[n]) - (k == "step")) for k, n in state.items()
        }
        if "step" in state:
            made.state[w]["step"] = torch.tensor(float(values["t"] - 1))
        elif kind in (torch.optim.RMSprop, torch.optim.Adagrad):
            made.state[w]["step"] = torch.tensor(3.0)
        made.step()
        return w.detach().numpy()

    def rows(values):
        count = len(values["w"])
        return np.concatenate([step({n: v[i] for n, v in values.items()}) for i in range(count)])

    return rows


def _schedule(make, rate):
    """Return torch's learning rate after a number of epochs."""

    def at(values):
        epochs = np.asarray(values["epoch"], int)
        optimizer = torch.optim.SGD([torch.zeros(1)], rate)
        schedule = make(optimizer)
        rates = [schedule.get_last_lr()[0]]
        for _ in range(int(epochs.max())):
            optimizer.step()
            schedule.step()
            rates.append(schedule.get_last_lr()[0])
        return np.array(rates)[epochs]

    return at


def _geometric(ratio, terms):
    """Return 1 + r + r² + … with so many terms, summed one by one."""
    return np.array([np.sum(ratio ** np.arange(int(t))) for t in terms])


_ADAM = {"exp_avg": "m", "exp_avg_sq": "v", "step": "t"}

DERIVATIONS = {
    "hinge": lambda v: np.mean([max(0.0, 1 - a * b) for a, b in _pairs(v)]),
    "squared_hinge": lambda v: np.mean([max(0.0, 1 - a * b) ** 2 for a, b in _pairs(v)]),
    "log_cosh": lambda v: (
        np.mean(np.logaddexp(v["y"] - v["y_pred"], v["y_pred"] - v["y"])) - np.log(2)
    ),
    "focal_loss": lambda v: np.mean([_focal(y, p) for y, p in _pairs(v)]),
    "triplet_loss": lambda v: torch.relu(
        torch.dist(torch.tensor(v["anchor"]), torch.tensor(v["positive"])) ** 2
        - torch.dist(torch.tensor(v["anchor"]), torch.tensor(v["negative"])) ** 2
        + 0.2
    ).item(),
    "l1": lambda v: 0.01 * np.linalg.norm(np.atleast_1d(v["w"]), 1),
    "l2": lambda v: 0.01 * np.vdot(v["w"], v["w"]),
    "weight_decay": lambda v: 0.005 * np.vdot(v["w"], v["w"]),
    "dropout": lambda v: np.where(v["mask"] == 1, v["x"] * 1.25, 0.0),
    "power_law": lambda v: np.multiply(v["x"], v["x"]),
    "lorentzian": lambda v: np.reciprocal(1 + v["x"] ** 2),
    "gaussian_integral": lambda v: (
        resolve("scipy.special.erf")(v["b"]) * np.sqrt(np.pi) / 2
        - resolve("scipy.special.erf")(v["a"]) * np.sqrt(np.pi) / 2
    ),
    "taylor_cos": lambda v: np.polyval([-1 / 720, 0, 1 / 24, 0, -1 / 2, 0, 1], v["x"]),
    "taylor_arctan": lambda v: np.polyval([-1 / 7, 0, 1 / 5, 0, -1 / 3, 0, 1, 0], v["x"]),
    "laplace_kernel": lambda v: np.exp(-v["t"]) ** v["s"],
    "fourier_kernel_real": lambda v: np.exp(-1j * v["omega"] * v["t"]).real,
    "fourier_kernel_imag": lambda v: np.exp(-1j * v["omega"] * v["t"]).imag,
    "wavelet_morlet": lambda v: (
        np.pi**0.25
        * np.sqrt(2)
        * np.exp(5j * v["x"]).real
        * resolve("scipy.stats.norm.pdf")(v["x"])
    ),
    "log_linear": lambda v: np.e * np.exp(v["x"]),
    "fourier_term": lambda v: np.exp(1j * v["x"]).real,
    "sawtooth_approx": lambda v: (
        2 / np.pi * sum(-((-1) ** k) * np.exp(1j * k * v["x"]).imag / k for k in range(1, 6))
    ),
    "square_wave_approx": lambda v: (
        4 / np.pi * sum(np.exp(1j * k * v["x"]).imag / k for k in (1, 3, 5, 7))
    ),
    "matern_12_kernel": lambda v: resolve("sklearn.gaussian_process.kernels.Matern")(nu=0.5)(
        [v["x"]], [v["y"]]
    ),
    "fourier_feature_cos": lambda v: np.exp(2j * np.pi * v["x"]).real,
    "adam_bias_correction_m": lambda v: v["m"] / (0.1 * _geometric(0.9, v["t"])),
    "adam_bias_correction_v": lambda v: v["v_adam"] / (0.001 * _geometric(0.999, v["t"])),
    "cyclical_lr": _schedule(
        lambda o: lr_scheduler.CyclicLR(o, 1e-4, 0.01, 2000, cycle_momentum=False), 0.01
    ),
    "one_cycle_approx_lr": lambda v: (
        0.01 * np.hanning(101)[np.clip(v["epoch"], 0, 100).astype(int)]
    ),
    "covariance": lambda v: np.cov(v["x"], v["y"])[0, 1],
    "pearson_r": lambda v: np.corrcoef(v["x"], v["y"])[0, 1],
    "js_divergence": lambda v: resolve("scipy.spatial.distance.jensenshannon")(v["p"], v["q"]) ** 2,
    "multiple_linear_regression": lambda v: np.einsum("ij,j", v["X"], v["w"]),
    "multiple_logistic_regression": lambda v: resolve("scipy.special.expit")(
        np.einsum("ij,j", v["X"], v["w"])
    ),
    "vector_projection": lambda v: np.outer(v["b"], v["b"]) @ v["a"] / (v["b"] @ v["b"]),
    "least_squares": lambda v: np.mean((v["X"] @ v["w"] - v["y"]) ** 2),
    "brier_score": lambda v: resolve("sklearn.metrics.brier_score_loss")(v["y"], v["y_pred"]),
    "momentum_step": _optimizer(torch.optim.SGD, {"momentum_buffer": "v"}, lr=0.01, momentum=0.9),
    "nesterov_step": _optimizer(
        torch.optim.SGD, {"momentum_buffer": "v"}, lr=0.01, momentum=0.9, nesterov=True
    ),
    "rmsprop_step": _optimizer(
        torch.optim.RMSprop, {"square_avg": "v_rms"}, lr=0.001, alpha=0.9, eps=1e-8
    ),
    "adagrad_step": _optimizer(torch.optim.Adagrad, {"sum": "G"}, lr=0.01, eps=1e-10),
    "adam_step": _optimizer(torch.optim.Adam, _ADAM, lr=0.001),
    "adamw_step": _optimizer(torch.optim.AdamW, _ADAM, lr=0.001, weight_decay=0.01),
    "step_decay_lr": _schedule(lambda o: lr_scheduler.StepLR(o, 30, 0.1), 0.01),
    "exponential_decay_lr": _schedule(
        lambda o: lr_scheduler.ExponentialLR(o, float(np.exp(-0.01))), 0.01
    ),
    "gradient_clip_norm": lambda v: v["grad"] / max(1.0, np.linalg.norm(v["grad"])),
    "perplexity": lambda v: 1 / resolve("scipy.stats.gmean")(v["p"]),
    "entropy": lambda v: resolve("scipy.special.entr")(v["p"]).sum(),
    "kl_divergence": lambda v: resolve("scipy.special.rel_entr")(v["p"], v["q"]).sum(),
    "dice_loss": lambda v: (
        1 - (2 * np.vdot(v["y"], v["y_pred"]) + 1) / (np.sum(v["y"]) + np.sum(v["y_pred"]) + 1)
    ),
    "msle": lambda v: np.mean(np.log((1 + v["y"]) / (1 + v["y_pred"])) ** 2),
    "matthews_corr": lambda v: np.array(
        [_phi(*(int(v[n][i]) for n in ("tp", "tn", "fp", "fn"))) for i in range(len(v["tp"]))]
    ),
}


def _pairs(values):
    return list(zip(np.ravel(values["y"]), np.ravel(values["y_pred"]), strict=True))


def _focal(y, p):
    """Lin et al. (2017), eq. 5, for soft labels the mean over the label."""
    return -(0.25 * y * (1 - p) ** 2 * np.log(p) + 0.75 * (1 - y) * p**2 * np.log(1 - p))


def _phi(tp, tn, fp, fn):
    """The correlation of two indicator variables with these counts."""
    n = tp + tn + fp + fn
    x, y = (tp + fp) / n, (tp + fn) / n
    return (tp / n - x * y) / np.sqrt(x * (1 - x) * y * (1 - y))


# Derivations of whole domains stand in files of their own: derivations_*.py, each with
# DERIVATIONS and FLAT (inputs whose derivative is 0 wherever it exists).
FLAT = set()
for _module in sorted(Path(__file__).parent.glob("derivations_*.py")):
    _more = importlib.import_module(f"{__package__}.{_module.stem}")
    _twice = DERIVATIONS.keys() & _more.DERIVATIONS.keys()
    assert not _twice, f"derived twice: {_twice}"
    DERIVATIONS.update(_more.DERIVATIONS)
    FLAT |= _more.FLAT

assert all(callable(d) and len(inspect.signature(d).parameters) == 1 for d in DERIVATIONS.values())
