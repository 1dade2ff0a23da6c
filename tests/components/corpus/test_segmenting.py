"""Segments join to their document and keep their size."""

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.corpus.segmenting import count_words, cut

TEXTS = st.text(st.sampled_from("ab \n.!,_1\u00e9"), max_size=300)


@given(TEXTS, st.integers(2, 20))
def test_segments_join_to_the_text_and_are_never_too_long(text: str, words: int) -> None:
    segments = cut(text, words, limit=1_000)
    assert "".join(segments) == (text if count_words(text) else "")
    assert all(0 < count_words(segment) <= words for segment in segments)
    assert sum(map(count_words, segments)) == count_words(text)


@given(TEXTS, st.integers(2, 20), st.integers(1, 4))
def test_the_limit_keeps_the_first_segments(text: str, words: int, limit: int) -> None:
    assert cut(text, words, limit) == cut(text, words, limit=1_000)[:limit]


def test_a_word_is_a_run_of_letters_or_a_mark() -> None:
    assert count_words("don't f(x_1), caf\u00e9!") == 10


def test_a_segment_ends_at_a_line_then_at_a_sentence_then_anywhere() -> None:
    assert cut("a b c\nd e f", 4, 9) == ["a b c\n", "d e f"]
    assert cut("a b. c d e f", 5, 9) == ["a b. ", "c d e f"]
    assert cut("a b c d e", 4, 9) == ["a b c d ", "e"]
