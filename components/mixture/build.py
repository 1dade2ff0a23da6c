"""Making Tokens: a tokenizer trained on the mixture, and a shard per source and split."""

from pathlib import Path

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.store import Draft, produce
from inkling.components.artifacts.tokens import BLEND, TOKENIZER, Blend, HeldoutShard, Tokens, TrainShard, shard
from inkling.components.config import unknown
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipes import shares
from inkling.components.progress import Progress, note


def build_mixture(config: MixtureConfig, corpus: str | Path, output: str | Path) -> Tokens:
    """Builds the tokens of a recipe.

    Args:
        config: The stage's configuration.
        corpus: Where the Corpus artifact lies.
        output: Where the Tokens artifact shall lie.

    Raises:
        ConfigError: If the corpus lacks a source of the recipe, or holds too little text for the vocabulary.
        ArtifactError: If the corpus is not what was written.
    """
    opened = Corpus.open(corpus)
    for source in shares(config.recipe):
        if source not in opened.sources():
            raise unknown("source of the corpus", source, opened.sources())
    return produce(Tokens, output, config, {"corpus": opened}, lambda draft: _make(config, opened, draft))


def _make(config: MixtureConfig, corpus: Corpus, draft: Draft) -> None:
    from inkling.components.mixture.shards import write_shard
    from inkling.components.mixture.tokenizer import train_tokenizer

    weights = shares(config.recipe)
    pool = {source: corpus.segments(source, "train") for source in weights}
    heldout_pool = {source: corpus.segments(source, "heldout") for source in corpus.sources()}
    note(f"training a tokenizer of {config.vocabulary:,} entries")
    tokenizer = train_tokenizer(pool, weights, config.vocabulary, config.tokenizer_words)
    (draft.path / TOKENIZER).parent.mkdir()
    tokenizer.save(str(draft.path / TOKENIZER), pretty=False)

    train, heldout = {}, {}
    words = sum(segment.words for split in (pool, heldout_pool) for segments in split.values() for segment in segments)
    with Progress("writing tokens", words, "words") as progress:
        for source, weight in weights.items():
            tokens, documents = write_shard(
                shard(draft.path, source, "train"), pool[source], tokenizer, progress.advance
            )
            train[source] = TrainShard(weight, tokens, documents, repetition=weight * config.token_budget / tokens)
        for source, segments in heldout_pool.items():
            tokens, documents = write_shard(shard(draft.path, source, "heldout"), segments, tokenizer, progress.advance)
            size = sum(len(segment.text.encode()) for segment in segments)
            heldout[source] = HeldoutShard(tokens, documents, size)
    name = config.recipe if isinstance(config.recipe, str) else "custom"
    Blend(name, tokenizer.get_vocab_size(), config.token_budget, train, heldout).write(draft.path / BLEND)
