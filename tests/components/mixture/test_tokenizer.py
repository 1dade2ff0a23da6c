"""The tokenizer: special tokens first, lossless, in the recipe's proportions, the same every time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from inkling.components.artifacts.corpus import Corpus, Segment
from inkling.components.mixture.tokenizer import read_tokenizer, sample, train_tokenizer
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.special_tokens import BOS, BOS_ID, EOS, EOS_ID, PAD, PAD_ID

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


def save(tokenizer: Tokenizer, path: Path) -> Path:
    tokenizer.save(str(path))
    return path


def unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("r", -2.0), ("ed", -2.0), ("red", -1.0)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "red": 1, "house": 2}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def bare_bpe() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=290, initial_alphabet=alphabet, special_tokens=["<|endoftext|>"])
    tokenizer.train_from_iterator(["red house red houses"] * 3, trainer)
    return tokenizer


@pytest.mark.parametrize("make", [unigram, word_level, bare_bpe])
def test_a_tokenizer_without_the_special_tokens_is_given_them(make: Callable[[], Tokenizer], tmp_path: Path) -> None:
    given = make()
    tokenizer = read_tokenizer(save(given, tmp_path / "tokenizer.json"))
    assert [tokenizer.token_to_id(token) for token in (BOS, EOS, PAD)] == [0, 1, 2]
    assert tokenizer.get_vocab_size() == given.get_vocab_size() + 3
    for text in ("red house", "red blue", "redred"):
        assert tokenizer.encode(text).ids == [place + 3 for place in given.encode(text).ids]
    assert tokenizer.encode(EOS).ids == [EOS_ID]
    assert read_tokenizer(save(tokenizer, tmp_path / "again.json")).to_str() == tokenizer.to_str()


def test_our_own_tokenizer_is_read_as_it_is(tokenizer: Tokenizer, tmp_path: Path) -> None:
    assert read_tokenizer(save(tokenizer, tmp_path / "tokenizer.json")).to_str() == tokenizer.to_str()


def test_nothing_is_added_to_or_cut_from_a_text(tmp_path: Path) -> None:
    given = word_level()
    plain = given.encode("red house red").ids
    given.post_processor = processors.TemplateProcessing(single="<unk> $A", special_tokens=[("<unk>", 0)])
    given.enable_truncation(2)
    given.enable_padding(length=8)
    tokenizer = read_tokenizer(save(given, tmp_path / "tokenizer.json"))
    assert tokenizer.encode("red house red").ids == [place + 3 for place in plain]


def test_files_that_are_no_tokenizer_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(ConfigError, match=r"there is no tokenizer at .*tokenizer\.json"):
        read_tokenizer(path)
    for content in ("", "{}", "[]", '{"model": 7}'):
        path.write_text(content)
        with pytest.raises(ConfigError, match=r"tokenizer\.json is no tokenizer\.json"):
            read_tokenizer(path)


def test_special_tokens_at_another_place_and_holes_are_refused(tmp_path: Path) -> None:
    moved = Tokenizer(models.WordLevel({"a": 0, EOS: 1, BOS: 2}, unk_token="a"))
    with pytest.raises(ConfigError, match=r"as entries \[2, 1, None\]: they must be 0, 1 and 2, or absent"):
        read_tokenizer(save(moved, tmp_path / "moved.json"))
    holes = Tokenizer(models.WordLevel({"a": 0, "b": 1, "c": 7}, unk_token="a"))
    with pytest.raises(ConfigError, match=r"has 6 entries up to 10: they must be 0, 1, 2, \.\.\."):
        read_tokenizer(save(holes, tmp_path / "holes.json"))
