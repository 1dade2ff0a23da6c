"""How words stand in a sentence."""

_MASS = ("clothes", "paper")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
"""What several things in a row are called, each in its turn."""


def with_article(word: str) -> str:
    """A noun, with an adjective or not, after its indefinite article where it takes one."""
    if word in _MASS:
        return word
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"
