"""The table of a study: labels, intervals over seeds, contrasts, figures and refusals."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.measurements import (
    ALIGNMENT,
    ALL_ENCODERS,
    ALL_LAYERS,
    FEATURES,
    TOKENS,
    Measurements,
    write_measurements,
)
from inkling.components.artifacts.run_scores import RunScores
from inkling.components.artifacts.scores import Scores
from inkling.components.compare.analysis.sentences import contrast_name
from inkling.components.compare.build import build_compare, build_compare_part
from inkling.components.compare.config import CompareConfig, ScoreConfig
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.store import Draft, produce
from inkling.models.sequence.views import VIEWS

MakeAnswers = Callable[..., Path]
MakeModel = Callable[..., Path]
RECIPE, PRESET = "mixture.recipe", "pretrain.preset"
AXES = [
    {"setting": RECIPE, "labels": ["mix0", "mix6", "no pretraining"]},
    {"setting": PRESET, "labels": ["tiny", "laptop"]},
    {"setting": "seed", "labels": ["0", "1"]},
]


@pytest.fixture
def models(model_of: MakeModel, tmp_path: Path) -> list[Path]:
    """Language models of two recipes, in two seeds each."""
    losses = ((4.0, 0), (4.2, 1), (5.0, 0), (5.2, 1))
    return [model_of(tmp_path / f"model-{nats}", nats, seed=seed) for nats, seed in losses]


@pytest.fixture
def scored(pretrained_of: Callable[..., Any], tmp_path: Path) -> Callable[..., RunScores]:
    """Scores the runs of a recipe."""

    def score(
        recipe: str, answers: Sequence[Path], models: Sequence[Path], earlier: RunScores | None = None
    ) -> RunScores:
        config = ScoreConfig(labels_in_common={RECIPE: recipe}, pretrained=pretrained_of(*models))
        return build_compare_part(
            config, answers, models, tmp_path / f"scored-{recipe}", earlier.path if earlier else None
        )

    return score


def compared(place: Path, *parts: RunScores, **settings: Any) -> Scores:
    config = CompareConfig.parse({"compare": {"title": "Two", "source": "Table 2", "axes": AXES, **settings}})
    return build_compare(config, [part.path for part in parts], place / "scores")


def test_a_study_has_a_row_a_group_with_intervals_over_seeds(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 16, 30, 31)]
    parts = [scored("mix0", answers[:2], models[:2]), scored("mix6", answers[2:], models[2:])]
    scores = compared(tmp_path, *parts)
    table = scores.scores()
    low, high = table["groups"]
    assert (low["labels"], low["seeds"]) == ({RECIPE: "mix0", PRESET: "tiny"}, 2)
    assert low["suites"]["scenes"]["visual"]["value"] == pytest.approx(14 / 40)
    assert high["suites"]["scenes"]["visual"]["value"] == pytest.approx(30.5 / 40)
    assert low["suites"]["scenes"]["visual_minus_blind"]["value"] == pytest.approx(0.1)
    run, group = table["runs"][0]["suites"]["scenes"]["visual"], low["suites"]["scenes"]["visual"]
    assert group["high"] - group["low"] > run["high"] - run["low"]
    assert [row["labels"]["seed"] for row in table["runs"]] == ["0", "1", "0", "1"]
    head, first = (scores.path / "scores.csv").read_text().splitlines()[:2]
    assert head.startswith("mixture.recipe,pretrain.preset,seeds,parameters,suite,category,family,visual,")
    assert first.startswith("mix0,tiny,2,16,scenes,,,0.350000,")
    assert not (scores.path / "differences.csv").exists()
    assert low["heldout"]["nats_per_token"]["value"] == pytest.approx(4.1, abs=0.05)
    assert low["heldout"]["bits_per_byte"]["value"] == pytest.approx(4.1 / math.log(2) / 4, abs=0.02)
    gain = low["heldout"]["copy_gain"]
    assert gain["low"] < gain["value"] == pytest.approx(0.41, abs=0.01) and gain["value"] < gain["high"]
    assert table["contrasts"] == [] and scores.figures() == []
    assert compared(tmp_path / "again", *parts).digest == scores.digest


def test_what_adaptation_costs_in_language_is_paired_by_document(
    answers_of: MakeAnswers,
    models: list[Path],
    adapted_of: Callable[..., Path],
    pretrained_of: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Every document of the second group costs 0.3 nats a token more, of the first 0.1: the difference is exact."""
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 14)]
    pretrained, parts = pretrained_of(*models[:2]), []
    for recipe, lost in (("mix0", 0.1), ("mix6", 0.3)):
        config = ScoreConfig(labels_in_common={RECIPE: recipe}, pretrained=pretrained)
        adapted = [adapted_of(tmp_path / f"adapted-{recipe}-{number}", models[number], lost) for number in (0, 1)]
        parts.append(build_compare_part(config, answers, models[:2], tmp_path / recipe, None, (), adapted))
    table = compared(tmp_path, *parts, contrasts=[{"axis": RECIPE, "baseline": "mix0"}]).scores()
    low, high = (group["heldout"] for group in table["groups"])
    assert (low["nats_lost"]["value"], high["nats_lost"]["value"]) == (pytest.approx(0.1), pytest.approx(0.3))
    assert low["nats_after_adaptation"]["value"] == pytest.approx(low["nats_per_token"]["value"] + 0.1)
    (row,) = table["contrasts"]
    for end in ("value", "low", "high"):
        assert row["heldout"]["nats_after_adaptation"][end] == pytest.approx(0.2)
    assert row["heldout"]["nats_per_token"]["value"] == 0
    with pytest.raises(ConfigError, match="2 sets of answers, but 1 multimodal models"):
        build_compare_part(ScoreConfig(), answers, models[:2], tmp_path / "none", None, (), adapted[:1])


def test_a_contrast_is_paired_by_question_and_seed(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    """The second model of each seed answers 18 questions more: each seed differs by the same, so seeds add no error."""
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 14, 30, 32)]
    parts = [scored("mix0", answers[:2], models[:2]), scored("mix6", answers[2:], models[2:])]
    scores = compared(tmp_path, *parts, contrasts=[{"axis": RECIPE, "baseline": "mix0"}])
    (row,) = scores.scores()["contrasts"]
    written = pq.read_table(scores.path / "differences.parquet").to_pylist()[0]
    assert (written["first"], written["second"], written["where"]) == ("mix6", "mix0", f"{PRESET}=tiny")
    assert written["visual"] == pytest.approx(18 / 40) and written["visual_adjusted"] < 0.01
    assert written["nats_per_token_p_value"] == row["heldout"]["nats_per_token"]["p_value"]
    assert (row["first"], row["second"], row["where"], row["seeds"]) == ("mix6", "mix0", {PRESET: "tiny"}, 2)
    assert row["suites"]["scenes"]["visual"]["value"] == pytest.approx(18 / 40)
    assert row["suites"]["scenes"]["visual"]["adjusted"] == row["suites"]["scenes"]["visual"]["p_value"] < 0.01
    assert row["suites"]["scenes"]["blind"]["value"] == 0
    assert row["suites"]["scenes"]["blind"]["p_value"] == 1
    assert row["heldout"]["nats_per_token"]["value"] == pytest.approx(1.0)
    assert row["heldout"]["nats_per_token"]["high"] == pytest.approx(1.0)
    assert row["heldout"]["copy_gain"]["value"] == pytest.approx(0.1)
    assert row["heldout"]["copy_gain"]["low"] == pytest.approx(0.1)


def explained(place: Path, words: int, pairs: float) -> tuple[Path, Path]:
    """Answers of a model that explains itself in so many words, and what a probe of alignment found in it."""

    def answers(draft: Draft) -> None:
        rows = [
            Answer(
                f"q{number}", view, (), 0, True, f"image{number // 2}", "General", "family", "none", 0.5, "test",
                method="explain", text="word " * (words + number % 2), order=(0, 1),
            )
            for view in VIEWS
            for number in range(12)
        ]  # fmt: skip
        summary = {"suites": {"scenes": {"headline": {"mean": "questions", "categories": []}}}}
        write_answers(draft.path, rows, summary)

    def measurements(draft: Draft) -> None:
        shares = [pairs, pairs + 0.1] * 10
        rows = [
            {"name": name, "layer": layer, "details": {"shares": [share + more for share in shares]}}
            for name, layer, more in (
                ("grid", "hidden states 1", 0.3),
                ("grid", ALL_LAYERS, 0.2),
                (ALL_ENCODERS, ALL_LAYERS, 0),
            )
        ]
        write_measurements(draft.path, {ALIGNMENT: rows, "linear": []}, {})

    made = EvaluateConfig(seed=words)
    return (
        produce(Answers, place / f"answers-{words}", made, {}, answers).path,
        produce(Measurements, place / f"measurements-{words}", made, {}, measurements).path,
    )


def test_depth_and_alignment_are_compared_seed_by_seed(
    models: list[Path], pretrained_of: Callable[..., Any], tmp_path: Path
) -> None:
    found = [explained(tmp_path, words, pairs) for words, pairs in ((4, 0.1), (6, 0.2), (9, 0.3), (11, 0.4))]
    parts = []
    for recipe, chosen in (("mix0", slice(0, 2)), ("mix6", slice(2, 4))):
        config = ScoreConfig(labels_in_common={RECIPE: recipe}, pretrained=pretrained_of(*models[chosen]))
        answers, probed = zip(*found[chosen], strict=True)
        parts.append(build_compare_part(config, answers, models[chosen], tmp_path / recipe, None, probed))
    drawn = {
        "depth": {
            "kind": "intervals",
            "title": "Words",
            "x": RECIPE,
            "where": {PRESET: "tiny"},
            "measure": ["depth", "alignment"],
        }
    }
    contrasts = [{"axis": RECIPE, "baseline": "mix0"}]
    scores = compared(tmp_path, *parts, contrasts=contrasts, figures=drawn)
    low, high = (group["heldout"] for group in scores.scores()["groups"])
    assert (low["depth"]["value"], high["depth"]["value"]) == (5.5, 10.5), "an image has one question of each length"
    assert low["alignment"]["low"] < low["alignment"]["value"] == pytest.approx(0.2) and high["alignment"][
        "value"
    ] == pytest.approx(0.4)
    (row,) = scores.scores()["contrasts"]
    assert row["heldout"]["depth"]["value"] == 5 and row["heldout"]["alignment"]["value"] == pytest.approx(0.2)
    assert row["heldout"]["alignment"]["p_value"] < 0.05
    assert [figure.stem for figure in scores.figures()] == ["depth"]
    head, first = (scores.path / "scores.csv").read_text().splitlines()[:2]
    assert head.endswith("alignment,alignment_low,alignment_high,depth,depth_low,depth_high") and ",5.500000," in first
    with pytest.raises(ConfigError, match="2 sets of answers, but 1 of measurements"):
        build_compare_part(ScoreConfig(), answers, models[:2], tmp_path / "none", None, probed[:1])


def read_off(place: Path, answers: Path, features: int, tokens: int) -> Path:
    """What a linear probe reads of the questions of the first family: so many rightly, the first ones."""
    names = sorted({one.question_id for one in Answers.open(answers).answers("visual", "test", "scenes")})[::2]
    rows = [
        {"suite": "scenes", "name": "family0", "layer": layer, "details": {"right": right}}
        for layer, count in ((FEATURES, features), (TOKENS, tokens))
        for right in [{name: number < count for number, name in enumerate(names)}]
    ]

    def write(draft: Draft) -> None:
        write_measurements(draft.path, {"linear": rows}, {})

    return produce(Measurements, place, EvaluateConfig(seed=features), {}, write).path


def test_what_a_linear_probe_reads_stands_beside_the_answers_to_the_same_questions(
    answers_of: MakeAnswers, models: list[Path], pretrained_of: Callable[..., Any], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / f"answers-{right}", right, more=4) for right in (30, 32)]
    probed = [read_off(tmp_path / f"probed-{n}", answers[n], 12 + n, 10) for n in range(2)]
    config = ScoreConfig(labels_in_common={RECIPE: "mix6"}, pretrained=pretrained_of(*models[:2]))
    part = build_compare_part(config, answers, models[:2], tmp_path / "part", None, probed)
    first, second = part.scores()
    assert first.probed["probe_features"].tolist().count(-1) == 24, "20 of the other family and 4 of the other suite"
    assert second.probed["probe_features"].tolist().count(1) == 13

    figure = {"kind": "bars", "title": "t", "x": RECIPE, "measure": ["visual", "probe_features", "visual_minus_probe"]}
    found = compared(tmp_path, part, figures={"probe": {**figure, "where": {PRESET: "tiny"}}})
    (group,) = found.scores()["groups"]
    suite, family = group["suites"]["scenes"], group["suites"]["scenes"]["families"]["family0"]
    assert family["visual"]["value"] == pytest.approx(31 / 40) and family["visual"]["questions"] == 20
    assert family["probe_features"]["value"] == pytest.approx(12.5 / 20)
    assert family["probe_tokens"]["value"] == pytest.approx(10 / 20)
    assert family["visual_minus_probe"]["value"] == pytest.approx(31 / 40 - 12.5 / 20)
    assert family["visual_minus_probe"]["low"] < 31 / 40 - 12.5 / 20 < family["visual_minus_probe"]["high"]
    assert suite["probe_features"] == family["probe_features"], "the headline mean is over what was asked"
    assert "probe_features" not in suite["families"]["family1"]
    assert not group["suites"]["mine"]["families"] and "probe_features" not in group["suites"]["mine"]
    assert [drawn.stem for drawn in found.figures()] == ["probe"]
    head, row = (line.split(",") for line in (found.path / "scores.csv").read_text().splitlines()[:2])
    assert float(row[head.index("probe_tokens")]) == 0.5

    alone = build_compare_part(config, answers, models[:2], tmp_path / "alone")
    assert not alone.scores()[0].probed
    assert "probe_features" not in compared(tmp_path / "again", alone).scores()["groups"][0]["suites"]["scenes"]


def test_the_no_pretraining_baseline_is_contrasted_size_by_size(
    answers_of: MakeAnswers, model_of: MakeModel, scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (8, 9, 20, 30)]
    made = [model_of(tmp_path / f"{n}", 4.0 + n, preset=size) for n, size in enumerate(("tiny", "laptop") * 2)]
    parts = [scored("no pretraining", answers[:2], made[:2]), scored("mix6", answers[2:], made[2:])]
    contrast = {"axis": RECIPE, "pairs": [["mix6", "no pretraining"], ["mix0", "no pretraining"]]}
    rows = compared(tmp_path, *parts, contrasts=[contrast]).scores()["contrasts"]
    found = {row["where"][PRESET]: row["suites"]["scenes"]["visual"]["value"] for row in rows}
    assert found == {"tiny": pytest.approx(12 / 40), "laptop": pytest.approx(21 / 40)}
    tests = [row["suites"]["scenes"]["visual"] for row in rows]
    assert min(test["adjusted"] for test in tests) == pytest.approx(2 * min(test["p_value"] for test in tests))


def test_how_far_one_difference_is_another_is_paired_seed_by_seed(
    answers_of: MakeAnswers, model_of: MakeModel, scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    """mix6 adds 12 and 21 right answers in the two sizes; their losses differ by as much in both."""
    answers = [answers_of(tmp_path / str(right), right) for right in (8, 9, 20, 30)]
    made = [model_of(tmp_path / f"{n}", 4.0 + n, preset=size) for n, size in enumerate(("tiny", "laptop") * 2)]
    parts = [scored("mix0", answers[:2], made[:2]), scored("mix6", answers[2:], made[2:])]
    contrast = {"axis": RECIPE, "pairs": [["mix6", "mix0"]], "between": PRESET}
    (row,) = compared(tmp_path, *parts, contrasts=[contrast]).scores()["contrasts"]
    assert contrast_name(row) == "what mix6 against mix0 adds, laptop against tiny" and row["where"] == {}
    assert row["suites"]["scenes"]["visual"]["value"] == pytest.approx(9 / 40)
    assert row["suites"]["scenes"]["blind"]["value"] == 0
    assert row["heldout"]["nats_per_token"]["value"] == pytest.approx(0.0)
    assert row["heldout"]["nats_per_token"]["high"] == pytest.approx(0.0)


def test_what_a_larger_size_gains_has_the_interval_of_its_seeds(
    answers_of: MakeAnswers, model_of: MakeModel, scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    """Losses differ by 0.3 in one seed and 0.5 in the other: on the same documents, so documents add no error."""
    read = [
        model_of(tmp_path / f"{nats}", nats, size, preset=preset, seed=seed)
        for nats, size, preset, seed in (
            (4.0, 9, "laptop", 0), (4.1, 9, "laptop", 1), (4.3, 3, "tiny", 0), (4.6, 3, "tiny", 1)
        )
    ]  # fmt: skip
    part = scored("mix6", [answers_of(tmp_path / "answers", 12)] * 4, read)
    table = compared(tmp_path, part, contrasts=[{"axis": PRESET, "pairs": [["laptop", "tiny"]]}]).scores()
    (gain,) = table["contrasts"]
    nats = gain["heldout"]["nats_per_token"]
    half = 12.7062 * 0.1
    assert (nats["value"], nats["low"], nats["high"]) == pytest.approx((-0.4, -0.4 - half, -0.4 + half), rel=1e-4)
    assert [group["parameters"] for group in table["groups"]] == [18, 6]


def test_losses_of_other_text_are_not_subtracted(
    answers_of: MakeAnswers, model_of: MakeModel, scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    read = [model_of(tmp_path / "a", 4.0), model_of(tmp_path / "b", 4.0, 9, documents=9, preset="laptop")]
    part = scored("mix6", [answers_of(tmp_path / "c", 12)] * 2, read)
    (row,) = compared(tmp_path, part, contrasts=[{"axis": PRESET, "baseline": "tiny"}]).scores()["contrasts"]
    assert row["heldout"] == {} and row["suites"]["scenes"]["visual"]["value"] == 0


def test_a_part_finds_each_run_by_the_settings_of_its_language_model(
    answers_of: MakeAnswers, model_of: MakeModel, scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    """Pre-training's labels come from the language model itself, so the order in which runs arrive cannot name them."""
    answers = [answers_of(tmp_path / str(right), right) for right in (30, 12)]
    models = [model_of(tmp_path / f"{seed}", 4.0 + seed, documents=9 + seed, seed=seed) for seed in (5, 2)]
    found = scored("mix6", answers, models).scores()
    assert [one.labels for one in found] == [{RECIPE: "mix6", PRESET: "tiny", "seed": seed} for seed in ("5", "2")]
    assert [int(one.hits["visual"].sum()) for one in found] == [30, 12]
    assert [len(one.documents.nats) for one in found] == [14, 11]
    assert found[0].documents.nats_per_token().value == pytest.approx(9.0, abs=0.05)
    assert found[0].questions.questions[:2] == ("q000", "q001") and len(found[1].questions.images) == 40


def test_runs_of_an_earlier_part_are_handed_on_before_its_own(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / "a", 12)]
    first = scored("mix0", answers, models[:1])
    both = scored("mix6", answers, models[2:3], first).scores()
    assert [run.labels[RECIPE] for run in both] == ["mix0", "mix6"]
    assert [run.documents.nats_per_token().value for run in both] == pytest.approx([4.0, 5.0], abs=0.05)


def test_what_is_drawn_and_tested_changes_no_score() -> None:
    settings = {"labels_in_common": {RECIPE: "mix0"}, "pretrained": {}}
    drawn = ScoreConfig.parse({"compare": {"title": "Two", "axes": AXES}}, **settings)
    assert drawn.settings() == ScoreConfig(**settings).settings() == settings


def test_a_language_model_of_another_study_is_refused(
    answers_of: MakeAnswers, models: list[Path], pretrained_of: Callable[..., Any], tmp_path: Path
) -> None:
    config = ScoreConfig(labels_in_common={RECIPE: "mix0"}, pretrained=pretrained_of(models[0]))
    with pytest.raises(ArtifactError, match="no language model of this study"):
        build_compare_part(config, [answers_of(tmp_path / "a", 12)], models[1:2], tmp_path / "scored")


def test_answers_that_no_language_model_stands_for_are_refused(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / str(right), right) for right in (12, 30)]
    with pytest.raises(ConfigError, match="2 sets of answers, but 1 language models"):
        scored("mix0", answers, models[:1])


def test_the_same_run_twice_is_refused(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    part = scored("mix0", [answers_of(tmp_path / "a", 12)], models[:1])
    with pytest.raises(ArtifactError, match="two runs of the study have the same labels: mixture.recipe=mix0"):
        compared(tmp_path, part, part)


def test_runs_that_were_evaluated_on_other_questions_are_refused(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    answers = [answers_of(tmp_path / "a", 12), answers_of(tmp_path / "b", 12, questions=38)]
    with pytest.raises(ArtifactError, match="evaluated on other questions"):
        compared(tmp_path, scored("mix0", answers, models[:2]))


def test_answers_outside_of_the_headline_mean_are_refused(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    answers = answers_of(tmp_path / "a", 12, categories=("Existence", "Existence"))
    with pytest.raises(ArtifactError, match="no test question of the headline mean of suite 'scenes'"):
        scored("mix0", [answers], models[:1])


def test_every_suite_has_its_own_mean_by_its_own_rule(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    """Of nine questions five are right, and the one of a rare family weighs no more than the others."""
    scores = compared(tmp_path, scored("mix0", [answers_of(tmp_path / "a", 12, more=9)], models[:1]))
    table = scores.scores()
    assert table["suites"]["scenes"] == {"questions": 40, "images": 20, "chance": 0.25}
    assert table["suites"]["mine"] == {"questions": 9, "images": 9, "chance": 0.5}
    (group,) = table["groups"]
    assert group["suites"]["scenes"]["visual"]["value"] == pytest.approx(12 / 40)
    assert group["suites"]["mine"]["visual"]["value"] == pytest.approx(5 / 9)
    assert list(group["suites"]["mine"]["categories"]) == ["Other"]
    rows = [line.split(",")[4:7] for line in (scores.path / "scores.csv").read_text().splitlines()]
    assert rows[:4] == [
        ["suite", "category", "family"], ["scenes", "", ""], ["scenes", "General", ""], ["scenes", "Knowledge", ""]
    ]  # fmt: skip
    assert rows[4:] == [
        ["scenes", "", "family0"], ["scenes", "", "family1"], ["mine", "", ""], ["mine", "Other", ""]
    ]  # fmt: skip


def test_the_scores_are_plain_json_and_the_figures_are_drawn(
    answers_of: MakeAnswers, models: list[Path], scored: Callable[..., RunScores], tmp_path: Path
) -> None:
    figure = {"kind": "bars", "title": "By recipe", "x": RECIPE, "series": PRESET, "measure": "visual"}
    part = scored("mix0", [answers_of(tmp_path / "a", 12)], models[:1])
    scores = compared(tmp_path, part, figures={"accuracy": figure})
    found = json.loads((scores.path / "scores.json").read_text())
    assert found["groups"][0]["seeds"] == 1 and found["figures"] == {"accuracy": "By recipe"}
    assert [path.name for path in scores.figures()] == ["accuracy.svg"]
    assert "mix0" in scores.figures()[0].read_text()


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ({"x": "mixture.recip"}, "Did you mean 'mixture.recipe'"),
        ({"x": RECIPE, "series": RECIPE}, "uses one axis twice"),
        ({"x": RECIPE}, "says nothing of the axes pretrain.preset"),
        ({"x": RECIPE, "where": {PRESET: "tinny"}}, "Did you mean 'tiny'"),
        ({"x": RECIPE, "where": {PRESET: "tiny"}, "kind": "grid"}, "needs an axis for its rows"),
        ({"x": RECIPE, "where": {PRESET: "tiny"}, "measure": "seen"}, "figures.accuracy.measure"),
        (
            {"x": RECIPE, "where": {PRESET: "tiny"},
             "paper": {"source": "LSBS", "measure": "%", "rows": [{"mixture.size": "a", "value": 1.0}]}},
            "axis of the paper's numbers",
        ),
    ],
)  # fmt: skip
def test_a_figure_over_what_is_not_there_is_refused(figure: dict[str, Any], words: str) -> None:
    stated = {"kind": "lines", "title": "t", "measure": "visual", **figure}
    with pytest.raises(ConfigError, match=words):
        CompareConfig.parse({"compare": {"axes": AXES, "figures": {"accuracy": stated}}})


@pytest.mark.parametrize(
    ("contrast", "words"),
    [
        ({"axis": "seed", "baseline": "0"}, "unknown axis of a contrast 'seed'"),
        ({"axis": RECIPE, "baseline": "mix1"}, "unknown label of mixture.recipe"),
        ({"axis": RECIPE, "pairs": [["mix0", "mix66"]]}, "Did you mean 'mix6'"),
        ({"axis": RECIPE}, "either a baseline or pairs"),
        ({"axis": RECIPE, "baseline": "mix0", "pairs": [["mix0", "mix6"]]}, "either a baseline or pairs"),
    ],
)
def test_a_contrast_of_what_is_not_there_is_refused(contrast: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        CompareConfig.parse({"compare": {"axes": AXES, "contrasts": [contrast]}})
