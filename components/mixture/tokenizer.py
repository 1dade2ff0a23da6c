"""Training the byte-level BPE tokenizer on the text of a mixture."""

from collections.abc import Iterator, Mapping

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from inkling.components.artifacts.corpus import Segment
from inkling.components.artifacts.tokens import BOS, EOS, PAD
from inkling.components.config import ConfigError

Pool = Mapping[str, list[Segment]]


def sample(pool: Pool, shares: Mapping[str, float], words: int) -> Iterator[str]:
    """Texts of the pool in the proportions of the recipe: the most words that need no repetition, or `words`.

    Args:
        pool: Training segments by source.
        shares: Share of each source, summing to 1.
        words: Most words in all.
    """
    available = {source: sum(segment.words for segment in pool[source]) for source in shares}
    total = min([float(words), *(available[source] / share for source, share in shares.items())])
    for source, share in shares.items():
        given = 0
        for segment in pool[source]:
            if given >= share * total:
                break
            given += segment.words
            yield segment.text


def train_tokenizer(pool: Pool, shares: Mapping[str, float], vocabulary: int, words: int) -> Tokenizer:
    """Trains a byte-level BPE tokenizer whose first entries are the special tokens.

    Args:
        pool: Training segments by source.
        shares: Share of each source, summing to 1.
        vocabulary: Entries, special tokens included.
        words: Most words to train on.

    Raises:
        ConfigError: If the text is too little for so many entries.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[BOS, EOS, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample(pool, shares, words), trainer)
    if (entries := tokenizer.get_vocab_size()) < vocabulary:
        raise ConfigError(
            f"the text yields a vocabulary of {entries} only: lower mixture.vocabulary ({vocabulary}) or raise "
            "mixture.tokenizer_words and corpus.words_per_source"
        )
    return tokenizer
