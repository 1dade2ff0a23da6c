"""Families are asked in several ways, and no way that is held out is taught."""

import pytest

from inkling.components.scenes.phrasings import MOST, held_out, taught
from inkling.components.scenes.queries import FAMILIES, Query

ASKED = [*(family for family in FAMILIES if family != "fact"), "fact-use", "fact-place"]
SUBJECTS = {"relation": ("insect", "car"), "chart": ("lowest",), "size": ("smallest",)}


@pytest.mark.parametrize("family", ASKED)
def test_a_family_has_its_phrasings(family: str) -> None:
    subject = SUBJECTS.get(family, ("insect",))
    said = [one.text(subject) for one in taught(family)]
    kept = [one.text(subject) for one in held_out(family)]
    assert len(set(said)) == MOST and len(set(kept)) >= 2 and not set(said) & set(kept)
    assert all(text[0].isupper() and text.endswith("?") and "{" not in text for text in [*said, *kept])
    names = [one.name for one in [*taught(family), *held_out(family)]]
    assert len(set(names)) == len(names)
    if family in ("relation", "position", "colour", "existence"):
        assert all(subject[0] in text for text in [*said, *kept])


def test_the_headline_asks_in_the_first_phrasing() -> None:
    assert Query("existence", ("insect",)).text == "Is there an insect in the picture?"
    assert Query("fact", ("place",)).text == "Where would you find it?"
