"""The tokenizer: special tokens first, lossless, in the recipe's proportions, the same every time."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
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
        ConfigError, match=r"the text yields a vocabulary of \d+ only: lower mixture\.vocabulary from 4096"
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
    with pytest.raises(ConfigError, match=r"have 3 entries up to 7: they must be 0, 1, 2, \.\.\."):
        read_tokenizer(save(holes, tmp_path / "holes.json"))


def written(stated: Any, folder: Path) -> Path:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(stated))
    return path


def stated(tokenizer: Tokenizer, **model: Any) -> dict[str, Any]:
    """A tokenizer.json as a mapping, with other keys of its model."""
    found: dict[str, Any] = json.loads(tokenizer.to_str())
    found["model"] |= model
    return found


def added(token: str, place: int, **other: bool) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": place, "content": token, **plain, **other}


def test_dropout_is_for_training_and_is_taken_out(tmp_path: Path) -> None:
    given = written(stated(bare_bpe(), dropout=0.5), tmp_path)
    assert len({tuple(Tokenizer.from_file(str(given)).encode("red houses " * 20).ids) for _ in range(9)}) > 1
    tokenizer = read_tokenizer(given)
    assert len({tuple(tokenizer.encode("red houses " * 20).ids) for _ in range(9)}) == 1
    assert tokenizer.to_str() == read_tokenizer(written(stated(bare_bpe()), tmp_path)).to_str()


@pytest.mark.parametrize("key", ["added_tokens", "truncation", "padding", "post_processor", "normalizer", "decoder"])
@pytest.mark.parametrize("make", [unigram, word_level, bare_bpe])
def test_a_key_that_says_nothing_may_be_left_out(make: Callable[[], Tokenizer], key: str, tmp_path: Path) -> None:
    full = stated(make())
    without = {name: value for name, value in full.items() if name != key}
    del without["model"]["type"]
    if not full[key]:
        assert read_tokenizer(written(without, tmp_path)).to_str() == read_tokenizer(written(full, tmp_path)).to_str()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            stated(word_level(), unk_token="[UNK]"),
            r"model\.unk_token is \"\[UNK\]\", which is no entry of model\.vocab",
        ),
        (stated(unigram(), unk_id=None), r"model\.unk_id is null, which is no entry of model\.vocab"),
        (stated(Tokenizer(models.BPE({"a": 0, "b": 1}, []))), r"model\.unk_token is null"),
        (stated(Tokenizer(models.BPE({"a": 0}, [], byte_fallback=True))), r"model\.unk_token is null"),
        (stated(bare_bpe(), end_of_word_suffix="</w>"), r"model\.unk_token is null"),
        (stated(Tokenizer(models.WordPiece({"a": 0}, unk_token="[UNK]"))), r"model\.unk_token is \"\[UNK\]\""),
        (stated(Tokenizer(models.BPE())), r"model\.vocab has no entry"),
        (stated(word_level(), vocab={"<unk>": 0, "a": 1, "b": 1}), r"3 entries up to 1; 1 is that of two"),
        (stated(word_level(), vocab={"<unk>": 0, "a": 4_000_000_000}), r"2 entries up to 4,000,000,000"),
        (stated(word_level()) | {"added_tokens": [added("x", 500)]}, r"4 entries up to 500"),
        (stated(word_level()) | {"added_tokens": [added("x", 1)]}, r"4 entries up to 2; 1 is that of two"),
        (stated(word_level()) | {"added_tokens": [added("x", 4), added("y", 3)]}, r"'x' is entry 7 .* read as 6"),
        (stated(word_level()) | {"added_tokens": None}, r"is no tokenizer\.json: invalid type: null"),
        (stated(word_level()) | {"added_tokens": [{"id": 3, "content": "x"}]}, r"is no tokenizer\.json: missing field"),
        (stated(word_level()) | {"version": "2.0"}, r"is no tokenizer\.json: Unknown tokenizer version"),
        (
            stated(word_level()) | {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}},
            r"is no tokenizer\.json: .*charsmap",
        ),
    ],
)
def test_what_a_tokenizer_lacks_is_said_by_file_and_key(broken: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"tokenizer\.json.*{message}"):
        read_tokenizer(written(broken, tmp_path))


def test_special_tokens_that_are_mere_entries_are_found_in_prompts(tmp_path: Path) -> None:
    known = {BOS: 0, EOS: 1, PAD: 2, "<unk>": 3, "red": 4}
    tokenizer = read_tokenizer(written(stated(Tokenizer(models.WordLevel(known, unk_token="<unk>"))), tmp_path))
    assert tokenizer.encode(f"{BOS}red{EOS}").ids == [BOS_ID, 4, EOS_ID]
    greedy = stated(Tokenizer(models.WordLevel(known, unk_token="<unk>")))
    greedy["added_tokens"] = [added(EOS, 1, special=False, lstrip=True, rstrip=True)]
    tokenizer = read_tokenizer(written(greedy, tmp_path))
    tokenizer.encode_special_tokens = True
    assert EOS_ID not in tokenizer.encode(f"red {EOS}").ids


_KINDS = [stated(make()) for make in (unigram, word_level, bare_bpe)]
_KINDS += [stated(Tokenizer(models.WordPiece({"[UNK]": 0, "red": 1}, unk_token="[UNK]")))]
_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    0.5,
    "",
    "x",
    "\ud800",
    [],
    {},
    [["a", 1.0]],
    {"a": 0},
    {"type": "ByteLevel"},
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_broken_tokenizer_is_refused_by_name_or_works(tmp_path: Path, data: st.DataObject) -> None:
    broken = copy.deepcopy(data.draw(st.sampled_from(_KINDS)))
    for _ in range(data.draw(st.integers(1, 3))):
        section = broken if data.draw(st.booleans()) or not isinstance(broken.get("model"), dict) else broken["model"]
        if not section:
            continue
        key = data.draw(st.sampled_from(sorted(section)))
        if data.draw(st.booleans()):
            del section[key]
        else:
            section[key] = copy.deepcopy(data.draw(st.sampled_from(_VALUES)))
    try:
        tokenizer = read_tokenizer(written(broken, tmp_path))
    except ConfigError as error:
        if str(tmp_path / "tokenizer.json") not in str(error):
            raise
        return
    vocabulary = tokenizer.get_vocab_size()
    for text in ("red house", "caf\u00e9 \U0001f600", "", EOS):
        ids = tokenizer.encode(text).ids
        assert all(place < vocabulary for place in ids)
        assert tokenizer.encode(text).ids == ids
