"""The law of mixtures: along which axes texts differ, what counts as a text, and that all recipes are used."""

import numpy as np

from inkling.components.artifacts.run_scores import QuestionSet, RunScore
from inkling.components.compare.analysis.mixtures import mixture_laws
from inkling.components.compare.analysis.sentences import statements
from inkling.components.compare.groups import groups_of
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.losses import DocumentLosses

CELL = ScoreCell("scenes", None, "visual")
QUESTIONS = QuestionSet(("scenes",), ("q",), ("i",), ("General",), ("",), (True,), (0.25,))
DOCUMENTS = DocumentLosses(("code",), (0,), np.array([9]), np.array([9.0]), np.array([9.0]))


def run(labels: dict[str, str], shares: dict[str, float]) -> RunScore:
    hits = {view: np.array([True]) for view in ("visual", "blind", "mismatched")}
    return RunScore(labels, 1_000, QUESTIONS, hits, DOCUMENTS, (), 1_000, shares)  # type: ignore[arg-type]


def grid(by_labels: bool) -> list[RunScore]:
    """Three shares of reasoning by three of visual text, under two encoders, and the no-pretraining baseline."""
    runs = []
    for encoder in ("one", "two"):
        for reasoning in (0.2, 0.4, 0.6):
            for visual in (0.1, 0.2, 0.3):
                parts = {"reasoning": reasoning, "visual": visual, "other": 1 - reasoning - visual}
                shares = (
                    {f"{source}.{part}": share / 2 for part, share in parts.items() for source in ("code", "law")}
                    if by_labels
                    else {"code": reasoning, "law": 1 - reasoning}
                )
                labels = {"reasoning": f"{reasoning}", "visual": f"{visual}", "encoder": encoder}
                runs.append(run(labels, shares))
        runs.append(run({"reasoning": "no pretraining", "visual": "no pretraining", "encoder": encoder}, {}))
    return runs


def scored(runs: list[RunScore]) -> RunMeans:
    parts = [(one.shares.get("code.reasoning", 0.0), one.shares.get("code.visual", 0.0)) for one in runs]
    values = np.array([0.3 + 0.2 * reasoning + 0.1 * visual for reasoning, visual in parts])
    return RunMeans(values, np.zeros((len(runs), 3)), 0.0, 0.0, 3, 3)


def test_recipes_by_labels_are_told_apart_by_labels_along_any_axis_of_the_text() -> None:
    runs = grid(by_labels=True)
    first, second = mixture_laws({CELL: scored(runs)}, runs, groups_of(runs))
    assert (first["where"], second["where"]) == ({"encoder": "one"}, {"encoder": "two"})
    assert first["texts"] == ["other", "reasoning", "visual"] and first["recipes"] == 9
    assert first["shown"] and first["error"]["law"] < 0.2 * first["error"]["nearest"]
    assert max(first["next"][0]["shares"], key=first["next"][0]["shares"].get) == "reasoning"
    empty = {key: [] for key in ("verdicts", "curves", "ranks", "correlations", "scaling")}
    ((said, _),) = statements({"analysis": {**empty, "mixture_laws": [first, second]}, "contrasts": []}).values()
    assert "(other: text with none of the labels that its recipe names); to run next, for a better score: " in said


def test_other_recipes_are_told_apart_by_sources_and_too_few_have_no_law() -> None:
    runs = grid(by_labels=False)
    assert mixture_laws({CELL: scored(runs)}, runs, groups_of(runs)) == [], "three recipes of sources"
    runs = [run({"mixture.recipe": f"mix{n}"}, {"code": n / 10, "law": 1 - n / 10}) for n in range(8)]
    runs.append(run({"mixture.recipe": "labels"}, {"code.reasoning": 0.9, "law.other": 0.1}))
    (law,) = mixture_laws({CELL: scored(runs)}, runs, groups_of(runs))
    assert law["texts"] == ["code", "law"] and law["recipes"] == 9 and law["where"] == {}
