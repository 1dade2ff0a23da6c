"""The table of a study: labels, intervals over seeds, and refusals."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.compare.build import build_compare, labels
from inkling.components.compare.config import CompareConfig
from inkling.components.config import ConfigError
from inkling.pipelines.study_summary import show_scores

MakeAnswers = Callable[..., Path]
MakeModel = Callable[..., Path]
RUNS = [{"recipe": recipe, "size": "tiny", "seed": float(seed)} for recipe in ("mix0", "mix6") for seed in (0, 1)]


@pytest.fixture
def models(model_of: MakeModel, tmp_path: Path) -> list[Path]:
    return [model_of(tmp_path / f"model-{nats}", nats) for nats in (4.0, 4.2, 5.0, 5.2)]


def test_a_study_has_a_row_a_recipe_with_intervals_over_seeds(
    answers_of: MakeAnswers, models: list[Path], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 16, 30, 31)]
    config = CompareConfig.parse({"compare": {"title": "Two", "figure": "Table 2"}}, runs=labels(RUNS))
    scores = build_compare(config, answers, models, tmp_path / "scores")
    table = scores.scores()
    low, high = table["groups"]
    assert (low["recipe"], high["recipe"], low["seeds"]) == ("mix0", "mix6", 2)
    assert low["views"]["visual"]["value"] == pytest.approx(14 / 40)
    assert high["views"]["visual"]["value"] == pytest.approx(30.5 / 40)
    assert low["visual_minus_blind"]["value"] == pytest.approx(0.1)
    run = table["runs"][0]["views"]["visual"]
    assert low["views"]["visual"]["high"] - low["views"]["visual"]["low"] > run["high"] - run["low"]
    assert [row["seed"] for row in table["runs"]] == [0, 1, 0, 1]
    assert (scores.path / "scores.csv").read_text().splitlines()[1].startswith("mix0,tiny,2,16,0.350000,")
    assert "mix6" in (scores.path / "scores.svg").read_text()
    assert low["heldout"]["nats_per_token"]["value"] == pytest.approx(4.1, abs=0.05)
    assert low["heldout"]["bits_per_byte"]["value"] == pytest.approx(4.1 / math.log(2) / 4, abs=0.02)
    assert table["sizes"] == []
    assert "mix6" in (scores.path / "losses.svg").read_text()
    again = build_compare(config, answers, models, tmp_path / "again")
    assert again.digest == scores.digest


def test_what_a_larger_size_gains_is_told_by_recipe_whatever_the_order(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path
) -> None:
    """Losses differ by 0.3 in one seed and 0.5 in the other: on the same documents, so documents add no error."""
    runs = [{"recipe": "mix6", "size": size, "seed": seed} for size in ("large", "little") for seed in (0, 1)]
    read = [model_of(tmp_path / f"{nats}", nats, size) for nats, size in ((4.0, 9), (4.1, 9), (4.3, 3), (4.6, 3))]
    answers = [answers_of(tmp_path / "answers", 12)] * 4
    scores = build_compare(CompareConfig(runs=labels(runs)), answers, read, tmp_path / "scores").scores()
    (gain,) = scores["sizes"]
    assert (gain["recipe"], gain["smaller"], gain["larger"]) == ("mix6", "little", "large")
    nats = gain["larger_minus_smaller"]["nats_per_token"]
    half = 12.7062 * 0.1
    assert (nats["value"], nats["low"], nats["high"]) == pytest.approx((-0.4, -0.4 - half, -0.4 + half), rel=1e-4)
    assert [group["parameters"] for group in scores["groups"]] == [18, 6]


def test_sizes_that_were_scored_on_other_text_are_refused(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path
) -> None:
    runs = [{"recipe": "mix6", "size": size, "seed": 0} for size in ("tiny", "laptop")]
    read = [model_of(tmp_path / "a", 4.0), model_of(tmp_path / "b", 4.0, 9, documents=9)]
    with pytest.raises(ArtifactError, match="were scored on different text"):
        build_compare(CompareConfig(runs=labels(runs)), [answers_of(tmp_path / "c", 12)] * 2, read, tmp_path / "scores")


def test_the_screen_shows_every_recipe(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    models = [model_of(tmp_path / "small", 4.0, 3), model_of(tmp_path / "large", 3.5, 9)]
    runs = [RUNS[0], {**RUNS[0], "size": "laptop"}, {**RUNS[0], "recipe": "mix6"}]
    config = CompareConfig(title="Two", figure="Table 2", runs=labels(runs))
    scores = build_compare(config, [*answers, answers[1]], [*models, models[0]], tmp_path / "scores").scores()
    show_scores(scores, Console(width=140))
    printed = capsys.readouterr().out
    assert "mix0: laptop - tiny  -0.500 [-0.500, -0.500] nats per token" in printed
    assert "mix0" in printed and "30.0 [" in printed and "40 questions of four choices on 20 images" in printed


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (RUNS[:1], "2 sets of answers and 2 language models, but 1 labels"),
        ([RUNS[0], RUNS[0]], "same recipe, size and seed"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    answers_of: MakeAnswers, models: list[Path], tmp_path: Path, runs: list[dict[str, object]], message: str
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    with pytest.raises(ConfigError, match=message):
        build_compare(CompareConfig(runs=labels(runs)), answers, models[:2], tmp_path / "scores")


def test_runs_that_were_asked_other_questions_are_refused(
    answers_of: MakeAnswers, models: list[Path], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / "a", 12), answers_of(tmp_path / "b", 12, questions=38)]
    with pytest.raises(ArtifactError, match="answers other questions"):
        build_compare(CompareConfig(runs=labels(RUNS[:2])), answers, models[:2], tmp_path / "scores")


def test_answers_without_four_choices_are_refused(answers_of: MakeAnswers, models: list[Path], tmp_path: Path) -> None:
    config, answers = CompareConfig(runs=labels(RUNS[:1])), [answers_of(tmp_path / "a", 12, chance=0.5)]
    with pytest.raises(ArtifactError, match="no test question with four choices"):
        build_compare(config, answers, models[:1], tmp_path / "scores")


def test_the_scores_are_plain_json(answers_of: MakeAnswers, models: list[Path], tmp_path: Path) -> None:
    config = CompareConfig(runs=labels(RUNS[:1]))
    scores = build_compare(config, [answers_of(tmp_path / "a", 12)], models[:1], tmp_path / "scores")
    assert json.loads((scores.path / "scores.json").read_text())["groups"][0]["seeds"] == 1
