"""The table of a study: labels, intervals over seeds, and refusals."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.compare.build import build_compare, labels
from inkling.components.compare.config import CompareConfig
from inkling.components.config import ConfigError
from inkling.pipelines.study_summary import show_scores

MakeAnswers = Callable[..., Path]
RUNS = [{"recipe": recipe, "size": "tiny", "seed": float(seed)} for recipe in ("mix0", "mix6") for seed in (0, 1)]


def test_a_study_has_a_row_a_recipe_with_intervals_over_seeds(answers_of: MakeAnswers, tmp_path: Path) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 16, 30, 31)]
    config = CompareConfig.parse({"compare": {"title": "Two", "figure": "Table 2"}}, runs=labels(RUNS))
    scores = build_compare(config, answers, tmp_path / "scores")
    table = scores.scores()
    low, high = table["groups"]
    assert (low["recipe"], high["recipe"], low["seeds"]) == ("mix0", "mix6", 2)
    assert low["views"]["visual"]["value"] == pytest.approx(14 / 40)
    assert high["views"]["visual"]["value"] == pytest.approx(30.5 / 40)
    assert low["visual_minus_blind"]["value"] == pytest.approx(0.1)
    run = table["runs"][0]["views"]["visual"]
    assert low["views"]["visual"]["high"] - low["views"]["visual"]["low"] > run["high"] - run["low"]
    assert [row["seed"] for row in table["runs"]] == [0, 1, 0, 1]
    assert (scores.path / "scores.csv").read_text().splitlines()[1].startswith("mix0,tiny,2,0.350000,")
    assert "mix6" in (scores.path / "scores.svg").read_text()
    again = build_compare(config, answers, tmp_path / "again")
    assert again.digest == scores.digest


def test_the_screen_shows_every_recipe(
    answers_of: MakeAnswers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    config = CompareConfig(title="Two", figure="Table 2", runs=labels(RUNS[::2]))
    show_scores(build_compare(config, answers, tmp_path / "scores").scores(), Console(width=140))
    printed = capsys.readouterr().out
    assert "mix0" in printed and "30.0 [" in printed and "40 questions of four choices on 20 images" in printed


@pytest.mark.parametrize(
    ("runs", "message"),
    [(RUNS[:1], "2 sets of answers, but 1 labels"), ([RUNS[0], RUNS[0]], "same recipe, size and seed")],
)
def test_labels_that_do_not_fit_are_refused(
    answers_of: MakeAnswers, tmp_path: Path, runs: list[dict[str, object]], message: str
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    with pytest.raises(ConfigError, match=message):
        build_compare(CompareConfig(runs=labels(runs)), answers, tmp_path / "scores")


def test_runs_that_were_asked_other_questions_are_refused(answers_of: MakeAnswers, tmp_path: Path) -> None:
    answers = [answers_of(tmp_path / "a", 12), answers_of(tmp_path / "b", 12, questions=38)]
    with pytest.raises(ArtifactError, match="answers other questions"):
        build_compare(CompareConfig(runs=labels(RUNS[:2])), answers, tmp_path / "scores")


def test_answers_without_four_choices_are_refused(answers_of: MakeAnswers, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no test question with four choices"):
        build_compare(
            CompareConfig(runs=labels(RUNS[:1])), [answers_of(tmp_path / "a", 12, chance=0.5)], tmp_path / "scores"
        )


def test_the_scores_are_plain_json(answers_of: MakeAnswers, tmp_path: Path) -> None:
    scores = build_compare(CompareConfig(runs=labels(RUNS[:1])), [answers_of(tmp_path / "a", 12)], tmp_path / "scores")
    assert json.loads((scores.path / "scores.json").read_text())["groups"][0]["seeds"] == 1
