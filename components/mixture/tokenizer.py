"""The tokenizer: a byte-level BPE trained on the text of a mixture, or one that is given."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
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
_BYTES = {f"<0x{byte:02X}>" for byte in range(256)}
_PROBE = "It's 1 caf\u00e9, \u4f60 \U0001f600\x00\ue000\n\t  end"
"""Text of several scripts, with what hardly a vocabulary holds."""


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
            f"the text yields a vocabulary of {entries} only: lower mixture.vocabulary from {vocabulary} to that or "
            "raise mixture.tokenizer_words and corpus.words_per_source"
        )
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """Reads a `tokenizer.json` of any kind and gives it the special tokens as entries 0, 1 and 2.

    Where it lacks them its own entries move up by three. What it would add to, cut from or pad a text with is taken
    out, and so is dropout, which only training needs: a shard holds the text and the end-of-text token, no more, and
    the same text always has the same tokens.

    Raises:
        ConfigError: If there is no such file, it is no tokenizer, its entries cannot be used, or there is text that it
            has no entry for; it names the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        parsed = _parsed(text, path)
        stated: dict[str, Any] = json.loads(text)
    except FileNotFoundError:
        raise ConfigError(f"there is no tokenizer at {path}") from None
    except (OSError, ValueError) as error:
        raise (
            error if isinstance(error, ConfigError) else ConfigError(f"{path} is no tokenizer.json: {error}")
        ) from None
    stated |= dict.fromkeys(("post_processor", "truncation", "padding"))
    stated["added_tokens"] = stated.get("added_tokens", [])
    stated["model"] |= {"type": type(parsed.model).__name__}
    if stated["model"]["type"] == "BPE":
        stated["model"] |= {"dropout": None}
    _check_entries(stated, path)
    _check_unknown(stated, path)
    _give_special_tokens(stated, path)
    tokenizer = _parsed(to_json(stated), path)
    _check_use(tokenizer, _entries(stated), path)
    return tokenizer


def _parsed(text: str, path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises plain Exception, and its panics are not even that
        raise ConfigError(f"{path} is no tokenizer.json: {error}") from None


def _entries(stated: Mapping[str, Any]) -> dict[str, int]:
    """The place of each entry, those of `added_tokens` among them."""
    model = stated["model"]
    unigram = model["type"] == "Unigram"
    entries = {token: place for place, (token, _) in enumerate(model["vocab"])} if unigram else model["vocab"]
    return {**entries, **{token["content"]: token["id"] for token in stated["added_tokens"]}}


def _check_entries(stated: Mapping[str, Any], path: Path) -> None:
    """Refuses entries whose places have holes, or are those of two."""
    places = sorted(_entries(stated).values())
    if not places:
        raise ConfigError(f"{path}: model.vocab has no entry")
    if places != list(range(min(len(places), _LARGEST))):
        twice = next((place for place, after in pairwise(places) if place == after), None)
        more = "" if twice is None else f"; {twice} is that of two"
        raise ConfigError(
            f"{path}: model.vocab and added_tokens have {len(places):,} entries up to {places[-1]:,}{more}: they must "
            f"be 0, 1, 2, ... below {_LARGEST:,}"
        )


def _check_unknown(stated: Mapping[str, Any], path: Path) -> None:
    """Refuses a tokenizer that would fail at, or silently drop, text that it has no entry for."""
    model = stated["model"]
    entries = {token for token, _ in model["vocab"]} if model["type"] == "Unigram" else set(model["vocab"])
    if model["type"] == "Unigram":
        key, unknown, known = "unk_id", model.get("unk_id"), model.get("unk_id") is not None
    else:
        key, unknown = "unk_token", model.get("unk_token")
        known = unknown in entries
    fallback = model["type"] == "BPE" and model.get("byte_fallback") and entries >= _BYTES
    if not known and not fallback and not (model["type"] in ("BPE", "Unigram") and _covers(stated, entries)):
        raise ConfigError(
            f"{path}: model.{key} is {to_json(unknown)}, which is no entry of model.vocab, and the entries do not "
            f"spell every text byte by byte: state as model.{key} the entry that stands for what is unknown"
        )


def _covers(stated: Mapping[str, Any], entries: set[str]) -> bool:
    """Whether text is cut into bytes first, and each byte has an entry, wherever in a word it stands."""
    if not any(part["type"] == "ByteLevel" for key in ("normalizer", "pre_tokenizer") for part in _parts(stated, key)):
        return False
    begins = {"", stated["model"].get("continuing_subword_prefix") or ""}
    ends = {"", stated["model"].get("end_of_word_suffix") or ""}
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return entries >= {f"{begin}{byte}{end}" for byte in alphabet for begin in begins for end in ends}


def _parts(stated: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """A normalizer or pre-tokenizer, or those that a sequence holds."""
    waiting = [stated.get(key)]
    while waiting:
        part = waiting.pop()
        if part and part["type"] == "Sequence":
            waiting += part.get("normalizers", part.get("pretokenizers", []))
        elif part:
            yield part


def _give_special_tokens(stated: dict[str, Any], path: Path) -> None:
    """Makes the special tokens entries 0, 1 and 2, which are found in prompts as they stand there."""
    model, kind = stated["model"], stated["model"]["type"]
    known = _entries(stated)
    found = [known.get(token) for token in SPECIAL_TOKENS]
    if found != [0, 1, 2]:
        if kind not in _SHIFTED or any(place is not None for place in found):
            raise ConfigError(
                f"{path} has {', '.join(SPECIAL_TOKENS)} as entries {found}: they must be 0, 1 and 2, or "
                f"absent from a tokenizer of the kinds {', '.join(_SHIFTED)}"
            )
        moved = len(SPECIAL_TOKENS)
        if kind == "Unigram":
            model["vocab"] = [*([token, 0.0] for token in SPECIAL_TOKENS), *model["vocab"]]
            model["unk_id"] = None if model.get("unk_id") is None else model["unk_id"] + moved
        else:
            shifted = {token: place + moved for token, place in model["vocab"].items()}
            model["vocab"] = {**{token: place for place, token in enumerate(SPECIAL_TOKENS)}, **shifted}
        stated["added_tokens"] = [{**token, "id": token["id"] + moved} for token in stated["added_tokens"]]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    stated["added_tokens"] = [
        *({"id": place, "content": token, **plain} for place, token in enumerate(SPECIAL_TOKENS)),
        *(token for token in stated["added_tokens"] if token["content"] not in SPECIAL_TOKENS),
    ]


def _check_use(tokenizer: Tokenizer, entries: Mapping[str, int], path: Path) -> None:
    """Refuses what the library reads otherwise than it is stated, or fails to encode with."""
    read = tokenizer.get_vocab(with_added_tokens=True)
    if differing := [token for token, place in entries.items() if read.get(token) != place]:
        token = differing[0]
        raise ConfigError(
            f"{path}: {token!r} is entry {entries[token]} in model.vocab or added_tokens, and is read as "
            f"{read.get(token)}: state added_tokens with the places behind those of model.vocab, in their order"
        )
    try:
        found = [tokenizer.encode(token).ids for token in SPECIAL_TOKENS]
        tokenizer.encode(_PROBE)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise ConfigError(f"{path} cannot encode text: {error}") from None
    if found != [[0], [1], [2]]:
        raise ConfigError(
            f"{path} reads {', '.join(SPECIAL_TOKENS)} as {found}, not as one entry each: an entry of added_tokens "
            "takes a part of them"
        )
