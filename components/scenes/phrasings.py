"""How questions are worded: several phrasings a family, a part of them held out of training."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from inkling.components.shared.wording import with_article

_PATH = Path(__file__).with_name("phrasings.yaml")
MOST = 4
"""Phrasings of a family that training may use."""


@dataclass(frozen=True)
class Phrasing:
    """A way to ask.

    Attributes:
        name: What it is called, such as `colour-2` or `colour-held-out-1`.
        template: Its text, with the words asked about as `{0}` and `{1}`, and `{a0}` with the article.
    """

    name: str
    template: str

    def text(self, subject: tuple[str, ...]) -> str:
        """The question about some words."""
        asked = self.template.format(*subject, a0=with_article(subject[0]) if subject else "")
        return asked[0].upper() + asked[1:]


@cache
def taught(family: str) -> tuple[Phrasing, ...]:
    """What training may ask, the headline suite's phrasing first.

    Args:
        family: The family; facts are `fact-use` and `fact-place`.
    """
    return tuple(Phrasing(f"{family}-{number}", text) for number, text in enumerate(_read()[family]["taught"]))


@cache
def held_out(family: str) -> tuple[Phrasing, ...]:
    """What no training turn asks."""
    return tuple(
        Phrasing(f"{family}-held-out-{number}", text) for number, text in enumerate(_read()[family]["held_out"])
    )


@cache
def _read() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = yaml.safe_load(_PATH.read_text())
    return table
