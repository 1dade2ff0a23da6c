"""Questions that stand in the training text are found as a plain search finds them, and scores are with and without."""

import json
from pathlib import Path

import numpy as np
import pytest

from inkling.components.analyze.contamination import Overlap, contamination, overlap
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import Suite, load_suite
from inkling.components.shared.store.store import produce
from inkling.tests.components.analyze.conftest import Made

WORDS = ("is", "the", "red", "cat", "on", "a", "mat")


def drawn(random: np.random.Generator, count: int) -> str:
    return " ".join(WORDS[place] for place in random.integers(len(WORDS), size=count))


def asked(number: int, text: str, answer: str = "cat", group: str = "") -> Question:
    return Question(
        f"q{number}", f"i{number}", "i0", text, [answer, "other"], answer, "General", "object", "none", "test",
        group=group,
    )  # fmt: skip


def text_of(folder: Path, sources: dict[str, list[tuple[str, str]]]) -> Corpus:
    """A corpus of texts with their splits, by source."""

    def write(path: Path) -> None:
        write_sources(path, {name: SourceSummary("real", "", 1, 1, 0, 1, [], {}) for name in sources})
        for name, texts in sources.items():
            write_segments(
                path, name, [Segment(name, f"d{k}", 0, text, 1, "", split) for k, (text, split) in enumerate(texts)]
            )

    return produce(Corpus, folder / "corpus", Made(), {}, lambda draft: write(draft.path))


def answer(question: Question, right: bool, view: str = "visual") -> Answer:
    return Answer(
        question.question_id, view, (0.0, -1.0), 0 if right else 1, right, question.image_id, "General", "object",
        "none", 0.5, "test", group=question.group,
    )  # fmt: skip


def test_what_is_flagged_is_what_a_plain_search_finds(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    texts = [drawn(random, 400) for _ in range(6)]
    questions = [asked(number, drawn(random, int(random.integers(4, 11)))) for number in range(200)]
    questions += [asked(200 + number, " ".join(texts[number].split()[20:30])) for number in range(6)]
    corpus = text_of(
        tmp_path, {"a": [(text, "train") for text in texts[:3]], "b": [(text, "train") for text in texts[3:]]}
    )
    seen = overlap(questions, corpus, 10**6)
    assert (seen.words, seen.whole) == (2400, True)
    for one in questions:
        words = f"{one.question} {one.answer}".split()
        runs = [f" {' '.join(words[start : start + 8])} " for start in range(len(words) - 7)]
        there = any(run in f" {text} " for run in runs for text in texts)
        assert seen.repeats(one) == (there if len(words) >= 8 else None)
    assert all(seen.repeats(one) for one in questions[200:])


def test_heldout_text_is_no_training_text_and_reading_can_be_bounded(tmp_path: Path) -> None:
    said = "one two three four five six seven cat"
    corpus = text_of(tmp_path, {"a": [(said, "heldout"), ("nothing", "train")], "b": [(said, "train")]})
    question = asked(0, "one two three four five six seven")
    assert overlap([question], corpus, 10**6).repeats(question)
    assert overlap([question], corpus, 0) == Overlap(frozenset(), 0, whole=False)
    alone = text_of(tmp_path / "alone", {"a": [(said, "heldout")]})
    assert overlap([question], alone, 10**6).repeats(question) is False


def test_scores_are_with_and_without_what_is_flagged() -> None:
    questions = [asked(number, f"{'x ' * 7}{number}") for number in range(10)] + [asked(10, "short")]
    seen = Overlap(frozenset(" ".join(["x"] * 7 + [str(number)]) for number in range(4)), 99, whole=True)
    answers = [answer(one, number < 6) for number, one in enumerate(questions)]
    answers += [answer(one, False, "blind") for one in questions]
    found = contamination(load_suite("scenes"), questions, seen, {"pretrained": answers, "no_pretraining": answers[:4]})
    assert (found["questions"], found["unchecked"], found["flagged"]) == (11, 1, ["q0", "q1", "q2", "q3"])
    scores = found["scores"]["pretrained"]
    assert {key: scores[key]["value"] for key in scores} == {
        "all": pytest.approx(6 / 11), "without": pytest.approx(2 / 7), "flagged": 1.0,
    }  # fmt: skip
    assert scores["without"]["low"] < 2 / 7 < scores["without"]["high"]
    assert found["scores"]["no_pretraining"]["without"] is None
    json.dumps(found)


def test_one_question_flags_its_group_where_they_count_as_one() -> None:
    suite = Suite.model_validate({
        **load_suite("scenes").model_dump(exclude_unset=True), "metric": "circular", "headline": {"mean": "questions"}
    })  # fmt: skip
    questions = [asked(number, f"{'x ' * 7}{number}", group=f"g{number // 2}") for number in range(4)]
    seen = Overlap(frozenset([" ".join(["x"] * 7 + ["1"])]), 9, whole=True)
    answers = [answer(one, number < 2) for number, one in enumerate(questions)]
    found = contamination(suite, questions, seen, {"pretrained": answers})
    assert found["flagged"] == ["q1"]
    assert (
        found["scores"]["pretrained"]["flagged"]["value"] == 1
        and found["scores"]["pretrained"]["without"]["value"] == 0
    )
