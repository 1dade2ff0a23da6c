"""Which part limits a family of questions follows from intervals, and the report says it beside the scores."""

from typing import Any

import pytest

from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.gather import Inputs, gather
from inkling.components.analyze.probed import CONNECTOR, EITHER, ENCODER, LANGUAGE, UNKNOWN, limit, probed
from inkling.components.analyze.report.page import render
from inkling.components.artifacts.measurements import MEAN_FEATURES
from inkling.tests.components.analyze.conftest import make_rows

BELOW, OPEN = {"low": -0.4, "high": -0.1}, {"low": -0.1, "high": 0.1}


@pytest.mark.parametrize(
    ("value", "model", "tokens", "passed", "expected"),
    [
        (0.3, BELOW, BELOW, BELOW, UNKNOWN),
        (0.9, OPEN, OPEN, OPEN, ENCODER),
        (0.9, {"low": None, "high": None}, BELOW, BELOW, ENCODER),
        (0.9, BELOW, OPEN, BELOW, CONNECTOR),
        (0.9, BELOW, BELOW, OPEN, LANGUAGE),
        (0.9, BELOW, BELOW, BELOW, EITHER),
        (0.9, BELOW, OPEN, OPEN, EITHER),
    ],
)
def test_the_limit_is_the_part_behind_which_the_loss_is_clear(
    value: float, model: Any, tokens: Any, passed: Any, expected: str
) -> None:
    differences = {"model_minus_features": model, "model_minus_tokens": tokens, "tokens_minus_features": passed}
    assert limit({"value": value, "null_high": 0.35}, differences) == expected


def test_the_report_says_it_of_each_family(made_run) -> None:
    findings = gather(AnalyzeConfig(samples=2), Inputs(**made_run.made))
    families = findings["suites"]["scenes"]["probed"]["pretrained"]
    assert {name: found["limit"] for name, found in families.items()} == {"object": LANGUAGE, "flag": UNKNOWN}
    visual = findings["suites"]["scenes"]["scores"]["test"]["pretrained"]["families"]["object"]["views"]["visual"]
    assert families["object"]["differences"]["model_minus_features"]["value"] == pytest.approx(visual["value"] - 1)
    page = render(findings, made_run.made["questions"].images())
    limits = "the image tokens hold what the model does not answer: the language model is the limit."
    assert f"object (all places): {limits}" in page
    assert "flag (all places): the probe finds nothing in the features" in page
    assert page.count('<th scope="row">object</th><td class="text"><strong>all places</strong></td>') == 1
    assert page.count('<th scope="row">object</th><td class="text">mean of places</td>') == 1


def test_the_reading_that_does_better_on_left_out_training_examples_is_compared(made_run) -> None:
    rows = make_rows(made_run.made["questions"].questions())
    answers = [one for one in made_run.made["answers"].answers() if one.split == "test"]
    for row in rows:
        row["details"]["left_out"] = 0.2 if row["layer"] == MEAN_FEATURES else 0.4
        row["details"]["right"] = dict.fromkeys(row["details"]["right"], "mean" in row["layer"])
    found = probed(rows, "scenes", answers)["object"]
    visual = [one.correct for one in answers if (one.view, one.family) == ("visual", "object")]
    assert found["kept"] == "mean of places"
    assert found["differences"]["model_minus_features"]["value"] == pytest.approx(sum(visual) / len(visual) - 1)


def test_without_measurements_the_report_has_no_such_section(made_run) -> None:
    inputs = {name: artifact for name, artifact in made_run.made.items() if name != "measurements"}
    findings = gather(AnalyzeConfig(samples=2), Inputs(**inputs))
    assert findings["suites"]["scenes"]["probed"] == {} and findings["probes"] == {}
    page = render(findings, made_run.made["questions"].images())
    assert "Where does it get lost?" not in page and "What do the models hold inside?" not in page


def test_each_probe_shows_its_own_rows_of_each_model(made_run) -> None:
    both = {**made_run.made, "measurements_no_pretraining": made_run.made["measurements"]}
    findings = gather(AnalyzeConfig(samples=2), Inputs(**both))
    assert [*findings["probes"]["alignment"]["models"]] == ["pretrained", "no_pretraining"]
    page = render(findings, made_run.made["questions"].images())
    assert "<h3>Mutual &lt;nearest&gt; neighbours</h3><p>The share &amp; its null.</p>" in page
    assert page.count('<td class="text">best layer, hidden states 2</td>') == 2
    assert '9.1 [7.8, 8.6]</td><td class="number">1.9 to 2.1</td><td class="number">0.005</td>' in page
