"""Agreement: weights undo the strata, intervals go by document and cover the truth."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from inkling.components.artifacts.labels import FAMILIES, LABELS
from inkling.components.label.audit import compare
from inkling.components.label.audit_page import cells, headings, page
from inkling.components.label.audit_sample import Drawn


def segment(
    flags: tuple[bool, ...], document: str = "a", weight: float = 1.0, stratum: str = "s", text: str = "text"
) -> Drawn:
    return Drawn("law", document, 0, text, stratum, weight, flags)


def only(flag: bool) -> tuple[bool, ...]:
    """Flags of a segment that carries code or nothing."""
    return (flag, False, False, False, False, False)


def test_weights_make_it_the_corpus() -> None:
    """A stratum of 900 where 1 of 3 agrees and one of 100 where all of 2 do: 0.9 / 3 + 0.1."""
    sample = [segment(only(True), f"d{i}", 300, "law/code") for i in range(3)]
    sample += [segment(only(False), f"e{i}", 50, "law/none") for i in range(2)]
    second = np.array([only(True), only(False), only(False), only(False), only(False)])
    code = compare(sample, second, seed=0)[0]
    assert code.label == "code"
    assert code.agreement.value == pytest.approx(0.4)
    assert (code.first, code.second) == (pytest.approx(0.9), pytest.approx(0.3))
    assert code.counts == (1, 2, 0, 2)


def test_families_are_compared_as_families() -> None:
    sample = [segment((True, False, False, False, False, False), str(i)) for i in range(4)]
    second = np.array([(False, True, False, False, False, False)] * 4)
    found = {row.label: row for row in compare(sample, second, seed=0)}
    assert list(found) == [*LABELS, *FAMILIES]
    assert found["code"].agreement.value == 0
    assert found["reasoning"].agreement.value == 1
    assert found["visual"].kappa.value is None


def test_segments_of_a_document_count_as_one_when_it_comes_to_error() -> None:
    random = np.random.default_rng(0)
    first = random.random(30) < 0.5
    second = np.where(random.random(30) < 0.3, ~first, first)
    alone = [segment(only(bool(flag)), f"{i}") for i, flag in enumerate(first)]
    copied = [segment(only(bool(flag)), f"{i % 30}") for i, flag in enumerate(np.tile(first, 4))]
    reading = np.array([only(bool(flag)) for flag in second])
    narrow = compare(alone, reading, seed=0)[0]
    same = compare(copied, np.tile(reading, (4, 1)), seed=0)[0]
    assert same.kappa.value == pytest.approx(narrow.kappa.value)
    assert (same.kappa.low, same.kappa.high) == pytest.approx((narrow.kappa.low, narrow.kappa.high))


def test_intervals_cover_the_corpus() -> None:
    """Of 40 stratified samples of a made corpus most have the corpus's kappa in their interval, and its mean is it."""
    random = np.random.default_rng(1)
    truth = random.random(4_000) < 0.2
    second = np.where(random.random(4_000) < 0.15, ~truth, truth)
    whole = cohen_kappa_score(truth, second)
    inside, values = 0, []
    for seed in range(40):
        rows = [
            row for part in (True, False) for row in random.choice(np.flatnonzero(truth == part), 60, replace=False)
        ]
        weights = {True: truth.sum() / 60, False: (~truth).sum() / 60}
        sample = [
            segment(only(bool(truth[row])), str(row), float(weights[bool(truth[row])]), str(truth[row])) for row in rows
        ]
        found = compare(sample, np.array([only(bool(second[row])) for row in rows]), seed)[0].kappa
        assert found.value is not None and found.low is not None and found.high is not None
        inside += found.low <= whole <= found.high
        values.append(found.value)
    assert inside >= 34
    assert np.mean(values) == pytest.approx(whole, abs=0.03)


def test_the_same_seed_makes_the_same_interval() -> None:
    sample = [segment(only(i % 3 == 0), str(i)) for i in range(20)]
    second = np.array([only(i % 4 == 0) for i in range(20)])
    assert compare(sample, second, 3) == compare(sample, second, 3)
    assert compare(sample, second, 3) != compare(sample, second, 4)


@pytest.mark.parametrize("readings", [0, 1, 3])
def test_a_reading_too_many_or_too_few_is_refused(readings: int) -> None:
    sample = [segment(only(True))] * 2 if readings else []
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(sample, np.zeros((readings, 6), np.bool_), 0)


def test_the_page_shows_disagreements_and_runs_nothing() -> None:
    sample = [segment(only(True), "one", text="<script>alert(1)</script>"), segment(only(False), "two", text="agreed")]
    reading = np.zeros((2, 6), np.bool_)
    rows = compare(sample, reading, 0)
    shown = page(rows, sample, reading, "lexicon", "person", "what it means")
    assert "&lt;script&gt;alert(1)" in shown and "<script" not in shown
    assert "agreed" not in shown
    assert "code: only lexicon (1)" in shown and "code: only person (0)" in shown
    assert all(len(cells(row)) == len(headings("lexicon", "person")) for row in rows)
