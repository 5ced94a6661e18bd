"""Every schedule: the book's formula, torch's scheduler where it has one, and what a run does."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from neurogebra.errors import BadValue
from neurogebra.layers import Dense
from neurogebra.observatory.events import EpochEnd
from neurogebra.optim import SCHEDULES
from neurogebra.repository import FORMULAS
from neurogebra.spec import ModelSpec, RunSpec
from neurogebra.training.data import prepare
from neurogebra.training.loop import train
from neurogebra.training.rates import curve, on_plateau
from neurogebra.training.session import Session

CURVES = [name for name, row in SCHEDULES.items() if row.clock]
every_curve = pytest.mark.parametrize("name", CURVES)
every_per = pytest.mark.parametrize("per", ["epoch", "step"])
LENGTH, RATE = 40, 0.07
NEEDED = {"multi_step_lr": {"milestones": (5.0, 12.0, 30.0)}}
SHORT = {"warmup_steps": 6.0, "decay_steps": 9.0, "T_0": 7.0, "step_size": 6.0, "lr_min": 0.002}


def options(name):
    known = SCHEDULES[name].options
    return {**{k: v for k, v in SHORT.items() if k in known}, **NEEDED.get(name, {})}


def values(name, given, rate=RATE, length=LENGTH, count=LENGTH):
    run = RunSpec(schedule=name, schedule_options=given, learning_rate=rate)
    at = curve(run.schedule, run.schedule_options, run.rate, length)
    return [at(t) for t in range(count)]


def test_the_table_is_that_of_the_book():
    book = {name for name, f in FORMULAS.items() if f.subcategory == "lr_schedule"}
    other = {
        "linear_scaling_rule",
        "sqrt_scaling_rule",
        "ema_decay_warmup",
    }  # of the batch, of means
    assert other < book
    assert set(CURVES) == book - other
    assert set(SCHEDULES) - set(CURVES) == {"plateau"}
    for row in SCHEDULES.values():
        assert all(SCHEDULES[alias] is row for alias in row.aliases)


@every_curve
def test_rates_are_those_of_the_formula(name):
    """The definition, not the stable form, is read by Python itself, parameters put in here."""
    row, given, formula = SCHEDULES[name], options(name), FORMULAS[name]
    own = {**dict(formula.params), **given, row.peak: RATE}
    own |= {row.length: float(LENGTH)} if row.length else {}
    own |= {key: np.array(v) for key, v in own.items() if key == "milestones"}
    words = {"where": np.where, "max": max, "min": min, "sum": np.sum, "abs": abs, "pi": np.pi}
    words |= {f: getattr(np, f) for f in ("cos", "sin", "exp", "sqrt", "floor")}
    expected = []
    with np.errstate(all="ignore"):
        for t in range(LENGTH):
            known = {**words, **own, row.clock: np.float64(t + (row.clock == "t"))}
            expected.append(eval(formula.expr, known))
    found = values(name, given)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-18)
    if name not in ("constant_lr", "inverse_sqrt_lr"):
        assert len({round(v, 12) for v in found}) > 1, "a curve that does not move shows nothing"


def torchs(make, count=LENGTH, rate=RATE):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    scheduler = make(optimizer)
    found = []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def cyclic(mode, **more):
    return lambda o: lr_scheduler.CyclicLR(
        o, 0.002, RATE, step_size_up=6, mode=mode, cycle_momentum=False, **more
    )


# Our name → our options, torch's scheduler, how many steps are compared.
TWINS = {
    "step_decay_lr": (
        {"step_size": 6.0, "gamma_decay": 0.5},
        lambda o: lr_scheduler.StepLR(o, 6, gamma=0.5),
        LENGTH,
    ),
    "multi_step_lr": (
        {"milestones": (5, 12, 30), "gamma_decay": 0.3},
        lambda o: lr_scheduler.MultiStepLR(o, [5, 12, 30], gamma=0.3),
        LENGTH,
    ),
    "exponential_decay_lr": (
        {"k_decay": -math.log(0.9)},
        lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9),
        LENGTH,
    ),
    "inverse_time_decay_lr": (
        {"k_decay": 0.2},
        lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.2 * t)),
        LENGTH,
    ),
    "polynomial_decay_lr": (
        {"lr_end": 0.0, "power_lr": 2.0},
        lambda o: lr_scheduler.PolynomialLR(o, LENGTH, power=2.0),
        LENGTH + 5,
    ),
    "cosine_annealing_lr": (
        {"lr_min": 0.002},
        lambda o: lr_scheduler.CosineAnnealingLR(o, LENGTH, eta_min=0.002),
        LENGTH + 1,
    ),
    "cosine_restarts_lr": (
        {"lr_min": 0.002, "T_0": 7.0},
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7, eta_min=0.002),
        LENGTH,
    ),
    "cyclical_lr": ({"lr_min": 0.002, "step_size": 6.0}, cyclic("triangular"), LENGTH),
    "triangular2_lr": ({"lr_min": 0.002, "step_size": 6.0}, cyclic("triangular2"), LENGTH),
    "exp_range_lr": (
        {"lr_min": 0.002, "step_size": 6.0, "gamma_decay": 0.95},
        cyclic("exp_range", gamma=0.95),
        LENGTH,
    ),
    # torch's last step has number total_steps − 1, and so has the end of its rise.
    "one_cycle_lr": (
        {"T_max": 39.0, "pct_start": 11 / 39, "final_div": 100.0},
        lambda o: lr_scheduler.OneCycleLR(
            o, RATE, total_steps=LENGTH, pct_start=0.3, final_div_factor=100.0
        ),
        LENGTH - 1,
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_rates_are_those_of_torch(name):
    given, make, count = TWINS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = torchs(make, count)
    np.testing.assert_allclose(values(name, given, count=count), expected, rtol=1e-9, atol=1e-12)


def test_one_epoch_late_turns_the_law_red():
    given, make, _ = TWINS["cosine_annealing_lr"]
    late = [
        curve("cosine_annealing_lr", tuple(given.items()), RATE, LENGTH)(t + 1) for t in range(9)
    ]
    assert np.abs(np.subtract(late, torchs(make, 9))).max() > 1e-4


ROWS, EPOCHS, BATCH = 20, 5, 6  # 4 batches an epoch


def session(**given):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 1))
    model = ModelSpec("m", (3,), (Dense(3, "tanh"), Dense(1)))
    run = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": 0.01, "optimizer": "momentum"}
    spec = RunSpec(**{**run, **given})
    data = prepare(model, spec, x, y)
    found = Session(model, spec, data, prepare(model, spec, x, y))
    found.used = []
    real = found.network.step

    def step(*args, lr, **more):
        found.used.append(lr)
        return real(*args, lr=lr, **more)

    found.network.step = step
    return found


def go(s):
    return [e for e in train(s, lambda level: False) if isinstance(e, EpochEnd)]


def small(name):
    return {k: min(v, 2.0) if k != "lr_min" else v for k, v in options(name).items() if k in SHORT}


@every_curve
@every_per
def test_a_run_trains_at_the_rates_of_its_schedule(name, per):
    given = {**small(name), **({"milestones": (2, 4)} if name == "multi_step_lr" else {})}
    s = session(schedule=name, schedule_options=given, schedule_per=per)
    length = EPOCHS if per == "epoch" else EPOCHS * 4
    at = values(name, given, rate=0.01, length=length, count=length)
    expected = [rate for rate in at for _ in range(4)] if per == "epoch" else at
    assert s.rate == expected[0]
    ends = go(s)
    assert s.used == expected
    assert [e.learning_rate for e in ends] == expected[3::4]


@every_curve
@every_per
@pytest.mark.parametrize("stopped", [1, 6, 8])
def test_a_resumed_run_goes_on_at_the_same_rates(name, per, stopped):
    given = {**small(name), **({"milestones": (2, 4)} if name == "multi_step_lr" else {})}
    run = {"schedule": name, "schedule_options": given, "schedule_per": per}
    whole, first, second = (session(**run) for _ in range(3))
    go(whole)
    for _ in train(first, lambda level: False):
        if first.progress.step == stopped and first.progress.batch != 4:
            break
        if first.progress.step > stopped:
            break
    second.restore(*first.state())
    go(second)
    assert [*first.used, *second.used] == whole.used
    weights, others = whole.network.weights(), second.network.weights()
    assert all(weights[n].tobytes() == others[n].tobytes() for n in weights)


def test_a_run_tells_how_often_its_limits_acted():
    limits = {"clip_value": 0.05, "clip_norm": 1e6, "accumulate": 2}
    s = session(optimizer="sgd", **limits)
    *_, end = train(s, lambda level: False)
    assert end.acted["accumulate"] == 10
    assert end.acted["clip_norm"] == 0
    assert 0 < end.acted["clip_value"] <= 10
    *_, end = train(session(), lambda level: False)
    assert end.acted == {}


def test_accumulated_batches_count_as_one_step():
    s = session(schedule="cosine", schedule_per="step", accumulate=5)
    go(s)
    at = values("cosine_annealing_lr", {}, rate=0.01, length=4)
    assert s.used == [rate for rate in at[:4] for _ in range(5)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("higher", [False, True])
def test_the_plateau_is_that_of_torch(seed, higher):
    rng = np.random.default_rng(seed)
    given = {
        "factor": float(rng.uniform(0.1, 0.9)),
        "patience": int(rng.integers(0, 4)),
        "cooldown": int(rng.integers(0, 4)),
        "min_delta": float(rng.uniform(0, 0.2)),
        "min_lr": float(rng.choice([0.0, 0.005])),
    }
    run = RunSpec(schedule="plateau", schedule_options=given, learning_rate=RATE)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    twin = lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="max" if higher else "min",
        factor=given["factor"],
        patience=given["patience"],
        threshold=given["min_delta"],
        threshold_mode="abs",
        cooldown=given["cooldown"],
        min_lr=given["min_lr"],
    )
    seen, rate, cuts = {}, RATE, 0
    for value in np.cumsum(rng.normal(0, 0.3, 40)):
        value = float("nan") if rng.random() < 0.1 else float(value)
        before = rate
        seen, rate = on_plateau(run, seen, value, rate, higher=higher)
        cuts += rate < before
        twin.step(value)
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
    assert seen["cuts"] == cuts


def test_a_run_on_a_plateau_cuts_its_rate_and_goes_on_so_when_resumed():
    options = {"factor": 0.5, "patience": 0, "min_delta": 10.0}
    run = {"schedule": "plateau", "schedule_options": options}
    whole, first, second = (session(**run) for _ in range(3))
    ends = go(whole)
    rates = [0.01, 0.01, 0.005, 0.0025, 0.00125]
    assert [e.learning_rate for e in ends] == pytest.approx(rates)
    assert whole.used == pytest.approx([r for r in rates for _ in range(4)])
    for _ in train(first, lambda level: False):
        if first.progress.step == 14:
            break
    second.restore(*first.state())
    go(second)
    assert [*first.used, *second.used] == whole.used


def test_a_listener_moves_the_curve_as_a_whole():
    s = session(schedule="cosine", schedule_options={"lr_min": 0.0})
    plain = values("cosine_annealing_lr", {"lr_min": 0.0}, rate=0.01, length=EPOCHS, count=EPOCHS)
    for event in train(s, lambda level: False):
        if isinstance(event, EpochEnd) and event.epoch == 1:
            s.set_rate(s.rate / 2)
            assert s.rate == pytest.approx(plain[2] / 2)
    assert s.used[::4] == pytest.approx([*plain[:2], *(rate / 2 for rate in plain[2:])])


def test_rates_of_their_own_where_nobody_says_one():
    assert RunSpec(schedule="noam").rate == 1.0
    assert RunSpec(schedule="robbins_monro").rate == 0.1
    assert RunSpec(schedule="cosine", optimizer="adam").rate == 0.001
    assert RunSpec(schedule="noam", learning_rate=0.5).rate == 0.5
    assert RunSpec(schedule="one_cycle") == RunSpec(schedule="one_cycle_lr")


WRONG = [
    (
        {"schedule": "cosin"},
        "schedule: expected a schedule by name, got 'cosin'; did you mean 'cos",
    ),
    ({"schedule_options": {"T_max": 3}}, "schedule_options: expected a schedule to go with"),
    (
        {"schedule": "cosine", "schedule_options": {"tmax": 3}},
        "schedule_options.tmax: expected an option of cosine_annealing_lr, got 'tmax'; did",
    ),
    ({"schedule": "multi_step"}, "schedule_options.milestones: expected a list of numbers"),
    (
        {"schedule": "multi_step", "schedule_options": {"milestones": [5, 3]}},
        "schedule_options.milestones: expected numbers in rising order, got [5, 3]",
    ),
    (
        {"schedule": "multi_step", "schedule_options": {"milestones": ["a"]}},
        "schedule_options.milestones[0]: expected a number ≥ 0, got 'a'",
    ),
    (
        {"schedule": "step_decay", "schedule_options": {"step_size": 0}},
        "schedule_options.step_size: expected a number above 0, got 0",
    ),
    (
        {"schedule": "one_cycle", "schedule_options": {"pct_start": 1.0}},
        "schedule_options.pct_start: expected a number between 0 and 1, got 1.0",
    ),
    (
        {"schedule": "cosine", "learning_rate": 1e-8},
        "schedule_options.lr_min: expected at most the highest rate 1e-08, got 1e-06",
    ),
    (
        {"schedule": "plateau", "schedule_options": {"factor": 1.5}},
        "schedule_options.factor: expected a number between 0 and 1, got 1.5",
    ),
    (
        {"schedule": "plateau", "schedule_options": {"patience": 1.5}},
        "schedule_options.patience: expected int ≥ 0, got 1.5",
    ),
    ({"schedule": "plateau", "schedule_per": "step"}, "schedule_per: expected 'epoch'"),
    ({"schedule_per": "batch"}, "schedule_per: expected what a schedule counts by name"),
]


@pytest.mark.parametrize(("fields", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_errors_say_where_and_what(fields, sentence):
    with pytest.raises(BadValue) as caught:
        RunSpec(**fields)
    assert sentence in str(caught.value)


def test_a_curve_that_does_not_fit_the_run_is_refused_before_it_starts():
    hint = r"schedule_options\.warmup_steps: expected less than the whole length T_max = 5"
    with pytest.raises(BadValue, match=hint):
        session(schedule="warmup_cosine", schedule_options={"lr_min": 0.0})
    with pytest.raises(BadValue, match=r"accumulate: expected int ≤ 20, the run's batches, got 21"):
        session(accumulate=21)
