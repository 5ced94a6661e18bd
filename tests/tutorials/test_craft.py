"""NeuroCraft: the same formulas as MathForge, told to learners."""

from __future__ import annotations

import pytest

from neurogebra import NeuroCraft
from neurogebra.errors import BadValue, UnknownName
from neurogebra.repository import FORMULAS


def test_it_greets_when_educational_only(capsys):
    NeuroCraft()
    assert str(len(FORMULAS)) in capsys.readouterr().out
    craft = NeuroCraft(educational_mode=False)
    craft.get("relu", explain=True)
    craft.search("loss")
    craft.tutorial("gradients")
    assert capsys.readouterr().out == ""


def test_get_explains_when_asked(capsys):
    craft = NeuroCraft()
    capsys.readouterr()
    assert craft.get("leaky_relu", params={"alpha": 0.5}).eval(x=-2.0) == -1.0
    assert capsys.readouterr().out == ""
    craft.get("relu", explain=True)
    assert "relu(x) = max(0, x)" in capsys.readouterr().out
    with pytest.raises(UnknownName, match="did you mean 'sigmoid'"):
        craft.get("sigmoyd")
    with pytest.raises(UnknownName, match="did you mean 'adam'"):  # an alias, of adam_step
        craft.get("adamm")


def test_search_shows_what_it_returns(capsys):
    craft = NeuroCraft()
    capsys.readouterr()
    names = craft.search("entropy")
    assert names == craft.forge.search("entropy")
    assert capsys.readouterr().out.startswith(f"{names[0]}: ")
    assert set(craft.search("entropy", category="loss")) < set(names)
    assert craft.search("", show_details=False) == craft.forge.search("")
    assert craft.search("qqzzqq") == []
    assert "nothing answers" in capsys.readouterr().out


def test_quick_ways_to_activations_and_losses():
    craft = NeuroCraft(educational_mode=False)
    assert craft.quick_activation().name == "relu"
    assert craft.quick_loss("mae").eval(y=1.0, y_pred=3.0) == 2.0
    with pytest.raises(BadValue, match="activation"):
        craft.quick_activation("mse")
    with pytest.raises(UnknownName):
        craft.quick_loss("msee")


def test_the_rest_is_the_forges():
    craft = NeuroCraft(educational_mode=False)
    craft.register("mine", "x + 1")
    assert "mine" in craft.list_all()
    assert craft.compose("mine * 2").eval(x=1.0) == 4.0
    assert "mine" in craft.compare(["mine", "relu"])


def test_tutorials_compute_what_they_show(capsys):
    craft = NeuroCraft()
    capsys.readouterr()
    topics = [line.split(":")[0] for line in craft.tutorial()]
    for topic in topics:
        lines = craft.tutorial(topic)
        assert any(line.startswith(">>> ") for line in lines)
    assert "1.0" in craft.tutorial("gradients")[-1]
    assert ">>> forge.get" in capsys.readouterr().out
    with pytest.raises(BadValue, match="did you mean 'gradients'"):
        craft.tutorial("gradient")
