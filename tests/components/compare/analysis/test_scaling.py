"""Laws along tokens and sizes: they are found again, predict what was left out, and beat no law where there is one."""

from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.run_scores import QuestionSet, RunScore
from inkling.components.compare.analysis.correlations import correlations
from inkling.components.compare.analysis.scaling import scaling
from inkling.components.compare.analysis.sentences import sentences
from inkling.components.compare.config import Measure
from inkling.components.compare.groups import groups_of
from inkling.components.compare.measures import RunMeans, ScoreCell, losses
from inkling.components.shared.statistics.losses import DocumentLosses
from inkling.models.sequence.views import VIEWS

BUDGETS = (1_000, 2_000, 4_000, 8_000, 16_000)
QUESTIONS = QuestionSet(("s",), ("q",), ("i",), ("c",), ("",), (True,), (0.25,))
CELL = ScoreCell("scenes", None, "visual")


def runs_of(seeds: int = 3, noise: float = 0.01, exponent: float = 0.1) -> list[RunScore]:
    """Runs whose loss follows a power law of the tokens, in documents of the same text."""
    random, found = np.random.default_rng(0), []
    tokens = np.arange(100, 160)
    for budget in BUDGETS:
        for seed in range(seeds):
            nats = 8 * budget**-exponent * (1 + noise * random.normal())
            costs = tokens * nats * (1 + 0.02 * np.sin(np.arange(60)))
            documents = DocumentLosses(("code",) * 60, tuple(range(60)), tokens, 4.0 * tokens, costs)
            labels = {"mixture.recipe": "mix6", "pretrain.token_budget": str(budget), "seed": str(seed)}
            hits = {view: np.array([True]) for view in VIEWS}
            found.append(RunScore(labels, 16, QUESTIONS, hits, documents, (), budget))
    return found


def measured(runs: list[RunScore], gain: float, noise: float) -> RunMeans:
    random = np.random.default_rng(1)
    values = 0.3 + gain * np.log2([run.tokens / BUDGETS[0] for run in runs]) + noise * random.normal(size=len(runs))
    return RunMeans(values, 0.0005 * random.normal(size=(len(runs), 80)), 1e-7, 0.0, 100, 80)


def laws(seeds: int = 3) -> list[dict[str, Any]]:
    runs = runs_of(seeds)
    means = {CELL: measured(runs, 0.02, 0.002)}
    return scaling(means, runs, groups_of(runs), [losses(run) for run in runs])


def test_a_law_predicts_the_largest_and_no_law_does_not() -> None:
    loss, score = laws()
    assert loss["measure"] == "nats_per_token" and loss["amounts"] == [float(budget) for budget in BUDGETS]
    assert loss["slope"]["low"] < 0.1 < loss["slope"]["high"] and loss["slope"]["value"] == pytest.approx(0.1, abs=0.02)
    assert loss["value"] == pytest.approx(8 * 16_000**-0.1, rel=0.03)
    assert loss["error"]["low"] < 0 < loss["error"]["high"] and abs(loss["error"]["value"]) < 0.03
    assert loss["error_of_none"]["value"] == pytest.approx(np.log(2) * 0.1, abs=0.02)
    assert score["slope"]["low"] < 0.02 < score["slope"]["high"]
    assert abs(score["error"]["value"]) < 0.01 and score["error_of_none"]["high"] < 0


def test_the_exponents_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Seeds are drawn anew; three of them have Student's quantile of two degrees of freedom."""
    held = []
    for seed in range(100):
        random = np.random.default_rng(seed)
        runs = runs_of(noise=0.0)
        means = {CELL: RunMeans(
            0.3 + 0.02 * np.log2([run.tokens / BUDGETS[0] for run in runs]) + 0.01 * random.normal(size=len(runs)),
            np.zeros((len(runs), 4)), 0.0, 0.0, 10, 4)}  # fmt: skip
        score = scaling(means, runs, groups_of(runs), [losses(run) for run in runs])[1]
        held.append(score["slope"]["low"] <= 0.02 <= score["slope"]["high"])
    assert 0.88 <= np.mean(held) <= 1.0


def test_no_law_is_fitted_to_three_points_or_to_other_text() -> None:
    runs = runs_of()[:9]
    assert scaling({}, runs, groups_of(runs), [losses(run) for run in runs]) == []


def test_categories_are_correlated_over_groups_and_at_the_same_loss() -> None:
    random = np.random.default_rng(3)
    runs = [
        RunScore({"mixture.recipe": f"m{number}", "seed": "0"}, 1, QUESTIONS, {}, runs_of(1)[0].documents)
        for number in range(12)
    ]
    shared = random.normal(size=12)
    groups = groups_of(runs)
    rows = [{"heldout": {"bits_per_byte": {"value": float(loss)}}} for loss in random.normal(size=12)]
    view: Measure = "visual"
    values = {"A": shared, "B": shared + 0.1 * random.normal(size=12), "C": random.normal(size=12)}
    cells = {
        ScoreCell("scenes", name, view): RunMeans(one, np.zeros((12, 3)), 0.0, 0.0, 10, 3)
        for name, one in values.items()
    }
    found = {(row["first"], row["second"]): row for row in correlations(cells, groups, rows)}
    assert found["A", "B"]["plain"]["value"] > 0.9 and found["A", "B"]["partial"]["adjusted"] < 0.05
    assert found["A", "C"]["plain"]["adjusted"] > 0.05
    assert found["A", "bits_per_byte"]["partial"] is None
    empty: dict[str, list[Any]] = {"curves": [], "ranks": [], "mixture_laws": [], "verdicts": []}
    analysis = {**empty, "correlations": list(found.values()), "scaling": laws()}
    said = list(sentences({"analysis": analysis, "contrasts": []}))
    assert any(line.startswith("scenes, A and B: rank correlation +") for line in said)
    assert any("of 16,000, which was left out" in line and "points a doubling" in line for line in said)
    assert any("nats per token: exponent 0.1" in line for line in said)
