"""Making Tokens: a tokenizer, a shard per portion of the mixture, and one per source held out."""

from pathlib import Path

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import Labels
from inkling.components.artifacts.store import Draft, produce
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
from inkling.components.config import unknown
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import describe, named_labels, named_sources
from inkling.components.mixture.retrieval import retrieve, version_on
from inkling.components.progress import Progress, note


def build_mixture(
    config: MixtureConfig, corpus: str | Path, output: str | Path, labels: str | Path | None = None
) -> Tokens:
    """Builds the tokens of a recipe.

    Args:
        config: The stage's configuration.
        corpus: Where the Corpus artifact lies.
        output: Where the Tokens artifact shall lie.
        labels: Where the corpus's Labels artifact lies; read only for a recipe that names labels.

    Raises:
        ConfigError: If the corpus lacks a source of the recipe, there were no labels yet on the day that is asked for,
            no mixture of it has the recipe's shares, text would be repeated too often, or there is too little for the
            vocabulary.
        ArtifactError: If the corpus or the labels are not what was written, or do not belong together.
    """
    opened = Corpus.open(corpus)
    for source in sorted(named_sources(config.recipe)):
        if source not in opened.sources():
            raise unknown("source of the corpus", source, opened.sources())
    judged = Labels.open(labels) if labels and named_labels(config.recipe) else None
    if judged is None:
        return produce(Tokens, output, config, {"corpus": opened}, lambda draft: _make(config, opened, None, draft))
    judged.check(opened)
    version = version_on(judged, config.as_of)
    note(f"labels by the {version.labeller}, of {version.date}")
    inputs = {"corpus": opened, "labels": judged}
    return produce(Tokens, output, config, inputs, lambda draft: _make(config, opened, judged, draft))


def _make(config: MixtureConfig, corpus: Corpus, labels: Labels | None, draft: Draft) -> None:
    from inkling.components.mixture.placing import training_texts
    from inkling.components.mixture.portions import portions
    from inkling.components.mixture.shards import write_shards
    from inkling.components.mixture.tokenizer import read_tokenizer, sample, train_tokenizer

    if labels:
        labels = retrieve(labels, config.as_of, draft.work / labels.digest / str(config.as_of))
    mixed = portions(config.recipe, corpus, labels)
    mixed.check_repetition(config.token_budget, config.repetition_limit)
    if config.tokenizer:
        tokenizer = read_tokenizer(config.tokenizer)
    else:
        note(f"training a tokenizer of {config.vocabulary:,} entries")
        texts = training_texts(corpus, mixed)
        words = {name: cell.total for name, cell in mixed.cells.items()}
        tokenizer = train_tokenizer(sample(texts, mixed.weights, words, config.tokenizer_words), config.vocabulary)
    place = draft.path / TOKENIZER
    place.parent.mkdir()
    tokenizer.save(str(place), pretty=False)

    vocabulary = tokenizer.get_vocab_size()
    with Progress("writing tokens", sum(one.words for one in corpus.sources().values()), "words") as progress:
        shards = write_shards(draft.path, corpus, mixed, place, vocabulary, config.workers, progress.advance)
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
