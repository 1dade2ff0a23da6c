"""Encoding by parts gives the tokenizer's own tokens, and is left alone where it would not."""

import json
import sys
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from inkling.components.mixture import encoding
from inkling.components.mixture.encoding import CachedTokenizer, in_parts
from inkling.models.sequence.special_tokens import BOS, EOS, PAD

WORDS = (
    "the red house isn't   large; they're 12 or 345!\n\tdef f(x):\n    return x\n\n caf\u00e9 \u4f60\u597d \U0001f600 "
)


def trained(**cutting: Any) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(**{"add_prefix_space": False, **cutting})
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [BOS, EOS, PAD]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator([WORDS] * 3, trainer)
    return tokenizer


TOKENIZER = trained()
ENCODER = CachedTokenizer(TOKENIZER, "<u2")
SPACES = "".join(
    map(chr, [*range(33), 0x7F, 0x85, 0xA0, 0x1680, 0x180E, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F])
)
SPACES += "\u205f\u2060\u3000\ufeff"
TEXTS = st.text(st.sampled_from(SPACES + "aZ9.,'s\u00e9\u4f60\u0301") | st.characters(codec="utf-8"), max_size=80)


def whole(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    tokenizer.encode_special_tokens = True
    return [found.ids for found in tokenizer.encode_batch_fast(texts)]


def by_parts(encoder: CachedTokenizer, texts: list[str]) -> list[list[int]]:
    return [np.frombuffer(raw, "<u2").tolist() for raw in encoder.encode(texts)]


@given(st.lists(TEXTS, max_size=4))
def test_the_tokens_are_the_tokenizers_own(texts: list[str]) -> None:
    assert in_parts(TOKENIZER)
    assert by_parts(ENCODER, texts) == whole(TOKENIZER, texts)


def test_whatever_may_be_white_space_beside_spaces_and_letters() -> None:
    """The two regular expressions may differ in what is white space, but in no case that counts."""
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    characters = [one for one in every if one.isspace() or unicodedata.category(one) in ("Zs", "Zl", "Zp", "Cc", "Cf")]
    assert len(characters) > 200
    texts = [f"a{one}b {one} c {one}{one} d  {one}\n{one} !{one} .\t{one}" for one in characters]
    for start in range(0, len(texts), 8_192):
        batch = texts[start : start + 8_192]
        assert by_parts(ENCODER, batch) == whole(TOKENIZER, batch)


def test_special_tokens_in_a_text_stay_text() -> None:
    assert by_parts(ENCODER, [f"a{EOS}b {BOS} c"])[0].count(1) == 0


def test_what_is_remembered_changes_nothing_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_REMEMBERED", 3)
    encoder = CachedTokenizer(trained(), "<u2")
    texts = [WORDS, "x" * 100 + " y", WORDS[::-1]]
    for _ in range(3):
        assert by_parts(encoder, texts) == whole(TOKENIZER, texts)
        assert all(len(part) <= encoding._LONGEST for part in encoder._known)
    encoder.encode(["z"])
    assert len(encoder._known) == 1


def changed(**parts: Any) -> Tokenizer:
    tokenizer = trained()
    for name, value in parts.items():
        setattr(tokenizer, name, value)
    return tokenizer


LLAMA_3 = r"\s*[\r\n]+|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+"
CUT = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(LLAMA_3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
)


@pytest.mark.parametrize(
    "tokenizer",
    [
        trained(add_prefix_space=True),
        trained(use_regex=False),
        changed(normalizer=normalizers.Strip()),
        changed(post_processor=processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, 0)])),
        changed(pre_tokenizer=CUT),
        changed(pre_tokenizer=pre_tokenizers.Whitespace()),
    ],
)
def test_tokenizers_of_other_kinds_are_given_the_whole_text(tokenizer: Tokenizer) -> None:
    assert not in_parts(tokenizer)
    texts = [WORDS, " a\n\n b", "!\n\n"]
    assert by_parts(CachedTokenizer(tokenizer, "<u2"), texts) == whole(tokenizer, texts)


def test_an_entry_that_was_added_is_given_the_whole_text() -> None:
    tokenizer = trained()
    tokenizer.add_tokens([AddedToken("red house", normalized=False)])
    assert not in_parts(tokenizer)
    assert by_parts(CachedTokenizer(tokenizer, "<u2"), ["a red house"]) == whole(tokenizer, ["a red house"])
    assert json.loads(tokenizer.to_str())["added_tokens"][-1]["content"] == "red house"
