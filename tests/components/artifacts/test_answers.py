"""Answers come back as they were written."""

from pathlib import Path

import pytest
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
        suite=st.just("scenes"),
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


def test_each_suite_has_a_file_of_its_own(tmp_path: Path) -> None:
    def rows(suite: str) -> list[Answer]:
        one = Answer(f"{suite}-q", "visual", (-1.0, -2.0), 0, True, "i", "General", "f", "none", 0.5, "test", suite)
        return [one]

    alone, both = tmp_path / "alone", tmp_path / "both"
    for directory, answers in ((alone, rows("scenes")), (both, [*rows("mine"), *rows("scenes")])):
        produce(
            Answers, directory, Evaluate(), {}, lambda draft, answers=answers: write_answers(draft.path, answers, {})
        )  # type: ignore[misc]
    opened = Answers.open(both)
    assert opened.suites() == ["mine", "scenes"]
    assert opened.answers(suite="mine") == rows("mine")
    assert opened.answers() == [*rows("mine"), *rows("scenes")]
    place = "answers/scenes.parquet"
    assert (alone / place).read_bytes() == (both / place).read_bytes(), "another suite changes no byte of this one"


def test_a_score_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mean is nan: JSON has no such number"):
        write_answers(tmp_path, [], {"mean": float("nan")})
