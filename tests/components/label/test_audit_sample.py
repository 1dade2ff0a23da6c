"""The sample: every segment is in one stratum, weights add up to the corpus, the seed decides."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS, Labels
from inkling.components.label.audit_sample import draw
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig

COUNTS = {"code": (40, 10), "law": (3, 30)}


@pytest.fixture
def labelled(make_corpus: Callable[..., Corpus], code: str, prose: str, tmp_path: Path) -> tuple[Corpus, Labels]:
    texts = {source: [code] * first + [prose] * second for source, (first, second) in COUNTS.items()}
    corpus = make_corpus(tmp_path / "corpus", texts)
    return corpus, build_labels(LabelConfig(), corpus.path, tmp_path / "labels")


def test_weights_add_up_to_the_corpus(labelled: tuple[Corpus, Labels]) -> None:
    sample = draw(*labelled, count=5, seed=0)
    for source, counts in COUNTS.items():
        assert sum(one.weight for one in sample if one.source == source) == pytest.approx(sum(counts))
    drawn = Counter(one.stratum for one in sample)
    assert set(drawn.values()) == {5, 3}
    assert sum(drawn.values()) == 18
    assert {one.weight for one in sample} == {8.0, 2.0, 1.0, 6.0}


def test_each_segment_carries_its_own_text_and_flags(labelled: tuple[Corpus, Labels], code: str) -> None:
    corpus, labels = labelled
    for one in draw(corpus, labels, count=5, seed=0):
        texts = {(segment.document, segment.segment): segment.text for segment in corpus.segments(one.source)}
        assert one.text == texts[one.document, one.segment]
        assert one.flags[LABELS.index("code")] == (one.text == code)


def test_the_stratum_is_that_of_the_rarest_label(labelled: tuple[Corpus, Labels]) -> None:
    flags = [labelled[1].of(source).flags for source in COUNTS]
    common = sum(part.sum(axis=0) for part in flags)
    for one in draw(*labelled, count=50, seed=0):
        name = one.stratum.split("/")[1]
        carried = [label for label, flag in zip(LABELS, one.flags, strict=True) if flag]
        assert (name == "none") == (not carried)
        assert not carried or common[LABELS.index(name)] == min(common[LABELS.index(label)] for label in carried)


def test_the_seed_decides(labelled: tuple[Corpus, Labels]) -> None:
    assert draw(*labelled, count=5, seed=0) == draw(*labelled, count=5, seed=0)
    assert draw(*labelled, count=5, seed=0) != draw(*labelled, count=5, seed=1)
