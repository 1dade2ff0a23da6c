"""Recipes on a labelled corpus: shares that are met, cells that hold the right text, refusals in words."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import (
    LABELS,
    Labels,
    SegmentLabels,
    Version,
    labels_table,
    statistics_table,
    write_partition,
)
from inkling.components.label.shares import write_shares
from inkling.components.mixture import cells
from inkling.components.mixture.cells import Cell, base_of, pooled
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.grid import TABLE_1, grid
from inkling.components.mixture.placing import placed
from inkling.components.mixture.portions import Portions, portions
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance

VERSION = Version(date(2026, 1, 1), "test")
CARRIED = {
    "code": ["code", "code", "code+math", "math", "", "", "", "", "", "code"],
    "food": ["concept", "concept", "concept+attribute", "", "", "", "concept", "", "concept", ""],
}
"""What each segment of a source carries; every document has one segment, the last of each source is held out."""
WORDS = 5_000


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Labels]:
    path = tmp_path_factory.mktemp("portions")
    (path / "corpus").mkdir()
    (path / "labels").mkdir()
    for source, carried in CARRIED.items():
        splits = ["train"] * 9 + ["heldout"]
        segments = [
            Segment(source, f"{source}:{index}", 0, f"{source} {index}\n", WORDS, "MIT", split)
            for index, split in enumerate(splits)
        ]
        write_segments(path / "corpus", source, segments)
        flags = np.array([[label in names.split("+") for label in LABELS] for names in carried])
        rows = labels_table(source, VERSION, SegmentLabels([s.document for s in segments], [0] * 10, flags))
        write_partition(path / "labels", source, 0, rows, statistics_table(segments, VERSION.date))
    summary = SourceSummary("real", "words", 10 * WORDS, 10, 1, 10, ["MIT"], {})
    write_sources(path / "corpus", dict.fromkeys(CARRIED, summary))
    Manifest.describe(path / "corpus", "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path / "corpus")
    corpus = Corpus.open(path / "corpus")
    write_shares(path / "labels", [VERSION], {"code": 10, "food": 10}, {"code": {}, "food": {}}, {})
    origin = Provenance("label", "", "", {}, {}, {"corpus": corpus.digest})
    Manifest.describe(path / "labels", "Labels", Labels.schema, origin).write(path / "labels")
    return corpus, Labels.open(path / "labels")


def mix(labelled: tuple[Corpus, Labels], recipe: Any) -> Portions:
    return portions(MixtureConfig.model_validate({"recipe": recipe}).recipe, *labelled)


def test_one_label_has_its_share_and_the_rest_stays_in_proportion(labelled: tuple[Corpus, Labels]) -> None:
    mixed = mix(labelled, {"labels": {"code": 0.6}})
    assert mixed.weights == pytest.approx({"code.code": 0.6, "code.other": 0.4 * 6 / 15, "food.other": 0.4 * 9 / 15})
    assert mixed.cells["code.code"].words == {"code": 3 * WORDS}
    taken = [(place, one.document) for batch in placed(labelled[0], mixed, "code") for place, one in batch]
    assert [document for place, document in taken if place == ("train", "code.code")] == ["code:0", "code:1", "code:2"]
    assert taken[-1] == (("heldout", "code"), "code:9")


def test_a_grid_cell_is_met_and_reported(labelled: tuple[Corpus, Labels]) -> None:
    solution = mix(labelled, {"labels": {"reasoning": 0.6, "visual": 0.15}}).solution
    assert solution is not None
    assert solution.achieved["reasoning"] == pytest.approx(0.6)
    assert solution.achieved["visual"] == pytest.approx(0.15)
    assert solution.achieved["code"] == pytest.approx(0.6 * 3 / 4)
    assert sum(solution.sources.values()) == pytest.approx(1)
    assert solution.pool_words == 18 * WORDS
    assert 0 < solution.effective_words < 18 * WORDS
    assert solution.divergence > 0


def test_the_shares_of_the_corpus_itself_cost_nothing(labelled: tuple[Corpus, Labels]) -> None:
    solution = mix(labelled, {"labels": {"code": 3 / 18}}).solution
    assert solution is not None
    assert solution.divergence == pytest.approx(0, abs=1e-9)
    assert solution.effective_words == pytest.approx(18 * WORDS)
    assert solution.sources == pytest.approx({"code": 0.5, "food": 0.5})


def test_a_base_of_sources_holds_within_what_the_labels_leave_free(labelled: tuple[Corpus, Labels]) -> None:
    mixed = mix(labelled, {"labels": {"math": 0.5}, "base": {"code": 0.2, "food": 0.8}})
    free = {name: weight for name, weight in mixed.weights.items() if name.endswith(".other")}
    assert free["food.other"] / free["code.other"] == pytest.approx(0.8 / (0.2 * 7 / 9))


@given(st.floats(0, 1))
def test_a_path_is_straight(labelled: tuple[Corpus, Labels], at: float) -> None:
    ends = [{"labels": {"visual": 0.1}}, {"labels": {"visual": 0.7}}]
    solution = mix(labelled, {"path": ends, "at": at}).solution
    assert solution is not None
    assert solution.achieved["visual"] == pytest.approx(0.1 + 0.6 * at)


def test_a_path_between_sources_needs_no_labels(labelled: tuple[Corpus, Labels]) -> None:
    mixed = portions(
        MixtureConfig.model_validate({"recipe": {"path": ["code", "food"], "at": 0.25}}).recipe, labelled[0], None
    )
    assert mixed.weights == pytest.approx({"code": 0.75, "food": 0.25})
    assert mixed.solution is None


def test_an_end_by_sources_on_a_path_to_labels(labelled: tuple[Corpus, Labels]) -> None:
    solution = mix(labelled, {"path": ["food", {"labels": {"math": 1.0}}], "at": 0.5}).solution
    assert solution is not None
    assert solution.sources == pytest.approx({"code": 0.5, "food": 0.5})
    assert solution.achieved["math"] == pytest.approx(0.5)


def test_the_infeasible_is_refused_with_the_nearest(labelled: tuple[Corpus, Labels]) -> None:
    with pytest.raises(ConfigError, match=r"the nearest that one has: \{code: 0\.6500, visual: 0\.3500\}"):
        mix(labelled, {"labels": {"code": 0.8, "visual": 0.5}})
    with pytest.raises(ConfigError, match=r"nearest that one has: \{science: 0\.0000\}"):
        mix(labelled, {"labels": {"science": 0.1}})


def test_missing_labels_are_refused_with_what_to_do(labelled: tuple[Corpus, Labels]) -> None:
    recipe = MixtureConfig.model_validate({"recipe": {"labels": {"code": 0.5}}}).recipe
    with pytest.raises(ConfigError, match=r"the recipe 'code 0\.5' names labels: label the corpus"):
        portions(recipe, labelled[0], None)


def test_repetition_over_the_limit_is_refused_by_name(labelled: tuple[Corpus, Labels]) -> None:
    mixed = mix(labelled, {"labels": {"math": 1.0}})
    assert mixed.repetitions(100_000) == pytest.approx({"code.math": 10.0})
    mixed.check_repetition(100_000, 10.0)
    with pytest.raises(ConfigError, match=r"'code\.math' would be repeated for 10\.0 epochs in 100,000 tokens"):
        mixed.check_repetition(100_000, 9.0)


def test_labels_in_another_order_are_refused(labelled: tuple[Corpus, Labels], monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, labels = labelled
    found = labels.of("code")
    shuffled = SegmentLabels(found.documents[::-1], found.segments, found.flags)
    monkeypatch.setattr(Labels, "batches", lambda self, source: iter([shuffled]))
    with pytest.raises(ArtifactError, match="labels are not those of the segments of 'code'"):
        mix((corpus, labels), {"labels": {"code": 0.5}})


def test_the_grid_is_the_papers_and_says_what_cannot_be_met(labelled: tuple[Corpus, Labels]) -> None:
    assert len(TABLE_1) == 30
    found = grid(*labelled, 90_000)
    assert [(cell.reasoning, cell.visual) for cell in found] == list(TABLE_1)
    met = {(cell.reasoning, cell.visual): cell.repetition for cell in found}
    assert met[60, 15] == pytest.approx(0.6 * 90_000 / (4 * WORDS))
    assert None not in met.values()


def test_a_source_with_too_little_text_for_a_shard_is_refused() -> None:
    kept = [Cell("code", (False,), {"code": 9_000}, np.zeros(8, np.int64))]
    with pytest.raises(ConfigError, match="'law' has too little training text"):
        base_of(kept, {"code": 0.5, "law": 0.5})


def test_a_corpus_without_a_cell_is_refused_with_its_words(
    labelled: tuple[Corpus, Labels], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "SMALLEST", 1_000_000)
    with pytest.raises(ConfigError, match="too little text: no cell") as said:
        portions(MixtureConfig.model_validate({"recipe": {"labels": {"visual": 0.1}}}).recipe, *labelled)
    assert "there are: code.other 45,000, food.other 20,000, food.visual 25,000" in str(said.value)
    assert {cell.repetition for cell in grid(*labelled, 100_000)} == {None}


CELLS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.booleans(), st.integers(1, 9_000)), unique_by=lambda c: c[:2]
)


@given(CELLS)
def test_pooling_keeps_all_text_but_patterns_too_small_for_a_shard(drawn: list[tuple[str, bool, int]]) -> None:
    before = [Cell(source, (carried,), {source: words}, np.zeros(8, np.int64)) for source, carried, words in drawn]
    after = pooled(before)
    assert all(cell.total >= cells.SMALLEST for cell in after)
    assert len({cell.name(["x"]) for cell in after}) == len(after)
    for carried in (False, True):
        total = sum(cell.total for cell in before if cell.carried == (carried,))
        kept = sum(cell.total for cell in after if cell.carried == (carried,))
        assert kept == (total if total >= cells.SMALLEST else 0)
