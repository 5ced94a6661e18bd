"""The spectra of weights: the tail against known laws, and chance told from structure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from neurogebra.builders.model_builder import ModelBuilder
from neurogebra.cli import main
from neurogebra.errors import BadValue
from neurogebra.observatory.spectra import advice, eigenvalues, spectra, spikes, tail_of, traps
from neurogebra.training.saved import load_model


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("alpha", [1.5, 2.5, 4.0])
def test_the_exponent_of_pareto_values_is_found(alpha):
    off = []
    for seed in range(12):
        x = 3.0 * (1 + rng(seed).pareto(alpha - 1, 500))
        found = tail_of(x)
        off.append((found.alpha - alpha) / found.error)
        assert found.error == pytest.approx((found.alpha - 1) / np.sqrt(found.size))
    assert abs(np.mean(off)) < 0.7
    assert np.abs(off).max() < 4


def test_the_distance_is_that_of_kolmogorov_and_smirnov_and_the_fit_the_likeliest():
    x = 1 + rng(1).pareto(1.5, 300)
    found = tail_of(x)
    tail = x[x >= found.least]
    law = stats.pareto(found.alpha - 1, scale=found.least)
    assert found.distance == pytest.approx(stats.kstest(tail, law.cdf).statistic)
    b, _, _ = stats.pareto.fit(tail, floc=0, fscale=found.least)
    assert found.alpha == pytest.approx(b + 1, rel=1e-3)


def test_the_tail_begins_where_the_law_does():
    body, tail = rng(2).uniform(0, 10, 2000), 10 * (1 + rng(3).pareto(1.5, 500))
    found = tail_of(np.concatenate([body, tail]))
    assert 8 < found.least < 14
    assert found.alpha == pytest.approx(2.5, abs=3 * found.error)


@pytest.mark.parametrize("bad", [np.ones(5), np.zeros(40), np.full(40, 2.0)])
def test_what_has_no_tail_is_refused(bad):
    with pytest.raises(BadValue):
        tail_of(bad)


def test_eigenvalues_are_squared_singular_values():
    for shape in ((40, 60), (60, 40)):
        w = rng().normal(size=shape)
        expected = np.sort(np.linalg.svd(w, compute_uv=False) ** 2) / 60
        assert np.allclose(eigenvalues(w), expected)


@pytest.mark.parametrize("shape", [(64, 64), (64, 128), (128, 512), (150, 150)])
def test_first_weights_are_chance(shape):
    for seed in range(5):
        w = rng(seed).normal(size=shape) * 0.1 + 0.02
        assert spikes(w) == traps(w) == 0
    assert spikes(w + 0.1 * rng(7).normal(size=(shape[0], 1)) @ rng(8).normal(size=(1, shape[1])))


def test_a_long_matrix_of_chance_has_a_steep_tail_and_advice_says_so():
    drawn = [{"dense_0.W": rng(s).normal(size=(512, 128)), "dense_1.W": np.ones((512, 10))}
             for s in range(9)]  # fmt: skip
    found = [e for weights in drawn for e in spectra(weights)]
    assert {(e.layer, e.param, e.shape) for e in found} == {("dense_0", "W", (512, 128))}
    assert np.median([e.alpha for e in found]) > 6
    assert all(e.traps == e.spikes == 0 for e in found)
    said = [a for weights in drawn for a in advice(weights)]
    assert len(said) == sum(e.alpha > 6 for e in found)
    assert {(a.rule, a.layer, a.severity) for a in said} == {("weights_random", "dense_0", "info")}


def test_single_large_weights_are_traps_and_structure_is_none():
    w = rng(0).normal(size=(128, 128))
    w[3, 5] = w[70, 9] = 60.0
    assert traps(w) == 2
    assert "correlation_trap" in {a.rule for a in advice({"dense_0.W": w})}
    shaped = rng(0).normal(size=(128, 128)) + 0.5 * rng(1).normal(size=(128, 1))
    assert (spikes(shaped), traps(shaped)) == (1, 0)


def test_a_spectrum_that_a_few_directions_rule_is_told():
    u, _ = np.linalg.qr(rng(1).normal(size=(200, 200)))
    v, _ = np.linalg.qr(rng(2).normal(size=(200, 200)))
    heavy = u * np.sqrt(np.sort(1 + rng(3).pareto(0.5, 200))) @ v
    assert "weights_concentrated" in {a.rule for a in advice({"a.W": heavy})}
    sound = u * np.sqrt(np.sort(1 + rng(3).pareto(2.5, 200))) @ v
    assert "weights_concentrated" not in {a.rule for a in advice({"a.W": sound})}


def test_kernels_of_images_are_read_and_odd_weights_passed_over():
    kernel = rng().normal(size=(3, 3, 16, 64))
    odd = {"a.W": np.full((64, 64), np.nan), "b.W": np.zeros((64, 64))}
    (found,) = spectra({"conv.W": kernel, **odd})
    assert found.shape == (3, 3, 16, 64)
    low = rng().normal(size=(64, 2)) @ rng(1).normal(size=(2, 64))
    assert list(spectra({"a.W": low})) == [], "two eigenvalues have no tail"


def test_a_model_tells_it():
    b, x = ModelBuilder(), rng().normal(size=(64, 40))
    model = b.Sequential([b.Dense(40, "relu"), b.Dense(1, "sigmoid")])
    model.compile(loss="binary_crossentropy", learning_rate=0.003)
    model.fit(x, (x[:, 0] > 0).astype(int), epochs=15, verbose=False, seed=0)
    before = model.diagnose()
    assert "correlation_trap" not in {a.rule for a in before.advice}
    weights = dict(model._numbers.network(model.spec, model._last.run).weights())
    weights["dense_0.W"][3, 3] = 90.0
    model._numbers.put(model.spec, model._last.run, weights)
    after = model.diagnose()
    assert "correlation_trap" in {a.rule for a in after.advice}
    assert after.status == before.status
    assert "advice: Single weights of 'dense_0'" in str(after)
    assert after.to_dict()["advice"][-1]["layer"] == "dense_0"


def test_a_stored_run_tells_it(tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    main(["train", "digits", "--layers", "40:relu", "--epochs", "3", "-q", "--out", str(run)])
    capsys.readouterr()
    code = main(["diagnose", str(run)])
    assert "stand out" not in capsys.readouterr().out
    saved = load_model(run / "model")
    saved.weights["dense_0.W"][3, 3] = 90.0
    monkeypatch.setattr("neurogebra.cli_diagnose.load_model", lambda _: saved)
    assert main(["diagnose", str(run)]) == code, "advice changes no verdict"
    assert "stand out" in capsys.readouterr().out
