"""Curves and ranks of a study: which lines there are, what is said of them and in which words."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inkling.components.compare.analysis.curves import curves
from inkling.components.compare.analysis.ranks import language_ranks, ranks
from inkling.components.compare.analysis.sentences import sentences
from inkling.components.compare.groups import Group
from inkling.components.compare.measures import RunMeans, ScoreCell
from inkling.components.shared.statistics.losses import DocumentLosses, Mean

AXES = {"label": ["reasoning", "visual"], "share": ["0", "50", "100", "no pretraining"], "seed": ["0", "1", "2"]}
EMPTY: dict[str, list[Any]] = {
    "curves": [],
    "ranks": [],
    "correlations": [],
    "scaling": [],
    "mixture_laws": [],
    "verdicts": [],
}
CELL = ScoreCell("scenes", None, "visual")


def made(truth: dict[tuple[str, str], float], seeds: int = 3, spread: float = 0.004) -> tuple[RunMeans, list[Group]]:
    """Runs with these scores, by label and share, that differ a little by seed and image."""
    random = np.random.default_rng(0)
    groups = [
        Group((("label", label), ("share", share)), {str(seed): seeds * number + seed for seed in range(seeds)})
        for number, (label, share) in enumerate(truth)
    ]
    values = np.repeat(list(truth.values()), seeds) + spread * random.normal(size=seeds * len(truth))
    influences = 0.0005 * random.normal(size=(len(values), 60))
    return RunMeans(values, influences, 1e-6, 0.0, 120, 60), groups


TRUTH = {
    ("reasoning", "0"): 0.3, ("reasoning", "100"): 0.45, ("reasoning", "50"): 0.5,
    ("visual", "0"): 0.3, ("visual", "50"): 0.5, ("visual", "100"): 0.505,
    ("no pretraining", "no pretraining"): 0.25,
}  # fmt: skip


def test_a_line_along_an_axis_of_numbers_is_read_in_their_order() -> None:
    means, groups = made(TRUTH)
    reasoning, visual = curves(AXES, CELL, means, groups, 0.03)
    assert (reasoning["axis"], reasoning["where"]) == ("share", {"label": "reasoning"})
    assert reasoning["labels"] == ["0", "50", "100"]
    assert (reasoning["shape"], reasoning["best"], reasoning["may_be_best"]) == ("peak", "50", ["50"])
    assert (visual["shape"], visual["stops_from"], visual["stops_by"]) == ("rises", "50", "50")
    assert curves(AXES, ScoreCell("scenes", None, "blind"), means, groups, 0.03) == []


def test_ranks_are_settled_where_groups_are_apart() -> None:
    means, groups = made(TRUTH)
    found = ranks(CELL, means, groups)
    assert found is not None
    by_rank = sorted(found["groups"], key=lambda group: group["rank"])
    assert [group["rank"] for group in by_rank] == list(range(1, 8))
    assert by_rank[-1]["labels"]["share"] == "no pretraining" and by_rank[-1]["first"] == by_rank[-1]["last"] == 7
    assert by_rank[0]["last"] >= 2 and found["agreement"]["value"] > 0.7
    assert ranks(CELL, means, groups[:1]) is None


def test_language_is_ranked_by_its_loss_whatever_documents_were_held_out() -> None:
    documents = [
        DocumentLosses(("law",) * n, tuple(range(n)), np.full(n, 9), np.full(n, 9.0), np.full(n, 9.0)) for n in (4, 6)
    ]
    _, groups = made({("a", "0"): 0.0, ("a", "50"): 0.0, ("a", "100"): 0.0}, seeds=2)
    runs = [SimpleNamespace(documents=documents[number // 4]) for number in range(6)]
    costs = [2.0 + (number // 2) / 10 + number % 2 / 1e4 for number in range(6)]
    losses = [
        {"bits_per_byte": Mean(cost, np.full(len(run.documents.tokens), 1e-3), True)}
        for cost, run in zip(costs, runs, strict=True)
    ]
    found = language_ranks(runs, losses, groups)
    assert found is not None and [(one["rank"], one["first"], one["last"]) for one in found["groups"]] == [
        (1, 1, 1), (2, 2, 2), (3, 3, 3)
    ]  # fmt: skip
    (said,) = sentences({"analysis": {**EMPTY, "ranks": [found]}, "contrasts": []})
    assert said.startswith("bits per byte of held-out text: a, share 0 ranks first, 1 of 3 may; 3 ranks are settled")
    alone = [{"bits_per_byte": Mean(2.0, np.zeros(len(run.documents.tokens)), False)} for run in runs]
    assert language_ranks(runs, alone, groups) is None


def test_what_follows_is_said_in_words() -> None:
    means, groups = made(TRUTH)
    analysis = {**EMPTY, "curves": curves(AXES, CELL, means, groups, 0.03), "ranks": [ranks(CELL, means, groups)]}
    peak, rise, order = sentences({"analysis": analysis, "contrasts": []})
    assert peak.startswith("share (reasoning), scenes, right answers with the image: a peak at 50 (no other may be)")
    assert "rises from 0, and no peak is shown before 100; it stops rising by more than 3 points at 50." in rise
    assert "2 of 7 may; 2 ranks are settled; Kendall's tau" in order
    flat = {("a", share): 0.3 for share in ("0", "50", "100")}
    means, groups = made(flat, seeds=1)
    analysis = {**EMPTY, "curves": curves(AXES, CELL, means, groups, 0.2), "ranks": []}
    (said,) = sentences({"analysis": analysis, "contrasts": []})
    assert "stops rising by more than 20 points by 0 (one seed: of these runs only)" in said
    analysis = {
        **EMPTY,
        "curves": curves(AXES, ScoreCell("scenes", "General", "visual"), means, groups, 0.0),
        "ranks": [],
    }
    of_category = {"analysis": analysis, "contrasts": []}
    assert list(sentences(of_category)) == [] and "General" in next(sentences(of_category, categories=True))


def test_a_contrast_says_how_many_seeds_would_settle_it() -> None:
    power = {"needed": 7, "smallest": 0.05, "limit": 0.021}
    test = {"value": 0.03, "low": -0.01, "high": 0.07, "power": power}
    row = {"axis": "r", "first": "b", "second": "a", "where": {"p": "tiny"}, "suites": {"scenes": {"visual": test}}}
    (said,) = sentences({"analysis": EMPTY, "contrasts": [row]})
    assert said.startswith(
        "b against a (tiny), scenes, with the image: not settled; a difference of 5.0 points would be"
    )
    assert "the one observed by 7 seeds; on these questions no number of seeds finds less than 2.1 points." in said
    test |= {"low": 0.01, "power": {**power, "needed": None}}
    assert "with the image: settled; a" in next(sentences({"analysis": EMPTY, "contrasts": [row]}))
    test |= {"adjusted": 0.113}
    assert "shown alone, not once corrected for the other contrasts (p 0.113); a difference" in next(
        sentences({"analysis": EMPTY, "contrasts": [row]})
    )


def test_thousands_and_millions_are_numbers() -> None:
    means, groups = made({("x", label): 0.3 for label in ("1.6M", "0", "200K", "0.4M")})
    (row,) = curves({"share": ["0", "200K", "0.4M", "1.6M"]}, CELL, means, groups, 0.01)
    assert row["labels"] == ["0", "200K", "0.4M", "1.6M"]


@pytest.mark.parametrize("labels", [["a", "b", "M"], ["1", "2"]])
def test_no_curve_is_read_along_names_or_of_two_points(labels: list[str]) -> None:
    means, groups = made({("x", label): 0.3 for label in labels})
    assert curves({"share": labels}, CELL, means, groups, 0.01) == []
