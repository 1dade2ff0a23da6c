"""Guessing earns chance on what is rendered; a planted imbalance is found."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inkling.components.artifacts.conversations import Conversations, Turn
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.scenes.balance import guessing
from inkling.components.scenes.build import build_scenes
from inkling.components.scenes.catalogue import catalogue
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.page import render

CONFIG = ScenesConfig(seed=21, threads=1, train=400, validation=2, test=40)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conversations, Questions]:
    root: Path = tmp_path_factory.mktemp("balance")
    return build_scenes(CONFIG, root / "conversations", root / "questions")


@pytest.mark.data
def test_guessing_earns_chance(built: tuple[Conversations, Questions]) -> None:
    found = guessing(built[0].turns(), built[1].questions("test"))
    assert len(found) == 15
    missed = [name for name, one in found.items() if not one.balanced]
    assert len(missed) <= 2, missed  # of 15 intervals of 95 %, one misses in half of all cases
    excess = sum(one.prior.value - one.chance for one in found.values()) / len(found)
    assert abs(excess) < 0.03
    assert all(one.place.value < 0.5 or one.chance == 0.5 for one in found.values())


@pytest.mark.data
def test_a_planted_imbalance_is_found(built: tuple[Conversations, Questions]) -> None:
    conversations, questions = built
    test = questions.questions("test")
    told = [replace(turn, answer="red") if turn.family == "colour" else turn for turn in conversations.turns()]
    asked = [one for one in test if one.family != "colour" or one.answer == "red"]
    found = guessing(told, asked)["scenes", "colour"]
    assert found.prior.value == 1 and not found.balanced
    first = [replace(one, choices=sorted(one.choices, key=lambda choice: choice != one.answer)) for one in test]
    assert guessing(told, first)["scenes", "object"].place.value == 1


@pytest.mark.data
def test_existence_asks_each_word_as_often_for_yes_as_for_no(built: tuple[Conversations, Questions]) -> None:
    asked = [one for one in built[1].questions("test") if one.family == "existence"]
    shown = built[1].annotations()
    for kind in ("random", "popular", "adversarial"):
        members = [one for one in asked if one.subtask == kind]
        assert len(members) == pytest.approx(len(asked) / 3, abs=2)
        absent = [one for one in members if one.answer == "no"]
        assert 2 * len(absent) == len(members)
        words = {one.image_id: shown[one.image_id].objects[0].word for one in absent}
        assert all(word not in one.question.split() for one in absent for word in [words[one.image_id]])


@pytest.mark.data
def test_what_appears_is_asked_beside_three_classes_that_do_not(built: tuple[Conversations, Questions]) -> None:
    things, shown = catalogue(), built[1].annotations()
    asked = [one for one in built[1].questions("test") if one.family == "appearance"]
    assert len(asked) == CONFIG.test and all(len(one.choices) == 4 for one in asked)
    for one in asked:
        (item,) = shown[one.image_id].objects
        assert set(one.choices) & {item.word} == {one.answer}
        low, high = {"small": (0, 0.3), "medium": (0.3, 0.6), "large": (0.6, 1)}[one.size_bucket]
        assert low <= item.area <= high
        if one.subtask == "popular":
            assert set(one.choices) <= set(things.popular)
        if one.subtask == "adversarial":
            assert {things.companions[word] for word in one.choices} == set(one.choices)


@pytest.mark.data
def test_popular_classes_and_companions_are_so_in_training(built: tuple[Conversations, Questions]) -> None:
    things = catalogue()
    counts: Counter[str] = Counter()
    together: Counter[bool] = Counter()
    for picture in built[0].annotations().values():
        words = {one.word for one in picture.objects if one.kind == "object"}
        counts.update(words)
        if len(words) == 2:
            one, other = words
            together[things.companions[one] == other] += 1
    popular = [counts[word] for word in things.popular]
    others = [counts[word] for word in things.classes if word not in things.popular]
    assert sum(popular) / len(popular) > 1.2 * sum(others) / len(others)
    assert together[True] > together[False]


@pytest.mark.data
def test_the_page_says_what_guessing_earns(built: tuple[Conversations, Questions]) -> None:
    page = render(*built)
    assert "Prior-only guesser" in page and "composition" in page and page.count("<img") == 12
    assert 'src="http' not in page


def test_a_guesser_knows_words_before_families() -> None:
    def turn(number: int, question: str, answer: str) -> Turn:
        return Turn(str(number), "x", "instruct", "General", "colour", "perception", question, answer)

    turns = [turn(1, "Star?", "red"), turn(2, "Moon?", "blue"), turn(3, "Moon?", "blue")]
    one = Question("q", "x", "y", "Star?", ["red", "blue"], "red", "General", "colour", "none", "test")
    other = replace(one, question="Sun?", question_id="r", image_id="z", answer="blue")
    assert guessing(turns, [one])["scenes", "colour"].prior.value == 1
    assert guessing(turns, [other])["scenes", "colour"].prior.value == 1
    nobody = guessing([], [one, other])["scenes", "colour"]
    assert nobody.prior.value == 0.5 and nobody.balanced
