"""The plain account that engines are held to: differences, kinks, fast waves, flat losses."""

from __future__ import annotations

import numpy as np
import pytest

from neurogebra.engines import ENGINES
from neurogebra.engines.conformance import gradient_error
from neurogebra.engines.conformance_layers import around
from neurogebra.engines.reference import REACHES, differences, first_batch
from neurogebra.layers import LAYERS, Dense
from neurogebra.spec import Head, ModelSpec


def slopes(loss, at: float, reach: float):
    found = differences(lambda w: float(loss(w["w"])), {"w": np.array(at)}, ["w"], reach)
    return None if found is None else float(found["w"])


@pytest.mark.parametrize("reach", REACHES)
def test_slopes_are_those_of_a_smooth_loss(reach):
    assert slopes(np.exp, 0.7, reach) == pytest.approx(np.exp(0.7), rel=1e-8)


@pytest.mark.parametrize("reach", REACHES)
def test_a_kink_within_reach_has_no_slope(reach):
    assert slopes(np.abs, 0.4 * reach, reach) is None
    assert slopes(np.abs, 5 * reach, reach) == pytest.approx(1.0)


def test_what_waves_too_fast_for_the_first_reach_is_met_by_the_second():
    first, second = (slopes(lambda w: np.sin(60 * w), 0.3, reach) for reach in REACHES)
    assert first is None
    assert second == pytest.approx(60 * np.cos(18.0), rel=1e-8)


def test_no_number_is_no_slope():
    with np.errstate(invalid="ignore"):
        assert slopes(lambda w: np.sqrt(-abs(w) - 1), 0.3, 1e-3) is None


def test_a_loss_that_is_flat_everywhere_is_no_error():
    model = ModelSpec("flat", (3,), (Dense(4), Dense(2)), (Head(weight=1e-20),))
    error, compared = gradient_error(ENGINES["numpy"].load(), model, "mse")
    assert error < 1e-9
    assert compared == model.count()


@pytest.mark.parametrize("kind", LAYERS.values(), ids=lambda kind: kind.__name__)
def test_there_is_a_small_network_around_every_layer(kind):
    model = around(kind)
    assert sum(type(layer) is kind for layer in model.layers) >= 1
    assert model.count() < 400
    x, y = first_batch(model, "mse", 4, 0)
    for layer in model.layers:
        if hasattr(layer, "check_input"):
            layer.check_input("x", x)
    assert y["output"].shape == (4, 2)
