"""Making Tokens: a tokenizer trained on the mixture, a shard per portion of it, and one per source held out."""

from pathlib import Path

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import Labels
from inkling.components.artifacts.store import Draft, produce
from inkling.components.artifacts.tokens import (
    BLEND,
    SOLUTION,
    TOKENIZER,
    Blend,
    HeldoutShard,
    Tokens,
    TrainShard,
    shard,
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
    from inkling.components.mixture.portions import portions
    from inkling.components.mixture.shards import write_shard
    from inkling.components.mixture.tokenizer import train_tokenizer

    if labels:
        labels = retrieve(labels, config.as_of, draft.work / labels.digest / str(config.as_of))
    mixed = portions(config.recipe, corpus, labels)
    mixed.check_repetition(config.token_budget, config.repetition_limit)
    weights, pool = mixed.weights, mixed.segments
    heldout_pool = {source: corpus.segments(source, "heldout") for source in corpus.sources()}
    note(f"training a tokenizer of {config.vocabulary:,} entries")
    tokenizer = train_tokenizer(pool, weights, config.vocabulary, config.tokenizer_words)
    (draft.path / TOKENIZER).parent.mkdir()
    tokenizer.save(str(draft.path / TOKENIZER), pretty=False)

    train, heldout = {}, {}
    words = sum(segment.words for split in (pool, heldout_pool) for segments in split.values() for segment in segments)
    with Progress("writing tokens", words, "words") as progress:
        for name, weight in weights.items():
            tokens, documents = write_shard(shard(draft.path, name, "train"), pool[name], tokenizer, progress.advance)
            train[name] = TrainShard(weight, tokens, documents, repetition=weight * config.token_budget / tokens)
        for source, segments in heldout_pool.items():
            tokens, documents = write_shard(shard(draft.path, source, "heldout"), segments, tokenizer, progress.advance)
            size = sum(len(segment.text.encode()) for segment in segments)
            heldout[source] = HeldoutShard(tokens, documents, size)
    recipe = describe(config.recipe)
    Blend(recipe, tokenizer.get_vocab_size(), config.token_budget, train, heldout).write(draft.path / BLEND)
    if mixed.solution:
        mixed.solution.write(draft.path / SOLUTION)
