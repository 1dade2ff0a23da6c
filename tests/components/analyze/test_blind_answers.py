"""The rubric of blind answers, on answers whose kind is plain."""

import pytest

from inkling.components.analyze.blind_answers import blind_answers
from inkling.components.artifacts.annotations import AnnotatedObject, ImageAnnotation
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question


def thing(word: str) -> AnnotatedObject:
    return AnnotatedObject("object", word, "", "", (0, 0, 1, 1), 0.1)


ANNOTATIONS = {
    "i": ImageAnnotation("i", 8, 8, (thing("cat"),)),
    "j": ImageAnnotation("j", 8, 8, (thing("dog"), thing("boat"))),
}


@pytest.mark.parametrize(
    ("text", "kind", "absent"),
    [
        ("A cat on a mat.", "commits", 0),
        ("Two dogs play.", "commits", 1),
        ("The bird and the dog, and a boat.", "commits", 1),
        ("I cannot see the image.", "abstains", 0),
        ("I'm sorry, but I can't view pictures.", "abstains", 0),
        ("There is no image here, so I do not know.", "abstains", 0),
        ("I am not able to tell without an image of the dog", "abstains", 1),
        ("", "undecidable", 0),
        ("a dogma", "commits", 0),
    ],
)
def test_each_kind(text: str, kind: str, absent: int) -> None:
    question = Question(
        "q", "i", "j", "What is beside the boat?", [], "cat", "General", "f", "none", "test", answers=["cat"]
    )
    answer = Answer("q", "blind", (), -1, False, "i", "General", "f", "none", 0.0, "test", method="generate", text=text)
    found = blind_answers([answer], {"q": question}, ANNOTATIONS)
    assert {name: getattr(found, name) for name in ("commits", "abstains", "undecidable")} == {
        name: int(name == kind) for name in ("commits", "abstains", "undecidable")
    }
    assert (found.annotated, found.absent) == (1, absent)


def test_only_generated_blind_answers_are_read() -> None:
    question = Question("q", "k", "j", "What?", ["cat", "dog"], "cat", "General", "f", "none", "test")
    given = {"question_id": "q", "log_likelihoods": (), "correct": False, "image_id": "k", "category": "General"}
    rest = {"family": "f", "size_bucket": "none", "chance": 0.5, "split": "test"}
    answers = [
        Answer(**given, **rest, view="visual", choice=0, method="generate", text="cat"),  # type: ignore[arg-type]
        Answer(**given, **rest, view="blind", choice=0),  # type: ignore[arg-type]
        Answer(**given, **rest, view="blind", choice=1, method="generate", text="I don't know, dog"),  # type: ignore[arg-type]
        Answer(**given, **rest, view="blind", choice=-1, method="generate", text="Well."),  # type: ignore[arg-type]
    ]
    found = blind_answers(answers, {"q": question}, ANNOTATIONS)
    assert (found.answers, found.commits, found.abstains, found.undecidable) == (2, 1, 0, 1)
    assert found.annotated == 0
