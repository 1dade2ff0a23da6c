"""Turns that are left out: as many as stated, of the tag, nested, and never a caption."""

import pytest
from pydantic import ValidationError

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.drop import dropped, kept_images
from inkling.components.adapt.recipe import Drop
from inkling.components.artifacts.conversations import Turn

TAGS = ("perception", "reasoning", "other")
TURNS = {
    f"image{number}": [
        Turn(f"{number}-caption", f"image{number}", "caption", "General", "scene", "perception", "Describe.", "a"),
        *(Turn(f"{number}-{tag}", f"image{number}", "instruct", "General", tag, tag, "What?", "a") for tag in TAGS),
    ]
    for number in range(40)
}


def left(seed: int = 0, **drop: float) -> dict[str, set[str]]:
    """The names of the instruction turns that stay, by tag."""
    stay, _ = dropped(TURNS, Drop(**drop), seed)
    turns = [turn for several in stay.values() for turn in several]
    assert sum(turn.kind == "caption" for turn in turns) == len(TURNS)
    return {tag: {turn.id for turn in turns if turn.kind == "instruct" and turn.tag == tag} for tag in TAGS}


@pytest.mark.parametrize("tag", ["perception", "reasoning"])
def test_shares_of_a_tag_are_nested_and_leave_the_others_alone(tag: str) -> None:
    all_of, half, none = (left(**{tag: share}) for share in (0.0, 0.5, 1.0))
    assert [len(one[tag]) for one in (all_of, half, none)] == [40, 20, 0]
    assert left(**{tag: 0.25})[tag] > half[tag]
    assert all(half[other] == all_of[other] == none[other] for other in TAGS if other != tag)
    assert left(seed=1, **{tag: 0.5})[tag] != half[tag]


def test_the_control_leaves_out_as_many_of_any_tag() -> None:
    stay = left(random=20)
    assert sum(map(len, stay.values())) == 100
    assert all(len(names) < 40 for names in stay.values())
    with pytest.raises(ValueError, match="121 turns cannot be left out of 120 instruction turns"):
        left(random=121)
    with pytest.raises(ValidationError, match="'random' is the control"):
        Drop(random=3, reasoning=0.5)


def test_those_that_stay_keep_their_order_and_what_was_dropped_is_counted() -> None:
    stay, counts = dropped(TURNS, Drop(perception=0.5), 0)
    assert counts["perception"] == {"were": 40, "dropped": 20}
    assert counts["reasoning"] == {"were": 40, "dropped": 0}
    assert all(several == [turn for turn in TURNS[image] if turn in several] for image, several in stay.items())
    assert dropped(TURNS, Drop(), 0)[0] == TURNS


def test_images_that_are_left_are_nested_in_their_order_and_never_none() -> None:
    names = [f"image{number}" for number in range(40)]
    all_of, quarter, sixteenth = (kept_images(names, Drop(images=share), 0) for share in (0.0, 0.75, 0.9375))
    assert [len(one) for one in (all_of, quarter, sixteenth)] == [40, 10, 2]
    assert set(sixteenth) < set(quarter) and quarter == sorted(quarter)
    assert kept_images(names, Drop(images=0.75), 1) != quarter
    assert len(kept_images(names[:3], Drop(images=0.99), 0)) == 1


def test_leaving_nothing_out_is_no_part_of_a_key() -> None:
    assert "drop" not in AdaptConfig.parse({"adapt": {"drop": {"perception": 0.0}}}).determinants()
    half = AdaptConfig.parse({"adapt": {"drop": {"perception": 0.5}}}).determinants()["drop"]
    assert half["perception"] == 0.5 and "images" not in half
    assert AdaptConfig.parse({"adapt": {"drop": {"images": 0.5}}}).determinants()["drop"]["images"] == 0.5
