"""Making Tokens: a tokenizer, a shard per portion of the mixture, and one per source held out."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import Labels
from inkling.components.artifacts.tokens import (
    BLEND,
    MEGATRON,
    SOLUTION,
    TOKENIZER,
    Blend,
    HeldoutShard,
    Tokens,
    TrainShard,
)
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import check_sources, describe, named_labels
from inkling.components.mixture.retrieval import retrieve, version_on
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.part import Part, Share, gather, produce_part
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from inkling.components.mixture.portions import Portions

_RETRIEVED, _TOKENIZER, _ENCODED = "retrieved", "tokenizer.json", "encoded"
"""In the work folder: the labels of the day, the tokenizer, and the partitions that are tokenized."""


def build_mixture(
    config: MixtureConfig,
    corpus: str | Path,
    output: str | Path,
    labels: str | Path | None = None,
    prepared: str | Path | None = None,
    parts: Sequence[str | Path] = (),
) -> Tokens:
    """Builds the tokens of a recipe.

    Args:
        config: The stage's configuration.
        corpus: Where the Corpus artifact lies.
        output: Where the Tokens artifact shall lie.
        labels: Where the corpus's Labels artifact lies; read only for a recipe that names labels.
        prepared: Where the Part artifact of `build_prepared` lies, if there is one.
        parts: Where Part artifacts of these tokens lie; what none of them holds is tokenized here.

    Raises:
        ConfigError: If the corpus lacks a source of the recipe, there were no labels yet on the day of `as_of`,
            no mixture of it has the recipe's shares, text would be repeated too often, or there is too little for the
            vocabulary.
        ArtifactError: If the corpus, the labels or a part are not what was written, or do not belong together.
    """
    opened = _opened(config, corpus, labels)
    found = [*parts, *([prepared] if prepared else [])]
    return produce(Tokens, output, config, opened.inputs, lambda draft: _make(config, opened, found, draft))


def build_prepared(
    config: MixtureConfig, corpus: str | Path, output: str | Path, labels: str | Path | None = None
) -> Part:
    """Makes ready what comes before text is tokenized: the labels of the day, and the tokenizer.

    Raises:
        ConfigError: As for the tokens.
        ArtifactError: As for the tokens.
    """
    opened = _opened(config, corpus, labels)

    def make(draft: Draft) -> None:
        work = _work(opened, (), draft)
        _prepare(config, opened, work)
        for name in (_RETRIEVED, _TOKENIZER):
            if (work / name).exists():
                (work / name).rename(draft.path / name)

    return produce_part(output, config, opened.inputs, "tokens", "prepared", make)


def build_mixture_part(
    config: MixtureConfig,
    number: int,
    corpus: str | Path,
    output: str | Path,
    labels: str | Path | None = None,
    prepared: str | Path | None = None,
) -> Part:
    """Tokenizes what of a corpus falls to one of `config.parts` tasks, counted from 0; the rest is as for the tokens.

    Raises:
        ConfigError: As for the tokens, or if there is no task of that number.
        ArtifactError: As for the tokens.
    """
    share = Share(number, config.parts)
    opened = _opened(config, corpus, labels)

    def make(draft: Draft) -> None:
        from inkling.components.mixture.shards import words_of, write_ready

        work = _work(opened, [prepared] if prepared else (), draft)
        mixed, vocabulary = _prepare(config, opened, work)
        folder = work / _ENCODED
        folder.mkdir(exist_ok=True)
        with Progress("tokenizing a part", words_of(opened.corpus, share), "words, about") as progress:
            write_ready(
                folder, opened.corpus, mixed, work / _TOKENIZER, vocabulary, config.workers, progress.advance, share
            )
        folder.rename(draft.path / _ENCODED)

    return produce_part(output, config, opened.inputs, "tokens", share.name, make)


@dataclass(frozen=True)
class _Opened:
    """What tokens are made from.

    Attributes:
        corpus: The corpus.
        labels: Its labels, where the recipe names some.
        key: The key of the tokens.
    """

    corpus: Corpus
    labels: Labels | None
    key: str

    @property
    def inputs(self) -> dict[str, Artifact]:
        """The same by name."""
        return _inputs(self.corpus, self.labels)


def _inputs(corpus: Corpus, labels: Labels | None) -> dict[str, Artifact]:
    return {"corpus": corpus, "labels": labels} if labels else {"corpus": corpus}


def _opened(config: MixtureConfig, corpus: str | Path, labels: str | Path | None) -> _Opened:
    opened = Corpus.open(corpus)
    check_sources(config.recipe, opened.sources())
    judged = Labels.open(labels) if labels and named_labels(config.recipe) else None
    if judged:
        judged.check(opened)
        version = version_on(judged, config.as_of)
        note(f"labels by the {version.labeller}, of {version.date}")
    return _Opened(opened, judged, provenance(config, _inputs(opened, judged)).key)


def _work(opened: _Opened, parts: Sequence[str | Path], draft: Draft) -> Path:
    """Where tokens are made, with what the parts hold of them."""
    work = draft.scratch / opened.key
    work.mkdir(exist_ok=True)
    gather(parts, opened.key, work, _TOKENIZER, f"{_RETRIEVED}/*/*", f"{_ENCODED}/*")
    return work


def _prepare(config: MixtureConfig, opened: _Opened, work: Path) -> tuple["Portions", int]:
    """Works out the portions, and makes the tokenizer unless it is there already; returns its entries too."""
    from tokenizers import Tokenizer

    from inkling.components.mixture.placing import training_texts
    from inkling.components.mixture.portions import portions
    from inkling.components.mixture.tokenizer import read_tokenizer, sample, train_tokenizer

    labels = retrieve(opened.labels, config.as_of, work / _RETRIEVED) if opened.labels else None
    mixed = portions(config.recipe, opened.corpus, labels)
    mixed.check_repetition(config.token_budget, config.repetition_limit)
    place = work / _TOKENIZER
    if not place.exists():
        if config.tokenizer:
            tokenizer = read_tokenizer(config.tokenizer)
        else:
            note(f"training a tokenizer of {config.vocabulary:,} entries")
            texts = training_texts(opened.corpus, mixed)
            words = {name: cell.total for name, cell in mixed.cells.items()}
            tokenizer = train_tokenizer(sample(texts, mixed.weights, words, config.tokenizer_words), config.vocabulary)
        draft = place.with_suffix(".draft")
        tokenizer.save(str(draft), pretty=False)
        draft.rename(place)
    return mixed, Tokenizer.from_file(str(place)).get_vocab_size()


def _make(config: MixtureConfig, opened: _Opened, parts: Sequence[str | Path], draft: Draft) -> None:
    from inkling.components.mixture.shards import write_shards

    work = _work(opened, parts, draft)
    mixed, vocabulary = _prepare(config, opened, work)
    place = draft.path / TOKENIZER
    place.parent.mkdir()
    shutil.copyfile(work / _TOKENIZER, place)

    corpus = opened.corpus
    with Progress("writing tokens", sum(one.words for one in corpus.sources().values()), "words") as progress:
        shards = write_shards(
            draft.path, corpus, mixed, place, vocabulary, config.workers, progress.advance, work / _ENCODED
        )
    train, heldout = {}, {}
    for (split, name), shard in shards.items():
        if split == "heldout":
            heldout[name] = HeldoutShard(shard.tokens, shard.documents, shard.bytes)
        else:
            weight = mixed.weights[name]
            repetition = weight * config.token_budget / shard.tokens
            train[name] = TrainShard(weight, shard.tokens, shard.documents, repetition)
    blend = Blend(describe(config.recipe), vocabulary, config.token_budget, train, heldout)
    blend.write(draft.path / BLEND)
    (draft.path / MEGATRON).write_text(blend.megatron())
    if mixed.solution:
        mixed.solution.write(draft.path / SOLUTION)
