"""Documents with pictures are read as they were written, and cut into pairs without losing a word."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.conversations import Turn, read_documents, read_turns, write_conversations
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.components.shared.store.manifest import ArtifactError

DOCUMENT = InterleavedDocument("d", ("b", "a"), ("", "A red bird.", "Unlike it, a car."))
TURN = Turn("b-caption", "b", "caption", "General", "object", "other", "Describe the picture.", "a bird")
IMAGES = [("b", b"second"), ("a", b"first")]
WORDS = st.text("ab ", max_size=8).map(lambda text: " ".join(text.split()))


@st.composite
def documents(draw: st.DrawFn) -> InterleavedDocument:
    """Any document of one to four pictures that says something."""
    count = draw(st.integers(1, 4))
    texts = draw(st.lists(WORDS, min_size=count + 1, max_size=count + 1).filter(any))
    return InterleavedDocument("d", tuple("wxyz"[:count]), tuple(texts))


def test_documents_stand_beside_turns_in_the_form_of_several_images(tmp_path: Path) -> None:
    write_conversations(tmp_path, IMAGES, [TURN], documents=[DOCUMENT])
    assert read_turns(tmp_path) == [TURN]
    assert read_documents(tmp_path) == [DOCUMENT]
    _, entry = json.loads((tmp_path / "conversations.json").read_text())
    assert entry == {
        "id": "d",
        "image": ["b", "a"],
        "kind": "interleaved",
        "conversations": [{"from": "gpt", "value": "<image>\nA red bird. <image>\nUnlike it, a car."}],
    }


@given(documents())
def test_a_document_is_read_as_it_was_written(document: InterleavedDocument) -> None:
    assert InterleavedDocument.from_llava(document.to_llava()) == document


@given(documents())
def test_pairs_have_every_picture_before_its_text_and_every_word_of_the_document(document: InterleavedDocument) -> None:
    pairs = document.pairs()
    assert all(len(pair.image_ids) == 1 for pair in pairs)
    shown = [pair.image_ids[0] for pair in pairs]
    assert shown == list(document.image_ids)[: len(shown)], (
        "only pictures at the end that nothing is said about are left"
    )
    for pair, number in zip(pairs, range(len(pairs)), strict=True):
        assert pair.texts[0] == (document.texts[0] if number == 0 else "")
        assert pair.texts[1] == next((text for text in document.texts[number + 1 :] if text), "")
    assert {text for pair in pairs for text in pair.texts} | {""} == {*document.texts, ""}


def test_a_picture_in_a_row_with_another_gets_the_text_behind_both() -> None:
    document = InterleavedDocument("d", ("w", "x", "y"), ("before", "", "behind", ""))
    assert [(one.id, one.image_ids, one.texts) for one in document.pairs()] == [
        ("d-0", ("w",), ("before", "behind")),
        ("d-1", ("x",), ("", "behind")),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": "b"}, "`image` lists its pictures"),
        ({"image": ["b"]}, "1 pictures and 3 texts"),
        ({"image": []}, "0 pictures"),
        ({"conversations": [{"from": "human", "value": "<image> a <image>"}]}, "one message of gpt"),
        ({"conversations": [{"from": "gpt", "value": "<image> <image>"}]}, "needs a picture, a text"),
        ({"conversations": []}, "cannot be read"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_conversations(tmp_path, IMAGES, [], documents=[DOCUMENT])
    path = tmp_path / "conversations.json"
    (entry,) = json.loads(path.read_text())
    path.write_text(json.dumps([{**entry, **change}]))
    with pytest.raises(ArtifactError, match=message):
        read_documents(tmp_path)
