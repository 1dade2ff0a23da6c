"""Text as it is sent: whole characters, up to the first stop string, in whatever pieces the tokens come."""

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.serve.request import TokenLogprob
from inkling.components.serve.writing import Writer


class Pieces:
    """Tokens that are made for a test: the bytes of each."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __getitem__(self, token: int) -> bytes:
        return self.pieces[token]


def written(pieces: list[bytes], stop: tuple[str, ...], strip: bool = False) -> tuple[list[str], list[int], bool]:
    """The texts that are sent, the tokens that are explained, and whether a stop string was met."""
    writer = Writer(Pieces(pieces), stop, strip)  # type: ignore[arg-type]
    texts, tokens = [], []
    for token in range(len(pieces)):
        text, logprobs = writer.add(token, TokenLogprob(token, "", b"", 0.0))
        texts.append(text)
        tokens += [one.id for one in logprobs]
        if writer.stopped:
            return texts, tokens, True
    text, logprobs = writer.end()
    return [*texts, text], tokens + [one.id for one in logprobs], False


def cut(text: str, stop: tuple[str, ...]) -> str:
    places = [place for one in stop if one and (place := text.find(one)) >= 0]
    return text[: min(places, default=len(text))]


TEXT = st.text("abé€😀 ", max_size=20)
STOPS = st.lists(st.text("abé ", min_size=1, max_size=4), max_size=3).map(tuple)


@given(TEXT, STOPS, st.data())
def test_pieces_make_the_text_up_to_the_first_stop_string(
    text: str, stop: tuple[str, ...], data: st.DataObject
) -> None:
    raw = text.encode()
    ends = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:end] for start, end in zip([0, *ends], [*ends, len(raw)], strict=True)]
    texts, tokens, stopped = written(pieces, stop)
    expected = cut(text, stop)
    assert stopped == (expected != text)
    # of stop strings that overlap, the one whose end comes first ends the text: it may begin later than another
    assert "".join(texts).startswith(expected)
    assert not any(one in "".join(texts) for one in stop)
    assert tokens == sorted(set(tokens))
    if not stopped:
        assert tokens == list(range(len(pieces)))


def test_what_may_begin_a_stop_string_waits() -> None:
    assert written([b"one", b"\n", b"\ntwo"], ("\n\n",)) == (["one", "", ""], [0], True)
    assert written([b"one", b"\n", b"two"], ("\n\n",)) == (["one", "", "\ntwo", ""], [0, 1, 2], False)


def test_bytes_wait_until_they_are_a_character() -> None:
    assert written([b"\xe2", b"\x82", b"\xac"], ())[0] == ["", "", "€", ""]
    assert written([b"a\xe2", b"\x82"], ())[0] == ["a", "", "�"]


def test_white_space_in_front_is_left_out_if_wanted() -> None:
    assert "".join(written([b" ", b" a", b" b"], (), strip=True)[0]) == "a b"
    assert "".join(written([b" ", b" a", b" b"], ())[0]) == "  a b"
