"""Which questions share a run of words with the training text, and the scores without them.

Runs of eight words of a question followed by its right answer, as PaLM (arXiv 2204.02311) and FLAN count overlap; the
stage `corpus` takes out what repeats thirteen words of the rendered scenes' questions (GPT-3, arXiv 2005.14165). A
question with fewer words is not looked for: phrases so short stand everywhere.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.items import items
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import Suite
from inkling.components.shared.runtime.progress import track
from inkling.components.shared.statistics.intervals import Estimate, clustered_mean
from inkling.components.shared.word_runs import FEWEST_WORDS, Runs, plain_words, runs_of


@dataclasses.dataclass(frozen=True)
class Overlap:
    """What of the questions stands in the training text.

    Attributes:
        runs: Runs of words that stand in it.
        words: Words of it that were read.
        whole: Whether all of it was.
    """

    runs: frozenset[str]
    words: int
    whole: bool

    def repeats(self, question: Question) -> bool | None:
        """Whether a question shares a run with the text; None where it is too short to be looked for."""
        runs = _runs([question]).runs
        return bool(runs & self.runs) if runs else None


def overlap(questions: Sequence[Question], corpus: Corpus, most: int) -> Overlap:
    """Looks for questions in the training text of all sources, whatever the recipe takes of them.

    Args:
        questions: What was asked.
        corpus: The text.
        most: Words of it that are read, by whole batches; of each source an equal part.
    """
    runs, sources = _runs(questions), sorted(corpus.sources())
    found, total, whole = set[str](), 0, True
    for source in track(sources, "looking for questions in the text", len(sources), "sources"):
        words = 0
        for batch in corpus.batches(source, "train") if runs.runs else ():
            if words >= most / len(sources):
                whole = False
                break
            for segment in batch:
                said = plain_words(segment.text)
                words += len(said)
                found.update(runs.found(said))
        total += words
    return Overlap(frozenset(found), total, whole)


def contamination(
    suite: Suite, questions: Sequence[Question], seen: Overlap, answers: Mapping[str, Sequence[Answer]]
) -> dict[str, Any]:
    """Counts a suite's questions that stand in the text, and scores the headline with, without and of them.

    Args:
        suite: The suite.
        questions: Its test questions.
        seen: What stands in the text.
        answers: The answers of each model to its test questions, by name of the model.

    Returns:
        Counts, and of each model with the image `all`, `without` and `flagged`, an estimate or None where no question
        is left. Where the metric counts several questions as one, one of them is enough.
    """
    repeated = {one.question_id: seen.repeats(one) for one in questions}
    flagged = {one.group or one.question_id for one in questions if repeated[one.question_id]}
    wanted = suite.headline.categories
    scored = {
        model: [
            one
            for one in items([answer for answer in given if answer.view == "visual"], suite.metric)
            if not wanted or one.category in wanted
        ]
        for model, given in answers.items()
    }
    return {
        "run_words": FEWEST_WORDS,
        "words": seen.words,
        "whole": seen.whole,
        "questions": len(questions),
        "unchecked": sum(one is None for one in repeated.values()),
        "flagged": sorted(name for name, one in repeated.items() if one),
        "scores": {
            model: {
                "all": _mean(members),
                "without": _mean([one for one in members if one.question_id not in flagged]),
                "flagged": _mean([one for one in members if one.question_id in flagged]),
            }
            for model, members in scored.items()
        },
    }


def _runs(questions: Sequence[Question]) -> Runs:
    return runs_of((f"{one.question} {one.answer}" for one in questions), FEWEST_WORDS)


def _mean(answers: Sequence[Answer]) -> dict[str, Any] | None:
    """The mean over questions, or over those of a metric's groups."""
    if not answers:
        return None
    found: Estimate = clustered_mean([one.score for one in answers], [one.image_id for one in answers])
    return dataclasses.asdict(found)
