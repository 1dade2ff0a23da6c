"""Interleaved documents are kept whole, or become a turn a picture, which together say them from their first one on."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.scenes.loaders import LOADERS
from inkling.components.scenes.loaders.account import ACCOUNTS
from inkling.components.scenes.loaders.contract import REQUEST, DocumentExample, Example, RecordError
from inkling.components.shared.config import ConfigError


def document(count: int, *places: Any, **more: Any) -> dict[str, Any]:
    pictures = [{"image_name": f"{number}.jpg", "matched_text_index": place} for number, place in enumerate(places)]
    return {"text_list": [f"Sentence {number}." for number in range(count)], "image_info": pictures, **more}


def examples(value: Any, **settings: Any) -> list[Example | RecordError]:
    return LOADERS.find("interleaved").model_construct(path=("mine.jsonl",), **settings).build().examples(value)


def test_each_picture_stands_before_its_sentence_and_after_the_text_before_it() -> None:
    found = examples(document(5, 3, 1, id="d"))
    assert [(one.id, one.image) for one in found] == [("d", "1.jpg"), ("d", "0.jpg")]
    assert [(one.said[0].question, one.said[0].answer) for one in found] == [
        ("Sentence 0.", "Sentence 1. Sentence 2."),
        ("Sentence 0. Sentence 1. Sentence 2.", "Sentence 3. Sentence 4."),
    ]
    assert {(one.said[0].kind, one.said[0].family) for one in found} == {("caption", "interleaved")}


@given(data=st.data(), count=st.integers(1, 8))
def test_the_answers_say_the_document_from_its_first_picture_on(data: st.DataObject, count: int) -> None:
    places = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5, unique=True))
    found = examples(document(count, *places))
    said = " ".join(one.said[0].answer for one in found)
    assert said == " ".join(f"Sentence {number}." for number in range(min(places), count))
    for one in found:
        assert one.said[0].question == REQUEST or one.said[0].question.startswith("Sentence 0.")


def test_pictures_of_one_sentence_each_get_it() -> None:
    found = examples(document(2, 0, 0))
    assert [one.said[0].answer for one in found] == ["Sentence 0. Sentence 1."] * 2


def test_the_words_before_and_after_a_picture_are_limited() -> None:
    (found,) = examples(document(9, 5), before_words=3, answer_words=2)
    assert (found.said[0].question, found.said[0].answer) == ("3. Sentence 4.", "Sentence 5.")
    (found,) = examples(document(9, 5), before_words=0)
    assert found.said[0].question == REQUEST


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "no document with"),
        (document(2), "it has no picture"),
        ({**document(2, 1), "text_list": ["a", ""]}, "sentence 2 is empty"),
        ({**document(2, 1), "text_list": "a"}, "no document with"),
    ],
)
def test_what_is_no_document_is_refused(value: Any, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        examples(value)


def test_of_a_document_the_pictures_that_can_be_used_are_taken() -> None:
    value = document(3, 1, 7, None, True, "1", 2)
    value["image_info"][5]["image_name"] = None
    value["image_info"].append("no object")
    found = examples(value)
    assert [one.image for one in found if isinstance(one, Example)] == ["0.jpg"]
    reasons = [str(one) for one in found if isinstance(one, RecordError)]
    assert len(reasons) == 6 and "`matched_text_index` is 7, no number of its 3 sentences" in reasons[0]
    assert reasons[-1] == "a picture has no `image_name`"


def test_documents_are_loaded_with_their_pictures(load: Any, tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    texts = [document(4, 0, 2), document(3, 1), document(2, 0, 1)]
    texts[2]["image_info"][1]["image_name"] = "gone.jpg"
    path.write_text("\n".join(map(json.dumps, texts)))
    made = load(type="interleaved", path=str(path), leave_out=["missing"])
    assert len(made.turns()) == 4 and len(made.images()) == 2
    assert len({turn.id for turn in made.turns()}) == 4
    (account,) = json.loads((made.path / ACCOUNTS).read_text())
    assert account["left_out"] == {"missing": 1} and account["taken"] == 4


@given(data=st.data(), count=st.integers(1, 8))
def test_a_whole_document_has_each_picture_before_its_sentence(data: st.DataObject, count: int) -> None:
    places = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5))
    (found,) = examples(document(count, *places, id="d"), form="documents")
    assert isinstance(found, DocumentExample)
    assert " ".join(text for text in found.texts if text) == " ".join(f"Sentence {number}." for number in range(count))
    for place, image in enumerate(found.images):
        behind = next(text for text in found.texts[place + 1 :] if text)
        assert behind.startswith(f"Sentence {places[int(image.removesuffix('.jpg'))]}.")


def test_of_a_whole_document_the_pictures_that_can_be_used_are_taken() -> None:
    value = document(3, 1, 7, 2)
    value["image_info"][2]["image_name"] = None
    *errors, found = examples(value, form="documents")
    assert (found.images, found.texts) == (("0.jpg",), ("Sentence 0.", "Sentence 1. Sentence 2."))
    assert [str(error) for error in errors][-1] == "a picture has no `image_name`" and len(errors) == 2


def test_whole_documents_are_loaded_without_the_pictures_that_are_gone(load: Any, tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    texts = [document(4, 0, 2, id="a"), document(3, 1, 1, 2, id="b"), document(2, 0, id="c")]
    texts[1]["image_info"][1]["image_name"] = "gone.jpg"
    texts[2]["image_info"][0]["image_name"] = "gone.jpg"
    path.write_text("\n".join(map(json.dumps, texts)))
    made = load(type="interleaved", form="documents", path=str(path), leave_out=["missing"])
    names = list(made.images())
    assert made.turns() == [] and len(names) == 3
    assert [(one.id, one.image_ids, one.texts) for one in made.documents()] == [
        ("a", (names[0], names[1]), ("", "Sentence 0. Sentence 1.", "Sentence 2. Sentence 3.")),
        ("b", (names[0], names[2]), ("Sentence 0.", "Sentence 1.", "Sentence 2.")),
    ]
    (account,) = json.loads((made.path / ACCOUNTS).read_text())
    assert account["left_out"] == {"missing": 2} and account["taken"] == 4
    again = load(json.loads((made.path / "conversations.json").read_text()), images=str(stored(made, tmp_path)))
    assert again.documents() == made.documents(), "an artifact's own file can be read again"


def stored(made: Any, tmp_path: Path) -> Path:
    """A folder with the pictures of an artifact."""
    folder = tmp_path / "stored"
    folder.mkdir()
    for name, data in made.images().items():
        (folder / name).write_bytes(data)
    return folder


def test_long_documents_are_left_out_and_settings_of_turns_refused(load: Any, tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text("\n".join(json.dumps(document(count, 0, id=str(count))) for count in (2, 5)))
    made = load(type="interleaved", form="documents", path=str(path), max_words=6)
    assert [one.id for one in made.documents()] == ["2"]
    with pytest.raises(ConfigError, match="before_words describes turns, and 'form: documents' makes none"):
        load(type="interleaved", form="documents", path=str(path), before_words=3)
