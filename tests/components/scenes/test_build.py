"""The artifacts as a whole: exact labels, even answers, no hint in the words, the same bytes however they are made."""

import io
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkling.components.artifacts.conversations import Conversations
from inkling.components.artifacts.questions import Question, Questions, Split
from inkling.components.artifacts.suite import SCENES
from inkling.components.scenes import assets
from inkling.components.scenes.build import build_conversations, build_scenes
from inkling.components.scenes.catalogue import SPLITS, Catalogue
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.plan import question_jobs, training_jobs
from inkling.components.scenes.queries import FAMILIES, NO, YES
from inkling.components.shared.config import ConfigError

CONFIG = ScenesConfig(seed=5, threads=1, train=60, validation=4, test=24, text_only=0.43)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conversations, Questions]:
    root = tmp_path_factory.mktemp("scenes")
    return build_scenes(CONFIG, root / "conversations", root / "questions")


def headline(questions: Questions, split: Split = "test") -> list[Question]:
    """The questions of the suite `scenes`."""
    return [question for question in questions.questions(split) if question.suite == SCENES]


@pytest.mark.parametrize(
    "change", [{"train": 3}, {"test": 1}, {"colour": "red"}, {"threads": 0}, {"twins": 2}, {"existence_pairs": 5}]
)
def test_settings_that_cannot_be_used_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"scenes.{next(iter(change))}"):
        ScenesConfig.parse({"scenes": change})


def test_weights_are_of_families_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"unknown family of scenes 'sizes'\. Did you mean 'size'"):
        ScenesConfig.parse({"scenes": {"weights": {"sizes": 2}}})
    with pytest.raises(ConfigError, match=r"scenes\.weights\.size"):
        ScenesConfig.parse({"scenes": {"weights": {"size": 0}}})
    assert ScenesConfig().determinants() == ScenesConfig(weights={}).determinants()
    assert "weights" not in ScenesConfig().settings()


def test_one_thing_is_not_asked_for_twice_in_the_same_words() -> None:
    with pytest.raises(ConfigError, match="existence_pairs asks for one thing in 3 phrasings, and phrasings is 2"):
        ScenesConfig.parse({"scenes": {"existence_pairs": 3, "phrasings": 2}})


@pytest.mark.data
def test_existence_is_taught_for_yes_and_for_no_about_each_picture(
    built: tuple[Conversations, Questions], tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={"existence_pairs": 2, "text_only": 0.0})
    turns, before = build_conversations(config, tmp_path / "c").turns(), built[0].turns()
    asked = defaultdict(list)
    for turn in turns:
        if turn.family == "existence" and turn.kind == "instruct":
            asked[turn.image_id].append(turn)
    assert set(asked) == {
        turn.image_id for turn in before if turn.family == "existence" and turn.kind == "instruct" and turn.image_id
    }
    for several in asked.values():
        assert Counter(turn.answer for turn in several) == {YES: 2, NO: 2}
        assert len({turn.question for turn in several}) == 4
    others = [turn for turn in turns if turn.kind == "caption" or turn.family != "existence"]
    assert others == [
        turn for turn in before if turn.image_id and (turn.kind == "caption" or turn.family != "existence")
    ]


@pytest.mark.data
def test_bytes_do_not_depend_on_the_number_of_processes(built: tuple[Conversations, Questions], tmp_path: Path) -> None:
    shared = CONFIG.model_copy(update={"threads": 2})
    again = build_scenes(shared, tmp_path / "conversations", tmp_path / "questions")
    assert [artifact.digest for artifact in again] == [artifact.digest for artifact in built]


@pytest.mark.data
def test_pictures_and_words_belong_together(built: tuple[Conversations, Questions]) -> None:
    conversations, questions = built
    turns = conversations.turns()
    assert list(conversations.images()) == [turn.image_id for turn in turns if turn.kind == "caption"]
    assert {turn.family for turn in turns if turn.kind == "instruct"} == set(FAMILIES)
    assert list(conversations.annotations()) == list(conversations.images())
    assert list(questions.annotations()) == list(questions.images())
    assert set(questions.images()) == {question.image_id for question in questions.questions()}
    for data in [*conversations.images().values(), *questions.images().values()]:
        image = Image.open(io.BytesIO(data))
        assert (image.format, image.size) == ("JPEG", (224, 224))


@pytest.mark.data
def test_text_only_turns_have_their_share_and_tell_what_they_ask(built: tuple[Conversations, Questions]) -> None:
    made = built[0].turns()
    drawn = [turn for turn in made if turn.kind == "instruct" and turn.image_id]
    alone = [turn for turn in made if not turn.image_id]
    assert len(alone) / (len(alone) + len(drawn)) == pytest.approx(CONFIG.text_only, abs=0.01)
    assert made[-len(alone) :] == alone and len({turn.id for turn in made}) == len(made)
    for turn in alone:
        assert (turn.kind, turn.category) == ("instruct", FAMILIES[turn.family].category)
        assert turn.tag == FAMILIES[turn.family].tag
        told, asked = turn.question.removeprefix("The picture shows ").split(". ", 1)
        assert asked.endswith("?")
        if turn.family not in ("kind", "fact", "existence"):
            assert turn.answer in told or turn.answer in {"top", "bottom", "left", "right", "above", "below"}


@pytest.mark.data
def test_text_only_turns_change_nothing_else(built: tuple[Conversations, Questions], tmp_path: Path) -> None:
    drawn_only = build_conversations(CONFIG.model_copy(update={"text_only": 0.0}), tmp_path / "drawn")
    assert drawn_only.images() == built[0].images()
    assert drawn_only.turns() == [turn for turn in built[0].turns() if turn.image_id]
    assert "text_only" not in ScenesConfig().model_dump()


@pytest.mark.data
def test_labels_follow_from_the_scene(built: tuple[Conversations, Questions], things: Catalogue) -> None:
    scenes = {
        job.image_id: job.compose(things)[0] for job in [*question_jobs(things, CONFIG.seed, "test", CONFIG.test)]
    }
    for question in headline(built[1]):
        scene = scenes[question.image_id]
        words = {item.word for item in scene.items}
        if question.family == "existence":
            assert question.answer == (YES if any(word in question.question.split() for word in words) else NO)
            low, high = {"small": (0, 0.3), "medium": (0.3, 0.6), "large": (0.6, 1)}[question.size_bucket]
            assert low <= scene.items[0].area <= high
        if question.family == "object":
            assert words == {question.answer}
        if question.family == "kind":
            assert words < set(things.kinds[question.answer])
        if question.family == "count":
            assert ("one", "two", "three", "four").index(question.answer) + 1 == len(scene.items)
        if question.family == "sign":
            assert scene.sign and scene.sign.text == question.answer
        if question.family == "chart":
            heights = sorted(scene.bars, key=lambda bar: bar.height)
            assert question.answer == heights[-1 if "tallest" in question.question else 0].colour
        if question.family == "size":
            areas = sorted(scene.items, key=lambda item: item.area)
            assert question.answer == areas[-1 if "biggest" in question.question else 0].colour


@pytest.mark.data
def test_a_drawing_covers_what_its_scene_says(things: Catalogue) -> None:
    for job in question_jobs(things, 1, "test", 12):
        if job.family == "existence":
            item = job.compose(things)[0].items[0]
            assert item.glyph is not None
            cutout = assets.drawing(item.glyph).resize((item.width, item.height), Image.Resampling.LANCZOS)
            if item.flipped:
                cutout = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            left, top = max(0, -item.left), max(0, -item.top)
            right, bottom = min(item.width, 224 - item.left), min(item.height, 224 - item.top)
            covered = (np.asarray(cutout.getchannel("A"))[top:bottom, left:right] > 127).sum() / 224**2
            assert covered == pytest.approx(item.area)
            assert item.bucket == job.target.split(":")[0]


@pytest.mark.data
def test_splits_share_no_drawing_typeface_or_photograph(things: Catalogue) -> None:
    used = {split: set[str]() for split in SPLITS}
    jobs = [
        *training_jobs(things, 2, 300),
        *question_jobs(things, 2, "validation", 12),
        *question_jobs(things, 2, "test", 12),
    ]
    for job in jobs:
        scene = job.compose(things)[0]
        used[job.split] |= {item.glyph for item in scene.items if item.glyph}
        used[job.split] |= {scene.background.photograph or "plain"} - {"plain"}
        used[job.split] |= {scene.sign.font[0]} if scene.sign else set()
    assert all(len(found) > 30 for found in used.values())
    assert not used["train"] & used["test"]
    assert not used["train"] & used["validation"]
    assert not used["validation"] & used["test"]


@pytest.mark.data
def test_answers_are_even(built: tuple[Conversations, Questions]) -> None:
    for family in FAMILIES:
        asked = [question for question in headline(built[1]) if question.family == family]
        assert len(asked) == (2 if family == "existence" else 1) * CONFIG.test
        assert {len(question.choices) for question in asked} == {2 if family == "existence" else 4}
        if family in ("count", "position", "relation", "existence"):
            counts = Counter(question.answer for question in asked)
            assert len(set(counts.values())) == 1
    words = [question for question in headline(built[1]) if question.family == "existence"]
    said = {answer: Counter(one.question for one in words if one.answer == answer) for answer in (YES, NO)}
    assert said[YES] == said[NO]


@pytest.mark.data
def test_words_alone_do_not_give_the_answer(things: Catalogue, tmp_path: Path) -> None:
    """A guesser that knows how often each answer was right for a question's words is no better than chance."""
    _, questions = build_scenes(
        ScenesConfig(seed=9, threads=1, train=11, validation=40, test=60),
        tmp_path / "conversations",
        tmp_path / "questions",
    )
    known: dict[str, Counter[str]] = defaultdict(Counter)
    for question in headline(questions, "validation"):
        known[question.family][question.answer] += 1
        known[question.question][question.answer] += 1

    def guess(question: Question) -> str:
        return max(
            question.choices, key=lambda choice: (known[question.question][choice], known[question.family][choice])
        )

    four = [question for question in headline(questions) if len(question.choices) == 4]
    right = np.mean([guess(question) == question.answer for question in four])
    assert abs(right - 0.25) < 3 * np.sqrt(0.25 * 0.75 / len(four))
    first = np.mean([question.choices[0] == question.answer for question in four])
    assert abs(first - 0.25) < 3 * np.sqrt(0.25 * 0.75 / len(four))


@pytest.mark.data
def test_the_mismatched_picture_shows_another_answer(built: tuple[Conversations, Questions], things: Catalogue) -> None:
    jobs = {job.image_id: job for job in question_jobs(things, CONFIG.seed, "test", CONFIG.test)}
    for question in headline(built[1]):
        job, other = jobs[question.image_id], jobs[question.mismatched_image_id]
        family = "existence" if question.family == "appearance" else question.family
        assert job.family == other.family == family
        assert job.image_id != other.image_id
        if question.family == "existence":
            shown = {item.word for item in other.compose(things)[0].items}
            assert (YES if any(word in question.question.split() for word in shown) else NO) != question.answer
        if question.family in ("object", "count", "sign"):
            assert other.target != question.answer
