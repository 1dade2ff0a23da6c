"""The Tokens artifact: packed token shards, how they blend, and their tokenizer.

A training shard holds the text of a source or, where the recipe names labels, of a source-and-label cell; a held-out
shard holds that of a source.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from inkling.components.artifacts.corpus import Split
from inkling.components.artifacts.indexed import IndexedDataset
from inkling.components.shared.config import unknown
from inkling.components.shared.store.artifact import Artifact, write_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BLEND, SOLUTION, TOKENIZER = "blend.json", "solution.json", "tokenizer/tokenizer.json"
MEGATRON = "blend.txt"
"""The training shards as Megatron's `--data-args-path` and NeMo's `data_prefix` want them."""


@dataclass(frozen=True)
class TrainShard:
    """A part of the training text.

    Attributes:
        weight: Share of the training tokens that is drawn from this shard.
        tokens: Tokens in the shard, an end-of-text token after each document.
        documents: Documents in the shard.
        repetition: How often the shard is read while the token budget is spent.
    """

    weight: float
    tokens: int
    documents: int
    repetition: float


@dataclass(frozen=True)
class HeldoutShard:
    """A source's held-out text.

    Attributes:
        tokens: Tokens in the shard, an end-of-text token after each document.
        documents: Documents in the shard.
        bytes: UTF-8 bytes of its text, for scores that do not depend on the tokenizer.
    """

    tokens: int
    documents: int
    bytes: int


@dataclass(frozen=True)
class Blend:
    """How the shards make up the mixture.

    Attributes:
        recipe: Name of the recipe or what it states; "custom" for a user's own shares.
        vocabulary: Entries of the tokenizer, special tokens included.
        token_budget: Training tokens for which the repetitions are stated.
        train: The shards of the recipe, by source or cell; their weights sum to 1.
        heldout: The held-out shards, by source: every source of the corpus, in the recipe or not.
    """

    recipe: str
    vocabulary: int
    token_budget: int
    train: dict[str, TrainShard]
    heldout: dict[str, HeldoutShard]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads `blend.json`."""
        raw = json.loads(path.read_text())
        train = {name: TrainShard(**shard) for name, shard in raw.pop("train").items()}
        heldout = {name: HeldoutShard(**shard) for name, shard in raw.pop("heldout").items()}
        return cls(train=train, heldout=heldout, **raw)

    def write(self, path: Path) -> None:
        """Writes `blend.json`."""
        write_json(path, dataclasses.asdict(self))

    def megatron(self) -> str:
        """Text of `blend.txt`: weight and prefix of each training shard, relative to the artifact, a shard a line."""
        return "".join(f"{shard.weight!r} train/{name}\n" for name, shard in self.train.items())


@dataclass(frozen=True)
class Solution:
    """How a recipe by labels was met.

    Attributes:
        wanted: Share wanted of each label that the recipe names; empty for a path, which is a mean of two solutions.
        achieved: Share of the tokens with each label and family.
        sources: Share of the tokens from each source.
        divergence: Kullback-Leibler divergence from the base, nats; 0 for a path.
        pool_words: Words of training text in the portions.
        effective_words: Words of a text without repetition that average as well: 1 / sum(weight^2 / words), after Kish.
    """

    wanted: dict[str, float]
    achieved: dict[str, float]
    sources: dict[str, float]
    divergence: float
    pool_words: int
    effective_words: float

    def write(self, path: Path) -> None:
        """Writes `solution.json`."""
        write_json(path, dataclasses.asdict(self))


class Tokens(Artifact):
    """Packed tokens of a mixture."""

    type: ClassVar[str] = "Tokens"

    def blend(self) -> Blend:
        """How the shards make up the mixture."""
        return Blend.read(self.path / BLEND)

    def data_prefix(self) -> list[str]:
        """Weight and absolute prefix of each training shard in turn: Megatron's `--data-path`, NeMo's `data_prefix`."""
        words = self.blend().megatron().split()
        return [str(self.path.resolve() / word) if place % 2 else word for place, word in enumerate(words)]

    def solution(self) -> Solution | None:
        """How shares by label were met; None where the recipe names no labels."""
        path = self.path / SOLUTION
        return Solution(**json.loads(path.read_text())) if path.exists() else None

    def dataset(self, source: str, split: Split) -> IndexedDataset:
        """A shard: a sequence per segment, a document per document.

        Raises:
            ConfigError: If there is no such shard; it names those that there are.
        """
        blend = self.blend()
        shards = blend.train if split == "train" else blend.heldout
        if source not in shards:
            raise unknown(f"{split} shard", source, shards)
        return IndexedDataset(shard(self.path, source, split))

    def tokenizer(self) -> "Tokenizer":
        """The tokenizer that made the tokens."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.path / TOKENIZER))


def shard(directory: Path, source: str, split: Split) -> Path:
    """Path of a shard's two files without their suffix."""
    return directory / split / source
