"""The wrong image comes from the same suite, by seed, and shows another answer where there is one."""

from inkling.components.artifacts.questions import Question
from inkling.components.suites.mismatch import draw_mismatched
from inkling.models.vision.preprocess import decode


def asked(number: int, answer: str, family: str, split: str = "test") -> Question:
    return Question(
        f"q{number}", f"i{number}", "", "?", ["yes", "no"], answer, "General", family, "none", split, "mine"  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_image_is_of_the_family_and_of_another_answer() -> None:
    questions = [asked(n, ("yes", "no")[n % 2], ("a", "b")[n // 4]) for n in range(8)]
    images = {f"i{n}": b"x" for n in range(8)}
    drawn, kept = draw_mismatched(questions, images, "mine", seed=0)
    assert kept == images
    by_image = {one.image_id: one for one in questions}
    for one in drawn:
        other = by_image[one.mismatched_image_id]
        assert (other.family, other.answer != one.answer) == (one.family, True)


def test_the_seed_decides() -> None:
    questions = [asked(n, ("yes", "no")[n % 2], "a") for n in range(20)]
    images = {f"i{n}": b"x" for n in range(20)}
    draws = [[one.mismatched_image_id for one in draw_mismatched(questions, images, "mine", s)[0]] for s in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_where_no_other_answer_is_shown_any_other_image_does() -> None:
    questions = [asked(0, "yes", "a"), asked(1, "yes", "b", "validation")]
    drawn, _ = draw_mismatched(questions, {"i0": b"x", "i1": b"y"}, "mine", 0)
    assert [one.mismatched_image_id for one in drawn] == ["i1", "i0"]


def test_a_suite_of_one_image_gets_a_grey_one() -> None:
    drawn, images = draw_mismatched([asked(0, "yes", "a")], {"i0": b"x"}, "mine", 0)
    assert drawn[0].mismatched_image_id == "mine/grey"
    assert decode(images["mine/grey"]).getpixel((0, 0)) == (128, 128, 128)
