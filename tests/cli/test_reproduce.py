"""`neurogebra reproduce` and `neurogebra diff`: words, JSON, exit codes, refusals."""

from __future__ import annotations

import json

import pytest

QUICK = ("--layers", "4:relu", "--epochs", "2", "-q")


@pytest.fixture
def trained(run, flowers):
    def train(out, *more):
        found = run("train", flowers, "--target", "answer", "--out", out, *QUICK, *more)
        assert found.code == 0, found.err
        return out

    return train


def test_a_run_is_reproduced(run, trained, tmp_path):
    trained("a")
    found = run("reproduce", "a")
    assert (found.code, found.err) == (0, "")
    assert "identical" in found.out
    assert "weights" in found.out
    found = run("reproduce", "a", "--out", "again", "--json")
    told = json.loads(found.out)
    assert (found.code, told["identical"], told["second"]) == (0, True, "again")
    assert (told["unequal"], told["since"], told["changed"]) == (0, None, [])
    assert told["compared"]["weights"] > 0
    assert (tmp_path / "again" / "result.json").is_file()


def test_a_run_that_does_not_come_back_exits_with_1(run, trained, tmp_path):
    trained("a")
    path = tmp_path / "a" / "basic.log"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    ends = [r for r in lines if r["event_type"] == "epoch_end"]
    ends[1]["data"]["metrics"]["loss"] = 0.125
    path.write_text("".join(json.dumps(r) + "\n" for r in lines))
    found = run("reproduce", "a")
    assert found.code == 1
    assert "different" in found.out
    assert "of epoch 2" in found.out
    assert "epoch loss: 0.125 →" in found.out
    told = json.loads(run("reproduce", "a", "--json").out)
    assert (told["identical"], told["unequal"]) == (False, 1)
    assert (told["since"]["first"], told["second"]) == (0.125, None)


def test_equal_runs_have_no_difference(run, trained):
    trained("a"), trained("b")
    found = run("diff", "a", "b")
    assert (found.code, found.err) == (0, "")
    assert "identical" in found.out


def test_what_changed_is_named_with_both_values(run, trained):
    trained("a"), trained("b", "--seed", "7", "--lr", "0.25")
    found = run("diff", "a", "b")
    assert found.code == 1
    assert "seed  random_seed: 0 → 7" in found.out
    assert "hyper-parameters  learning_rate: 0.001 → 0.25" in found.out
    assert "at update 1 of epoch 1" in found.out
    told = json.loads(run("diff", "a", "b", "--json").out)
    assert [d["topic"] for d in told["changed"]] == ["seed", "hyper-parameters"]
    assert told["since"]["step"] == 1


def test_what_cannot_be_compared_is_refused(refused, trained, flowers, tmp_path):
    assert "not a run folder" in refused("reproduce", ".")
    assert "not a run folder" in refused("diff", trained("a"), "nowhere")
    assert "2 values" in refused("diff", "a")
    text = flowers.read_text()
    flowers.write_text(text.replace("1,-1,red", "6,-1,red", 1))
    assert text != flowers.read_text()
    said = refused("reproduce", "a")
    assert "the data of" in said
    assert "column 'x'" in said
    (tmp_path / "a" / "fingerprint.json").unlink()
    assert "fingerprint.json" in refused("diff", "a", "a")


def test_hostile_names_are_inert(run, trained, tmp_path):
    trained("a"), trained("b")
    path = tmp_path / "b" / "fingerprint.json"
    facts = json.loads(path.read_text())
    facts["model_info"]["name"] = "\x1b[31m[red]x[/red]"
    path.write_text(json.dumps(facts))
    found = run("diff", "a", "b")
    assert found.code == 1
    assert "\x1b" not in found.out
    assert "[red]x" in found.out
