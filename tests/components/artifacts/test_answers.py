"""Answers come back as they were written."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.shared.config import StageConfig
from inkling.components.shared.store.store import produce
from inkling.models.sequence.views import VIEWS

rows = st.lists(
    st.builds(
        Answer,
        question_id=st.text(st.characters(codec="utf-8"), max_size=8),
        view=st.sampled_from(VIEWS),
        log_likelihoods=st.lists(st.floats(allow_nan=False), min_size=2, max_size=5).map(tuple),
        choice=st.integers(0, 4),
        correct=st.booleans(),
        image_id=st.just("image"),
        category=st.just("General"),
        family=st.just("colour"),
        size_bucket=st.just("none"),
        chance=st.floats(0, 1),
        split=st.sampled_from(["test", "validation"]),
    ),
    max_size=6,
)


class Evaluate(StageConfig):
    """Stands for the stage."""

    stage = "evaluate"


@given(answers=rows)
def test_answers_come_back(answers: list[Answer], tmp_path_factory) -> None:
    output: Path = tmp_path_factory.mktemp("made") / "answers"
    made = produce(Answers, output, Evaluate(), {}, lambda draft: write_answers(draft.path, answers, {"ties": 3}))
    opened = Answers.open(output)
    assert opened.answers() == answers
    assert opened.answers("blind", "test") == [one for one in answers if (one.view, one.split) == ("blind", "test")]
    assert opened.choices("visual") == {one.question_id: one.choice for one in answers if one.view == "visual"}
    assert opened.summary() == {"ties": 3}
    assert opened.digest == made.digest
