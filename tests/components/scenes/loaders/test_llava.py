"""LLaVA's JSON becomes turns: several a conversation, with a picture or without; the rest is refused by reason."""

from pathlib import Path
from typing import Any

import pytest

from inkling.components.scenes.loaders import LOADERS
from inkling.components.scenes.loaders.contract import Example, Loader, RecordError
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.prompt import prompt_text
from inkling.models.sequence.special_tokens import BOS


def said(*texts: Any) -> list[dict[str, Any]]:
    return [{"from": ("human", "gpt")[place % 2], "value": text} for place, text in enumerate(texts)]


def record(*texts: Any, **more: Any) -> dict[str, Any]:
    return {"id": "r", "image": "0.jpg", "conversations": said(*texts), **more}


def loader(**settings: Any) -> Loader:
    return LOADERS.find("llava").model_construct(path=("mine.json",), **settings).build()


def example(value: Any, **settings: Any) -> Example:
    (found,) = loader(**settings).examples(value)
    assert isinstance(found, Example)
    return found


@pytest.mark.parametrize(
    "asked",
    ["<image>\nWhat is it?", "What is it?\n<image>", "What <image> is it?", "What is it?", "<image> What is it?"],
)
def test_the_image_may_stand_anywhere_in_the_first_request(asked: str) -> None:
    found = example(record(asked, " A cat. "))
    assert (found.id, found.image, found.said[0].answer) == ("r", "0.jpg", "A cat.")
    assert prompt_text(found.said[0].question) == f"{BOS}Question: What is it? Answer:"
    assert (found.said[0].kind, found.said[0].tag, found.said[0].family) == ("instruct", "other", "llava")


def test_a_later_request_comes_with_what_was_said_before_it_or_alone() -> None:
    value = record("<image>\nWhat is it?", "a cat", "Which colour?", "black", "And its eyes?", "green")
    history, alone = example(value), example(value, history=False)
    assert [one.answer for one in history.said] == [one.answer for one in alone.said] == ["a cat", "black", "green"]
    assert [one.question for one in alone.said] == ["What is it?", "Which colour?", "And its eyes?"]
    assert prompt_text(history.said[2].question) == (
        f"{BOS}Question: What is it? Answer: a cat Question: Which colour? Answer: black "
        "Question: And its eyes? Answer:"
    )


def test_a_record_without_an_image_is_text_alone() -> None:
    value = record("Add one to two.", "three")
    for changed in ({}, {"image": None}, {"images": None, "image": None}):
        text = {**{key: item for key, item in value.items() if key != "image"}, **changed}
        assert example(text).image == ""


def test_a_caption_without_a_request_gets_one() -> None:
    found = example(record("<image>", "a red cat"), kind="caption")
    assert (found.said[0].question, found.said[0].kind) == ("Describe the picture.", "caption")


def test_a_system_message_before_the_first_request_is_dropped() -> None:
    value = record("Which?", "that")
    value["conversations"].insert(0, {"from": "system", "value": "Be brief."})
    assert [one.question for one in example(value).said] == ["Which?"]


def test_what_our_own_file_says_of_a_turn_is_read() -> None:
    own = {"kind": "caption", "category": "Vision-Centric", "family": "colour", "tag": "perception"}
    found = example(record("Which?", "red", **own))
    assert vars(found.said[0]) == {"question": "Which?", "answer": "red", **own}
    other = example(record("Which?", "red", category="conv", tag=["x"], kind="x"), category="Knowledge")
    assert (other.said[0].category, other.said[0].tag) == ("Knowledge", "other")


@pytest.mark.parametrize(
    ("value", "message", "fault"),
    [
        ([], "no object", None),
        ({}, "no list of what", None),
        (record(), "must take turns", None),
        (record("Which?"), "must take turns", None),
        ({"conversations": said("a", "b")[::-1]}, "must take turns", None),
        ({"conversations": [*said("a", "b"), {"from": "gpt", "value": "c"}]}, "must take turns", None),
        ({"conversations": ["a", "b"]}, "no list of what", None),
        (record("<image>\n<image>\nWhich differs?", "the first"), "<image> 2 times", "several_images"),
        (record("Which?", "that", image=["0.jpg", "1.jpg"]), "names 2 pictures", "several_images"),
        (record("Which?", "that", image=3), "no name of a picture", None),
        (record("Which?", "that", image=" "), "no name of a picture", None),
        (record("Which?", "that", video="a.mp4"), "about a video", "video"),
        ({"conversations": said("<image>\nWhich?", "that")}, "names no picture", None),
        (record("Which?", "that", "And <image>?", "this"), "elsewhere than in the first request", None),
        (record("Which?", "<image>"), "elsewhere than in the first request", None),
        (record("Which?", "  "), "what gpt says in place 2 is empty", None),
        (record("Which?", None), "what gpt says in place 2 is no text", None),
        (record("Which? \ud83d", "that"), "what human says in place 1 holds half a character", None),
        (record("Which?", "that<|eos|>"), r"what gpt says in place 2 holds <\|eos\|>", None),
    ],
)
def test_what_cannot_be_used_is_refused_by_reason(value: Any, message: str, fault: str | None) -> None:
    with pytest.raises(RecordError, match=message) as refused:
        loader().examples(value)
    assert refused.value.fault == fault


def test_one_picture_in_a_list_is_that_picture() -> None:
    assert example(record("<image>Which?", "that", image=["0.jpg"])).image == "0.jpg"
    assert example({**record("Which?", "that", images=["1.jpg"]), "image": None}).image == "1.jpg"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "path"),
        ({"path": "none.json"}, "there is no file 'none.json'"),
        ({"path": []}, "path"),
        ({"path": "FILE", "images": "nowhere"}, "images: there is no folder 'nowhere'"),
        ({"path": "FILE", "kind": "story"}, "kind"),
        ({"path": "FILE", "pictures": "."}, "unknown key.*images"),
        ({"path": "FILE"}, "none of the first 1 records can be used: mine.json, record 1: it names the picture"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_any_work(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        '[{"image": "0.jpg", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}]'
    )
    stated = {key: str(path) if value == "FILE" else value for key, value in settings.items()}
    with pytest.raises(ConfigError, match=message):
        LOADERS.read({"type": "llava", **stated})
