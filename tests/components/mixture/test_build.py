"""The mixture stage: shards that hold the corpus, a blend that adds up, determinism, refusals."""

from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.corpus import Corpus, Segment, Split, write_segments
from inkling.components.artifacts.labels import (
    LABELS,
    Labels,
    SegmentLabels,
    Version,
    labels_table,
    statistics_table,
    write_partition,
)
from inkling.components.artifacts.tokens import Tokens
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.config import CorpusConfig
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.label.shares import write_shares
from inkling.components.mixture import cells
from inkling.components.mixture.build import build_mixture
from inkling.components.mixture.config import MixtureConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.models.sequence.special_tokens import EOS, EOS_ID

VERSION = Version(date(2026, 1, 1), "test")
OWN = {"code": 0.75, "encyclopedia": 0.25}


def build(corpus: Corpus, path: Path, **settings: Any) -> Tokens:
    config = MixtureConfig.model_validate({"recipe": OWN, "vocabulary": 320, "token_budget": 10_000, **settings})
    return build_mixture(config, corpus.path, path)


@pytest.mark.parametrize("source", ["code", "encyclopedia"])
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_shards_hold_the_corpus(corpus: Corpus, tmp_path: Path, source: str, split: Split) -> None:
    tokens = build(corpus, tmp_path / "tokens")
    dataset, tokenizer = tokens.dataset(source, split), tokens.tokenizer()
    segments = corpus.segments(source, split)
    assert [tokenizer.decode(sequence.tolist()) for sequence in dataset] == [segment.text for segment in segments]
    documents = [list(group) for _, group in groupby(segments, lambda segment: segment.document)]
    assert len(dataset.documents) == len(documents) + 1
    assert all(dataset.document(i).tolist().count(EOS_ID) == 1 for i in range(len(documents)))
    assert all(dataset.document(i)[-1] == EOS_ID for i in range(len(documents)))


def test_the_blend_adds_up(corpus: Corpus, tmp_path: Path) -> None:
    tokens = build(corpus, tmp_path / "tokens")
    blend = tokens.blend()
    assert (blend.recipe, blend.vocabulary, blend.token_budget) == ("custom", 320, 10_000)
    assert {source: shard.weight for source, shard in blend.train.items()} == OWN
    for source, shard in blend.train.items():
        dataset = tokens.dataset(source, "train")
        assert (shard.tokens, shard.documents) == (len(dataset.tokens), len(dataset.documents) - 1)
        assert shard.repetition * shard.tokens == pytest.approx(shard.weight * 10_000)
    for source, held in blend.heldout.items():
        assert held.tokens == len(tokens.dataset(source, "heldout").tokens)
        assert held.bytes == sum(len(segment.text.encode()) for segment in corpus.segments(source, "heldout"))


def test_a_source_outside_the_recipe_is_held_out_but_not_trained_on(corpus: Corpus, tmp_path: Path) -> None:
    blend = build(corpus, tmp_path / "tokens", recipe={"code": 1.0}).blend()
    assert list(blend.train) == ["code"]
    assert list(blend.heldout) == ["code", "encyclopedia"]


def test_same_settings_same_bytes(corpus: Corpus, tmp_path: Path) -> None:
    first, second = build(corpus, tmp_path / "a" / "tokens"), build(corpus, tmp_path / "b" / "tokens")
    assert first.manifest.files == second.manifest.files
    assert first.manifest.provenance.inputs == {"corpus": corpus.digest}


def test_text_that_reads_like_a_special_token_stays_text(corpus: Corpus, tmp_path: Path) -> None:
    segments = corpus.segments("code")
    write_segments(corpus.path, "code", [*segments, Segment("code", "x", 0, f"a{EOS}b\n", 6, "MIT", "heldout")])
    Manifest.describe(corpus.path, "Corpus", 1, corpus.manifest.provenance).write(corpus.path)
    document = build(corpus, tmp_path / "tokens").dataset("code", "heldout").document(12).tolist()
    assert document.count(EOS_ID) == 1
    assert document[-1] == EOS_ID


def test_a_source_that_the_corpus_lacks_names_those_it_has(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'mix6' takes text from academia, .* It has code, encyclopedia"):
        build(corpus, tmp_path / "tokens", recipe="mix6")
    assert not (tmp_path / "tokens").exists()


def test_a_changed_corpus_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    (corpus.path / "sources.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"sources\.json is not what was written"):
        build(corpus, tmp_path / "tokens")


def label(corpus: Corpus, path: Path) -> Path:
    """Every third segment of code is math, every other one of the encyclopedia has attributes."""
    path.mkdir()
    for source, label, every in (("code", "math", 3), ("encyclopedia", "attribute", 2)):
        segments = corpus.segments(source)
        flags = np.zeros((len(segments), 6), bool)
        flags[::every, LABELS.index(label)] = True
        keys = [segment.document for segment in segments], [segment.segment for segment in segments]
        rows = labels_table(source, VERSION, SegmentLabels(*keys, flags))
        write_partition(path, source, 0, rows, statistics_table(segments, VERSION.date))
    write_shares(path, [VERSION], {"code": 120, "encyclopedia": 120}, {"code": {}, "encyclopedia": {}}, {})
    origin = Provenance("label", "", "", {}, {}, {"corpus": corpus.digest})
    Manifest.describe(path, "Labels", Labels.schema, origin).write(path)
    return path


def test_a_recipe_by_labels_makes_a_shard_of_each_cell(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "SMALLEST", 100)
    labels = label(corpus, tmp_path / "labels")
    recipe = {"labels": {"math": 0.5, "visual": 0.2}}
    config = MixtureConfig.model_validate({"recipe": recipe, "vocabulary": 320, "token_budget": 10_000})
    tokens = build_mixture(config, corpus.path, tmp_path / "tokens", labels)
    blend = tokens.blend()
    names = ["code.math", "code.other", "encyclopedia.other", "encyclopedia.visual"]
    assert sorted(blend.train) == names
    assert blend.train["code.math"].weight == pytest.approx(0.5)
    assert blend.train["encyclopedia.visual"].weight == pytest.approx(0.2)
    assert sum(shard.weight for shard in blend.train.values()) == pytest.approx(1)
    assert sorted(blend.heldout) == ["code", "encyclopedia"]
    assert blend.recipe == "math 0.5, visual 0.2"
    decode = tokens.tokenizer().decode
    texts = [decode(sequence.tolist()) for name in names for sequence in tokens.dataset(name, "train")]
    assert sorted(texts) == sorted(s.text for source in corpus.sources() for s in corpus.segments(source, "train"))
    solution = tokens.solution()
    assert solution is not None
    assert solution.achieved["math"] == pytest.approx(0.5)
    assert solution.wanted == recipe["labels"]
    assert set(tokens.manifest.provenance.inputs) == {"corpus", "labels"}


def test_labels_change_nothing_where_the_recipe_names_none(corpus: Corpus, tmp_path: Path) -> None:
    config = MixtureConfig.model_validate({"recipe": OWN, "vocabulary": 320, "token_budget": 10_000})
    labels = label(corpus, tmp_path / "labels")
    with_labels = build_mixture(config, corpus.path, tmp_path / "a" / "tokens", labels)
    without = build_mixture(config, corpus.path, tmp_path / "b" / "tokens")
    assert with_labels.manifest.provenance == without.manifest.provenance
    assert with_labels.digest == without.digest
    assert without.solution() is None


def test_labels_of_another_corpus_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    labels = label(corpus, tmp_path / "labels")
    write_segments(corpus.path, "code", corpus.segments("code")[:-1])
    Manifest.describe(corpus.path, "Corpus", 1, corpus.manifest.provenance).write(corpus.path)
    config = MixtureConfig.model_validate({"recipe": {"labels": {"math": 0.5}}})
    with pytest.raises(ArtifactError, match="holds labels of another corpus"):
        build_mixture(config, corpus.path, tmp_path / "tokens", labels)


def test_too_much_repetition_is_refused_before_any_work(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'code' would be repeated for 156\.2 epochs in 1,000,000 tokens"):
        build(corpus, tmp_path / "tokens", token_budget=1_000_000)
    assert not (tmp_path / "tokens").exists()


@pytest.mark.data
def test_mix6_of_the_real_packages(tmp_path: Path) -> None:
    settings = (
        "corpus: {words_per_source: 20_000, segments_per_document: 1, heldout: 0.2}\nmixture: {vocabulary: 1_000}"
    )
    build_corpus(CorpusConfig.parse(settings), tmp_path / "corpus")
    tokens = build_mixture(MixtureConfig.parse(settings), tmp_path / "corpus", tmp_path / "tokens")
    blend = tokens.blend()
    assert blend.recipe == "mix6"
    assert sum(shard.weight for shard in blend.train.values()) == pytest.approx(1)
    assert min(shard.tokens for shard in blend.train.values()) > 20_000
    assert min(shard.tokens for shard in blend.heldout.values()) > 1_000


@pytest.mark.data
def test_a_grid_cell_of_the_real_packages(tmp_path: Path) -> None:
    """60 percent reasoning and 15 percent visual, the best cell of LSBS Table 1, on a small corpus."""
    settings = (
        "corpus: {words_per_source: 30_000, segments_per_document: 1, heldout: 0.2}\n"
        "mixture: {vocabulary: 1_000, recipe: {labels: {reasoning: 0.6, visual: 0.15}}}"
    )
    build_corpus(CorpusConfig.parse(settings), tmp_path / "corpus")
    build_labels(LabelConfig.parse(settings), tmp_path / "corpus", tmp_path / "labels")
    tokens = build_mixture(MixtureConfig.parse(settings), tmp_path / "corpus", tmp_path / "tokens", tmp_path / "labels")
    train = tokens.blend().train
    assert sum(shard.weight for name, shard in train.items() if "reasoning" in name) == pytest.approx(0.6)
    assert sum(shard.weight for name, shard in train.items() if "visual" in name) == pytest.approx(0.15)
    assert min(shard.tokens for shard in train.values()) > 2_048
