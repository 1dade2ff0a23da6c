"""The tokenizer: a byte-level BPE trained on the text of a mixture, or one that is given."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from inkling.components.artifacts.corpus import Segment
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.special_tokens import SPECIAL_TOKENS
from inkling.models.strict_json import to_json

_SHIFTED = ("BPE", "WordPiece", "WordLevel", "Unigram")
_LARGEST = 1 << 20
"""Entries at most: four times the largest vocabulary in use."""


def sample(
    sources: Iterable[tuple[set[str], Iterable[tuple[str, Segment]]]], shares: Mapping[str, float],
    available: Mapping[str, int], words: int,
) -> Iterator[str]:  # fmt: skip
    """Texts in the proportions of the recipe: the most words that need no repetition, or `words`.

    Args:
        sources: The training text by source: the names of its portions, and its segments with theirs.
        shares: Share of each portion, summing to 1.
        available: Words of each portion.
        words: Most words in all.
    """
    total = min([float(words), *(available[name] / share for name, share in shares.items())])
    given = dict.fromkeys(shares, 0)
    for names, segments in sources:
        for name, segment in segments:
            if given[name] < shares[name] * total:
                given[name] += segment.words
                yield segment.text
            elif all(given[portion] >= shares[portion] * total for portion in names):
                break


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Trains a byte-level BPE tokenizer whose first entries are the special tokens.

    Args:
        texts: What it is trained on; their order does not matter.
        vocabulary: Entries, special tokens included.

    Raises:
        ConfigError: If the text is too little for so many entries.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if (entries := tokenizer.get_vocab_size()) < vocabulary:
        raise ConfigError(
            f"the text yields a vocabulary of {entries} only: lower mixture.vocabulary ({vocabulary}) or raise "
            "mixture.tokenizer_words and corpus.words_per_source"
        )
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """Reads a `tokenizer.json` of any kind and gives it the special tokens as entries 0, 1 and 2.

    Where it lacks them its own entries move up by three. What it would add to, cut from or pad a text with is taken
    out: a shard holds the text and the end-of-text token, no more.

    Raises:
        ConfigError: If there is no such file, it is no tokenizer, or its entries cannot be used.
    """
    try:
        stated: dict[str, Any] = json.loads(path.read_text())
        Tokenizer.from_str(to_json(stated))
    except FileNotFoundError:
        raise ConfigError(f"there is no tokenizer at {path}") from None
    except Exception as error:  # the library raises plain Exception for what it cannot read
        raise ConfigError(f"{path} is no tokenizer.json: {error}") from None
    stated |= dict.fromkeys(("post_processor", "truncation", "padding"))
    tokenizer = Tokenizer.from_str(to_json(_with_special(stated, path)))
    ids = sorted(tokenizer.get_vocab(with_added_tokens=True).values())
    if len(ids) > _LARGEST or len(ids) - 1 != ids[-1]:
        raise ConfigError(
            f"{path} has {len(ids):,} entries up to {ids[-1]:,}: they must be 0, 1, 2, ... below {_LARGEST:,}"
        )
    return tokenizer


def _with_special(stated: dict[str, Any], path: Path) -> dict[str, Any]:
    model, added = stated["model"], stated["added_tokens"]
    kind = model.get("type", "BPE")
    entries = {token: place for place, (token, _) in enumerate(model["vocab"])} if kind == "Unigram" else model["vocab"]
    known = {**entries, **{token["content"]: token["id"] for token in added}}
    found = [known.get(token) for token in SPECIAL_TOKENS]
    if found == [0, 1, 2]:
        return stated
    if kind not in _SHIFTED or any(place is not None for place in found):
        raise ConfigError(
            f"{path} has {', '.join(SPECIAL_TOKENS)} as entries {found}: they must be 0, 1 and 2, or "
            f"absent from a tokenizer of the kinds {', '.join(_SHIFTED)}"
        )
    if kind == "Unigram":
        model["vocab"] = [*([token, 0.0] for token in SPECIAL_TOKENS), *model["vocab"]]
        model["unk_id"] = None if model.get("unk_id") is None else model["unk_id"] + len(SPECIAL_TOKENS)
    else:
        shifted = {token: place + len(SPECIAL_TOKENS) for token, place in model["vocab"].items()}
        model["vocab"] = {**{token: place for place, token in enumerate(SPECIAL_TOKENS)}, **shifted}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    stated["added_tokens"] = [
        *({"id": place, "content": token, **plain} for place, token in enumerate(SPECIAL_TOKENS)),
        *({**token, "id": token["id"] + len(SPECIAL_TOKENS)} for token in added),
    ]
    return stated
