"""Second derivations of schedules and scaling laws: torch's schedulers, loops, minimisation."""

import math

import numpy as np
import torch
from scipy import optimize, special
from torch.optim import lr_scheduler

CHINCHILLA = (406.4, 410.7, 0.34, 0.28)


def _torch(make, rate, last=400):
    """Return torch's rates by epoch; beyond the last one the schedule is over."""

    def at(v):
        epochs = np.minimum(np.asarray(v["epoch"], int), last)
        optimizer = torch.optim.SGD([torch.zeros(1)], rate)
        schedule = make(optimizer)
        rates = [schedule.get_last_lr()[0]]
        for _ in range(int(epochs.max())):
            optimizer.step()
            schedule.step()
            rates.append(schedule.get_last_lr()[0])
        return np.array(rates)[epochs]

    return at


def _cycle(kind, **options):
    return _torch(
        lambda o: lr_scheduler.CyclicLR(
            o, 1e-4, 0.01, 20, mode=kind, cycle_momentum=False, **options
        ),
        0.01,
        10_000,
    )


def _lines(*points):
    """Return the schedule that joins points of (epoch, rate) by straight lines."""
    return lambda v: np.interp(v["epoch"], *zip(*points, strict=True))


def _each(one, *names):
    def rows(v):
        values = [np.ravel(v[n]) for n in (names or v)]
        return np.array([one(*map(float, row)) for row in zip(*values, strict=True)])

    return rows


def _warmup_cosine(epoch):
    if epoch < 10:
        return 1e-4 * epoch
    share = min(epoch - 10, 90) / 90
    return 1e-5 + 9.9e-4 * math.cos(math.pi * share / 2) ** 2


def _wsd_sqrt(epoch):
    if epoch < 10:
        return 0.001 * epoch
    left = max(100 - epoch, 0)
    return 0.01 if left >= 20 else 0.01 * (1 - math.sqrt((20 - left) / 20))


def _compute_optimal(compute):
    """Return the logarithm of the best N for a budget, from where the derivative is 0."""
    a, b, alpha, beta = CHINCHILLA

    def slope(n):
        d = math.log(compute / 6) - n
        return beta * b * math.exp(-beta * d) - alpha * a * math.exp(-alpha * n)

    return optimize.brentq(slope, -200, 200, xtol=1e-14, rtol=1e-14)


def _steps_below(milestones, epoch):
    rate = 0.1
    for epoch_of_drop in milestones:
        rate *= 0.1 if epoch_of_drop <= epoch else 1
    return rate


def _heavy_ball(kappa):
    """The spectral radius of Polyak's iteration on the stiffest direction, L = kappa, mu = 1."""
    root = math.sqrt(kappa)
    return (1 - 2 / (root + 1)) ** 2


DERIVATIONS = {
    "cosine_annealing_lr": _torch(
        lambda o: lr_scheduler.CosineAnnealingLR(o, 100, eta_min=1e-6), 0.01, 100
    ),
    "warmup_linear_lr": _lines((0, 0), (1000, 0.001)),
    "polynomial_decay_lr": _lines((0, 0.01), (100, 1e-6)),
    "inverse_sqrt_lr": _each(lambda e: 0.01 if e < 4000 else 0.02 * math.sqrt(1000 / e)),
    "warmup_cosine_lr": _each(_warmup_cosine),
    "cosine_restarts_lr": _torch(
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 10, eta_min=1e-6), 0.01, 10_000
    ),
    "one_cycle_lr": lambda v: np.where(
        np.asarray(v["epoch"]) > 100,
        4e-8,
        _torch(lambda o: lr_scheduler.OneCycleLR(o, 0.01, 101, pct_start=31 / 101), 0.01, 100)(v),
    ),
    "wsd_lr": _lines((0, 0), (10, 0.01), (80, 0.01), (100, 0)),
    "wsd_sqrt_lr": _each(_wsd_sqrt),
    "inverse_time_decay_lr": lambda v: 0.1 / (10 + v["epoch"]),
    "spsa_gain_lr": lambda v: 0.1 * np.exp(-0.602 * np.log(100 + v["t"])),
    "noam_lr": lambda v: np.minimum(v["t"] ** -0.5, v["t"] * 4000.0**-1.5) * 512**-0.5,
    "triangular2_lr": _cycle("triangular2"),
    "exp_range_lr": _cycle("exp_range", gamma=0.99),
    "multi_step_lr": lambda v: _steps_below(v["milestones"], float(v["epoch"])),
    "rex_lr": _each(lambda e: 0.2 * (100 - min(e, 100)) / (200 - min(e, 100))),
    "linear_scaling_rule": lambda v: np.interp(v["batch"], [0, 1e6], [0, 1e5 / 256]),
    "sqrt_scaling_rule": lambda v: np.hypot(0, v["batch"] / 16 * 0.1 / np.sqrt(v["batch"])),
    "ema_decay_warmup": lambda v: np.minimum(0.99, 1 - 9 / (10 + v["t"])),
    "kl_annealing_sigmoid": lambda v: special.expit(v["t"] / 400 - 6.25),
    "cyclical_annealing": lambda v: np.minimum(np.fmod(v["t"], 10) / 5, 1),
    "gumbel_temperature": lambda v: np.clip(np.exp(v["t"] / -1000), 0.5, None),
    "scheduled_sampling_rate": lambda v: special.expit(np.log(100) - v["t"] / 100),
    "competence_pacing": _each(
        lambda t: min(1.0, math.hypot(0.01, math.sqrt(t * (1 - 1e-4) / 1000)))
    ),
    "geometric_cooling": _each(lambda t: 10 * math.prod([0.95] * int(t))),
    "logarithmic_cooling": lambda v: np.log(2) / (np.log2(1 + v["t"]) * np.log(2) ** 2),
    "chinchilla_loss": _each(
        lambda n, d: (
            1.69 + 406.4 * math.exp(-0.34 * math.log(n)) + 410.7 / math.exp(0.28 * math.log(d))
        ),
        "N",
        "D",
    ),
    "chinchilla_optimal_params": _each(lambda c: math.exp(_compute_optimal(c))),
    "chinchilla_optimal_tokens": _each(lambda c: c / 6 / math.exp(_compute_optimal(c))),
    "kaplan_loss": _each(
        lambda n, d: math.exp(
            0.103
            * np.logaddexp(0.076 / 0.103 * math.log(6.4e13 / n), math.log(1.8e13) - math.log(d))
        ),
        "N",
        "D",
    ),
    "training_flops": lambda v: 2 * v["N"] * v["D"] + 4 * v["N"] * v["D"],
    "transformer_parameter_count": _each(
        lambda n, d: n * sum(a * b for a, b in [(d, d)] * 4 + [(d, 4 * d), (4 * d, d)]),
        "n_layer",
        "d_model",
    ),
    "adam_training_memory": lambda v: sum([2, 2, 4, 4, 4]) * v["N"],
    "kv_cache_bytes": lambda v: 4 * np.multiply.reduce(list(v.values())),
    "model_flops_utilization": lambda v: v["tokens_per_second"] / (v["peak_flops"] / (6 * v["N"])),
    "effective_batch_size": lambda v: np.prod(list(v.values()), axis=0),
    "gradient_noise_scale": lambda v: np.sum(v["variance"]) / np.linalg.norm(v["grad"]) ** 2,
    "noise_limited_lr": lambda v: 0.1 * v["batch"] / (v["batch"] + v["noise_scale"]),
    "large_batch_steps": lambda v: 1000 * (v["batch"] + v["noise_scale"]) / v["batch"],
    "critical_batch_size": lambda v: 2e8 * np.exp(-np.log(v["L"]) / 0.21),
    "optimal_momentum": _each(_heavy_ball),
    "gradient_descent_rate": lambda v: np.abs(1 - 2 / (v["kappa"] + 1) * v["kappa"]),
    "optimal_fixed_lr": lambda v: 1 / np.mean([v["L"], v["mu"]], axis=0),
}
FLAT = {("multi_step_lr", "milestones"), ("multi_step_lr", "epoch")}
