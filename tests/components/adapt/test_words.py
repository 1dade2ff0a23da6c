"""Which caption words become labels."""

import pytest
from tokenizers import Tokenizer

from inkling.components.adapt.words import caption_words


def test_words_that_tell_images_apart_are_kept(tokenizer: Tokenizer) -> None:
    captions = ["a red square", "a green square", "a Blue square", "a red circle"] * 50 + ["a unique square"]
    found = caption_words(captions, tokenizer)
    assert found.words == ("blue", "circle", "green", "red", "unique"), "'a' and 'square' stand nearly everywhere"
    assert found.present[0].tolist() == [False, False, False, True, False]
    assert found.present[2].tolist() == [True, False, False, False, False]


def test_rare_words_are_left_out(tokenizer: Tokenizer) -> None:
    found = caption_words(["red", "green"] * 250 + ["once"], tokenizer)
    assert found.words == ("green", "red")


def test_pieces_are_those_of_the_word_after_a_space(tokenizer: Tokenizer) -> None:
    found = caption_words(["red cat", "green"] * 3, tokenizer)
    for word, pieces in zip(found.words, found.pieces, strict=True):
        assert tokenizer.decode([int(piece) for piece in pieces if piece >= 0]) == f" {word}"
    assert (found.pieces >= 0).sum(1).max() > 1, "'cat' was not in the tokenizer's text"


def test_captions_without_such_words_are_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="no word stands in"):
        caption_words(["same here", "same here"], tokenizer)
