"""The tokenizer: special tokens first, lossless, in the recipe's proportions, the same every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from inkling.components.artifacts.corpus import Corpus, Segment
from inkling.components.artifacts.tokens import BOS, BOS_ID, EOS, EOS_ID, PAD, PAD_ID
from inkling.components.config import ConfigError
from inkling.components.mixture.tokenizer import sample, train_tokenizer

HALVES = {"code": 0.5, "encyclopedia": 0.5}
Pool = list[tuple[set[str], list[tuple[str, Segment]]]]


@pytest.fixture
def pool(corpus: Corpus) -> Pool:
    return [({source}, [(source, one) for one in corpus.segments(source, "train")]) for source in corpus.sources()]


def texts(pool: Pool, shares: dict[str, float] = HALVES, limit: int = 5_000) -> list[str]:
    available = {name: sum(one.words for _, one in segments) for (name,), segments in pool}
    return list(sample(pool, shares, available, limit))


@pytest.fixture
def tokenizer(pool: Pool) -> Tokenizer:
    return train_tokenizer(texts(pool), 320)


def test_special_tokens_are_the_first_three(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(token) for token in (BOS, EOS, PAD)] == [BOS_ID, EOS_ID, PAD_ID] == [0, 1, 2]
    assert tokenizer.get_vocab_size() == 320


def test_merges_were_learned(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode("zebra zebra").ids) < len("zebra zebra")


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    alphabet = {token: index for index, token in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bare = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    bare.pre_tokenizer, bare.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    assert bare.decode(bare.encode(text).ids) == text


@pytest.mark.parametrize("text", ["def f(x):\n    return x\n", "caf\u00e9 \u4f60 \U0001f600", "  two  spaces\t\n", ""])
def test_unseen_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@pytest.mark.parametrize("threads", ["true", "false"])
def test_training_is_deterministic(
    pool: Pool, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", threads)
    assert train_tokenizer(texts(pool), 320).to_str() == tokenizer.to_str()
    assert train_tokenizer(texts(pool)[::-1], 320).to_str() == tokenizer.to_str()


def words(pool: Pool, shares: dict[str, float], limit: int) -> dict[str, int]:
    sizes = {one.text: (source, one.words) for (source,), segments in pool for _, one in segments}
    given = dict.fromkeys(shares, 0)
    for text in texts(pool, shares, limit):
        source, count = sizes[text]
        given[source] += count
    return given


def test_the_sample_has_the_recipes_proportions(pool: Pool) -> None:
    assert words(pool, {"code": 0.75, "encyclopedia": 0.25}, 4_000) == {"code": 3_000, "encyclopedia": 1_000}


def test_the_sample_repeats_nothing_when_a_source_is_short(pool: Pool) -> None:
    assert words(pool, {"code": 0.96, "encyclopedia": 0.04}, 10**9) == {"code": 4_800, "encyclopedia": 200}


def test_too_little_text_for_the_vocabulary_is_refused(pool: Pool) -> None:
    with pytest.raises(
        ConfigError, match=r"the text yields a vocabulary of \d+ only: lower mixture\.vocabulary \(4096\)"
    ):
        train_tokenizer(texts(pool), 4_096)
