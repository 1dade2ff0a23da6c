r"""Text to the bytes of its tokens, the same as the tokenizer's, several times as fast where text repeats its words.

The byte-level pre-tokenizer of GPT-2 cuts text before anything else, and its pre-tokens hold white space at their
beginning only, so that a pre-token always ends where white space follows something else. A text may therefore be cut
there and its parts looked up among those that the tokenizer has seen before; only new ones are given to it. Other
tokenizers get the whole text. (Python counts \x1c to \x1f as white space, Unicode and the tokenizer do not.)
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from inkling.components.artifacts.indexed import IndexedDataset
from inkling.components.shared.runtime.partitions import Advance

_PARTS = re.compile(r"[^\S\x1c-\x1f]*[\S\x1c-\x1f]+|[^\S\x1c-\x1f]+")
_REMEMBERED = 200_000
"""Parts that are remembered, some 40 MB."""
_LONGEST = 32
"""Characters of a part that is remembered; longer ones seldom come again."""


class CachedTokenizer:
    """Encodes texts; text that reads like a special token stays text."""

    def __init__(self, tokenizer: Tokenizer, token_type: str) -> None:
        """Prepares a tokenizer.

        Args:
            tokenizer: The tokenizer.
            token_type: How a token is stored, as numpy writes it: "<u2" or "<i4".
        """
        tokenizer.encode_special_tokens = True
        self._tokenizer, self._type = tokenizer, token_type
        self._in_parts = in_parts(tokenizer)
        self._known: dict[str, bytes] = {}

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        """The tokens of each text, as bytes."""
        if not self._in_parts:
            return self._tokenized(texts)
        cut = [_PARTS.findall(text) for text in texts]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        known = self._known
        new = list({part: None for parts in cut for part in parts if part not in known})
        known.update(zip(new, self._tokenized(new), strict=True))
        encoded = [b"".join([known[part] for part in parts]) for parts in cut]
        for part in new:
            if len(part) > _LONGEST:
                del known[part]
        return encoded

    def _tokenized(self, texts: Sequence[str]) -> list[bytes]:
        return [np.array(found.ids, self._type).tobytes() for found in self._tokenizer.encode_batch_fast(list(texts))]


@dataclass(frozen=True)
class TokenFormat:
    """Which tokens are wanted.

    Attributes:
        tokenizer: Path of a `tokenizer.json`.
        digest: Digest of that file, for a process that has met another one at the same path.
        token_type: How a token is stored, as numpy writes it.
    """

    tokenizer: Path
    digest: str
    token_type: str


@dataclass(frozen=True)
class Ready:
    """Texts whose tokens another task has written.

    Attributes:
        prefix: Path of an indexed dataset, without suffix: a sequence a text.
        begin: The first of its sequences that is meant.
        end: The first behind them.
    """

    prefix: Path
    begin: int
    end: int


def encode(wanted: TokenFormat, texts: Sequence[str] | Ready, advance: Advance) -> list[bytes]:
    """The tokens of each text, as bytes, by an encoder that stays with the process.

    Args:
        wanted: Which tokens.
        texts: The texts.
        advance: Called with the texts that are done.
    """
    if isinstance(texts, Ready):
        written = _dataset(texts.prefix)
        encoded = [written[place].tobytes() for place in range(texts.begin, texts.end)]
    else:
        encoded = _encoder(wanted).encode(texts)
    advance(len(encoded))
    return encoded


def in_parts(tokenizer: Tokenizer) -> bool:
    """Whether the tokens of a text are those of its parts, one after another: GPT-2's way of cutting, and no other."""
    stated: dict[str, Any] = json.loads(tokenizer.to_str())
    cutting, model = stated["pre_tokenizer"] or {}, stated["model"]
    return (
        model["type"] == "BPE"
        and not model.get("dropout")
        and cutting.get("type") == "ByteLevel"
        and cutting.get("use_regex", True)
        and not cutting["add_prefix_space"]
        and not any(stated[stage] for stage in ("normalizer", "post_processor", "truncation", "padding"))
        and all(token["special"] for token in stated["added_tokens"])
    )


@lru_cache(maxsize=1)
def _encoder(wanted: TokenFormat) -> CachedTokenizer:
    return CachedTokenizer(Tokenizer.from_str(wanted.tokenizer.read_text()), wanted.token_type)


@lru_cache(maxsize=1)
def _dataset(prefix: Path) -> IndexedDataset:
    return IndexedDataset(prefix)
