"""The table of a study: labels, intervals over seeds, and refusals."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from inkling.components.artifacts.run_scores import RunLabel, RunScores
from inkling.components.artifacts.scores import Scores
from inkling.components.compare.build import build_compare, build_compare_part
from inkling.components.compare.config import CompareConfig, PartConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError
from inkling.pipelines.study.summary import show_scores

MakeAnswers = Callable[..., Path]
MakeModel = Callable[..., Path]
CONFIG = CompareConfig(title="Two", figure="Table 2")


@pytest.fixture
def models(model_of: MakeModel, tmp_path: Path) -> list[Path]:
    """Language models of two recipes, in two seeds each."""
    losses = ((4.0, 0), (4.2, 1), (5.0, 0), (5.2, 1))
    return [model_of(tmp_path / f"model-{nats}", nats, seed=seed) for nats, seed in losses]


def scored(recipe: str, answers: Sequence[Path], models: Sequence[Path], place: Path) -> RunScores:
    return build_compare_part(PartConfig(recipe=recipe), answers, models, place / f"scored-{recipe}")


def compared(place: Path, *parts: RunScores) -> Scores:
    return build_compare(CONFIG, [part.path for part in parts], place / "scores")


def test_a_study_has_a_row_a_recipe_with_intervals_over_seeds(
    answers_of: MakeAnswers, models: list[Path], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 16, 30, 31)]
    parts = [
        scored("mix0", answers[:2], models[:2], tmp_path),
        scored("mix6", answers[2:], models[2:], tmp_path),
    ]
    scores = compared(tmp_path, *parts)
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
    assert compared(tmp_path / "again", *parts).digest == scores.digest


def test_what_a_larger_size_gains_is_told_by_recipe_whatever_the_order(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path
) -> None:
    """Losses differ by 0.3 in one seed and 0.5 in the other: on the same documents, so documents add no error."""
    read = [
        model_of(tmp_path / f"{nats}", nats, size, preset=preset, seed=seed)
        for nats, size, preset, seed in (
            (4.0, 9, "laptop", 0), (4.1, 9, "laptop", 1), (4.3, 3, "tiny", 0), (4.6, 3, "tiny", 1)
        )
    ]  # fmt: skip
    part = scored("mix6", [answers_of(tmp_path / "answers", 12)] * 4, read, tmp_path)
    scores = compared(tmp_path, part).scores()
    (gain,) = scores["sizes"]
    assert (gain["recipe"], gain["smaller"], gain["larger"]) == ("mix6", "tiny", "laptop")
    nats = gain["larger_minus_smaller"]["nats_per_token"]
    half = 12.7062 * 0.1
    assert (nats["value"], nats["low"], nats["high"]) == pytest.approx((-0.4, -0.4 - half, -0.4 + half), rel=1e-4)
    assert [group["parameters"] for group in scores["groups"]] == [18, 6]


def test_sizes_that_were_scored_on_other_text_are_refused(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path
) -> None:
    read = [model_of(tmp_path / "a", 4.0), model_of(tmp_path / "b", 4.0, 9, documents=9, preset="laptop")]
    part = scored("mix6", [answers_of(tmp_path / "c", 12)] * 2, read, tmp_path)
    with pytest.raises(ArtifactError, match="were scored on different text"):
        compared(tmp_path, part)


def test_the_screen_shows_every_recipe(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    models = [model_of(tmp_path / "small", 4.0, 3), model_of(tmp_path / "large", 3.5, 9, preset="laptop")]
    parts = [
        scored("mix0", answers, models, tmp_path),
        scored("mix6", answers[1:], models[:1], tmp_path),
    ]
    show_scores(compared(tmp_path, *parts).scores(), Console(width=140))
    printed = capsys.readouterr().out
    assert "mix0: laptop - tiny  -0.500 [-0.500, -0.500] nats per token" in printed
    assert "mix0" in printed and "30.0 [" in printed and "40 questions of four choices on 20 images" in printed


def test_a_part_says_of_each_run_which_it_is_and_what_it_has_answered(
    answers_of: MakeAnswers, model_of: MakeModel, tmp_path: Path
) -> None:
    """Size and seed are those of the language model itself, so the order in which runs arrive cannot name them."""
    answers = [answers_of(tmp_path / str(right), right) for right in (30, 12)]
    models = [model_of(tmp_path / f"{seed}", 4.0 + seed, documents=9 + seed, seed=seed) for seed in (5, 2)]
    found = scored("mix6", answers, models, tmp_path).scores()
    assert [one.label for one in found] == [RunLabel("mix6", "tiny", 5), RunLabel("mix6", "tiny", 2)]
    assert [int(one.hits["visual"].sum()) for one in found] == [30, 12]
    assert [len(one.documents.nats) for one in found] == [14, 11]
    assert found[0].documents.nats_per_token().value == pytest.approx(9.0, abs=0.05)
    assert found[0].asked.questions[:2] == ("q000", "q001") and len(found[1].asked.images) == 40


def test_answers_that_no_language_model_stands_for_are_refused(
    answers_of: MakeAnswers, models: list[Path], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    with pytest.raises(ConfigError, match="2 sets of answers, but 1 language models"):
        scored("mix0", answers, models[:1], tmp_path)


def test_the_same_run_twice_is_refused(answers_of: MakeAnswers, models: list[Path], tmp_path: Path) -> None:
    part = scored("mix0", [answers_of(tmp_path / "a", 12)], models[:1], tmp_path)
    with pytest.raises(ArtifactError, match="same recipe, size and seed"):
        compared(tmp_path, part, part)


def test_runs_that_were_asked_other_questions_are_refused(
    answers_of: MakeAnswers, models: list[Path], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / "a", 12), answers_of(tmp_path / "b", 12, questions=38)]
    part = scored("mix0", answers, models[:2], tmp_path)
    with pytest.raises(ArtifactError, match="answers other questions"):
        compared(tmp_path, part)


def test_answers_without_four_choices_are_refused(answers_of: MakeAnswers, models: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no test question with four choices"):
        scored("mix0", [answers_of(tmp_path / "a", 12, chance=0.5)], models[:1], tmp_path)


def test_the_scores_are_plain_json(answers_of: MakeAnswers, models: list[Path], tmp_path: Path) -> None:
    scores = compared(tmp_path, scored("mix0", [answers_of(tmp_path / "a", 12)], models[:1], tmp_path))
    assert json.loads((scores.path / "scores.json").read_text())["groups"][0]["seeds"] == 1
