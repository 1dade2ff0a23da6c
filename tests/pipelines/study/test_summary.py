"""What a study prints."""

import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from inkling.pipelines.cli import app
from inkling.pipelines.study.summary import show_scores

KINDS = ("verdicts", "curves", "ranks", "correlations", "scaling", "mixture_laws")


def _estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def _measures(value: float) -> dict[str, Any]:
    return {name: _estimate(value) for name in ("visual", "blind", "visual_minus_blind")}


def test_the_screen_shows_every_group_and_every_contrast(capsys: Any) -> None:
    losses = {unit: _estimate(4.0) for unit in ("nats_per_token", "bits_per_byte")}
    labels = {"mixture.recipe": "mix0", "adapt.connector": "pool"}
    scores: dict[str, Any] = {
        "title": "Two",
        "source": "LSBS Table 2",
        "suites": {"scenes": {"questions": 40, "images": 20, "chance": 0.25}},
        "groups": [
            {"labels": labels, "seeds": 2, "parameters": 16, "suites": {"scenes": _measures(0.3)}, "heldout": losses}
        ],
        "contrasts": [
            {"axis": "adapt.connector", "first": "pool", "second": "mlp", "where": {"mixture.recipe": "mix0"},
             "seeds": 2, "suites": {"scenes": _measures(0.1)}, "heldout": {}},
            {"axis": "pretrain.preset", "first": "laptop", "second": "tiny", "where": {}, "seeds": 2,
             "suites": {"scenes": _measures(-0.1)}, "heldout": losses},
        ],
    }  # fmt: skip
    scores["groups"][0]["suites"]["scenes"]["probe_features"] = _estimate(0.62)
    scores["contrasts"][0]["suites"]["scenes"]["visual"]["adjusted"] = 0.0132
    scores["contrasts"][1]["suites"]["scenes"]["visual"]["adjusted"] = 1e-5
    scores["analysis"] = {key: [] for key in KINDS}
    show_scores(scores, Console(width=160))
    printed = capsys.readouterr().out
    assert "Two (LSBS Table 2)" in printed and "30.0 [25.0, 35.0]" in printed
    assert re.search(r"probe_features.*\n.* 62.0 \[57.0, 67.0\]", printed), "what a linear probe reads"
    assert "suite scenes: 40 questions on 20 images, chance 25" in printed
    assert "adapt.connector: pool against mlp (mix0)  scenes: visual +10.0 [+5.0, +15.0] (p 0.013)  blind" in printed
    assert "visual -10.0 [-15.0, -5.0] (p < 0.001)  blind -10.0 [-15.0, -5.0]\n" in printed
    assert "pretrain.preset: laptop against tiny  4.000 [3.950, 4.050] nats per token" in printed


def test_what_has_no_interval_is_shown_alone(capsys: Any) -> None:
    alone = {"value": 0.3, "low": None, "high": None}
    measures = dict.fromkeys(("visual", "blind", "visual_minus_blind"), alone)
    losses = dict.fromkeys(("nats_per_token", "bits_per_byte"), alone)
    group = {"labels": {"seed": "1"}, "seeds": 1, "parameters": 16, "suites": {"s": measures}, "heldout": losses}
    about = {"questions": 1, "images": 1, "chance": 0.25}
    scores: dict[str, Any] = {"title": "One", "source": "", "suites": {"s": about}, "groups": [group], "contrasts": []}
    scores["analysis"] = {key: [] for key in KINDS}
    show_scores(scores, Console(width=80))
    printed = capsys.readouterr().out
    assert "30.0" in printed and "0.300" in printed and "[" not in printed


def test_the_list_says_what_each_study_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_HOME", str(tmp_path))
    monkeypatch.setenv("INKLING_STORE", "")  # set by the command, and taken back after the test
    result = CliRunner().invoke(app, ["study", "list"], env={"COLUMNS": "250"})
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line for line in result.output.splitlines()[1:] if line.strip()}
    assert rows["interpolation"].split()[1:3] == ["36", "0"] and "LSBS Table 2" in rows["interpolation"]
    assert re.search(r" [\d.]+ (h|min) ", rows["interpolation"])
    assert "mixture.recipe (16), seed (3)" in rows["sources"]
