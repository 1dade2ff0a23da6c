"""An explanation is answered by its conclusion, and what it weighs on the way decides nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.questions import Question
from inkling.components.evaluate.contract import Asked
from inkling.components.evaluate.inference import METHODS
from inkling.components.evaluate.inference.explain import conclusion
from inkling.tests.components.evaluate.test_methods import ASKED, Model

COLOURS = ["red", "green", "blue"]
QUESTION = Question("q", "i", "j", "Which colour?", COLOURS, "red", "General", "kind", "none", "test")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("It is not red, since red is warm. It could be green. The answer is C.", 2),
        ("(A) is out. (B) is out. So the answer is C. blue", 2),
        ("Green would be brighter than blue.\nSo it must be red", 0),
        ("An answer needs reasons. Red or green? The answer is green.", 1),
        ("The answer is red or green.", None),
        ("Red is warm, green is cold, blue is colder still", None),
        ("I see a picture.", None),
        ("", None),
    ],
)
def test_the_conclusion_decides(text: str, choice: int | None) -> None:
    model = Model(says=text)
    (reply,) = METHODS.read("explain").build().reply(model, [Asked(QUESTION, (0, 1, 2))], None)
    assert (reply.choice, reply.text) == (choice, text)
    assert model.asked[0].startswith("Which colour?\nA. red\nB. green\nC. blue\nExplain in detail")


@given(st.text(max_size=80))
def test_a_conclusion_stands_in_the_text(text: str) -> None:
    assert conclusion(text) in text


def test_it_needs_no_likelihoods_and_says_that_it_explains() -> None:
    spec = METHODS.read("explain")
    assert (spec.scores, spec.explains, spec.max_new_tokens) == (False, True, 128)
    assert [name for name in METHODS.names() if METHODS.read(name).explains] == ["explain"]
    assert len(spec.build().prompt(ASKED)) > len(ASKED.question.question)
