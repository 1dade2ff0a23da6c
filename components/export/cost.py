"""What 8-bit weights cost: the questions of the evaluation, answered again, beside the evaluator's answers."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from tokenizers import Tokenizer

from inkling.components.artifacts.answers import BY_LIKELIHOOD, Answer
from inkling.components.artifacts.questions import Question
from inkling.components.export.parity import QuestionImages
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.statistics.intervals import accuracy, paired_difference
from inkling.models.inference.likelihood import choose, log_likelihood
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.sequence.views import SERVED_VIEWS, View

Likelihoods = dict[str, dict[str, list[float]]]
"""The log-likelihood of each choice in nats, by view and question."""


@dataclass(frozen=True)
class LikelihoodPass:
    """Questions with choices, ready to be answered again.

    Attributes:
        engine: The graphs; one thread an inference.
        tokenizer: Their tokenizer.
        images: The questions' images as the graphs embed them.
        batch_size: Questions of a batch.
        threads: Batches answered at once.
    """

    engine: OnnxEngine
    tokenizer: Tokenizer
    images: QuestionImages
    batch_size: int
    threads: int

    def likelihoods(self, questions: Sequence[Question]) -> Likelihoods:
        """Answers the questions with choices in both served views."""
        closed = sorted((one for one in questions if one.choices), key=lambda one: (len(one.question), one.question_id))
        batches = [closed[start : start + self.batch_size] for start in range(0, len(closed), self.batch_size)]
        found: Likelihoods = {}
        with (
            Progress("answering with 8-bit weights", len(closed) * len(SERVED_VIEWS), "questions") as progress,
            ThreadPoolExecutor(self.threads) as pool,
        ):
            for view in SERVED_VIEWS:
                answered: dict[str, list[float]] = {}
                for some in pool.map(lambda batch, view=view: self._batch(view, batch), batches):
                    answered |= some
                    progress.advance(len(some))
                found[view] = dict(sorted(answered.items()))
        return found

    def _batch(self, view: View, batch: Sequence[Question]) -> dict[str, list[float]]:
        prompts = [prompt_ids(self.tokenizer, question.question) for question in batch]
        choices = [[answer_ids(self.tokenizer, choice) for choice in question.choices] for question in batch]
        rows = [self.images.rows[question.image_id] for question in batch]
        logits = self.engine.choice_logits(prompts, choices, self.images.embedded[rows] if view == "visual" else None)
        return {
            question.question_id: [log_likelihood(one, answer) for one, answer in zip(scored, answers, strict=True)]
            for question, scored, answers in zip(batch, logits, choices, strict=True)
        }


def cost(
    answers: Sequence[Answer], right: Mapping[str, int], likelihoods: Mapping[str, Mapping[str, Sequence[float]]]
) -> dict[str, Any]:
    """The share of right answers with 8-bit weights and in the evaluation, and their difference, paired by question.

    Args:
        answers: The evaluator's answers; counted are those of the test split that it chose by likelihood.
        right: Index of the right choice of each question with choices.
        likelihoods: What the 8-bit graphs found.

    Returns:
        By suite and view: how many questions, chance, both shares and the difference with their 95 % intervals
        clustered by image, and the share of questions whose choice is the same.
    """
    counted = [one for one in answers if one.split == "test" and one.method == BY_LIKELIHOOD]
    found: dict[str, Any] = {}
    for suite in sorted({one.suite for one in counted}):
        for view in SERVED_VIEWS:
            asked = [one for one in counted if (one.suite, one.view) == (suite, view)]
            if asked:
                chosen = [choose(likelihoods[view][one.question_id]) for one in asked]
                targets = [right[one.question_id] for one in asked]
                found.setdefault(suite, {})[view] = _compared(asked, targets, chosen)
    return found


def _compared(asked: Sequence[Answer], targets: Sequence[int], chosen: Sequence[int]) -> dict[str, Any]:
    images = [one.image_id for one in asked]
    before = [one.choice == target for one, target in zip(asked, targets, strict=True)]
    after = [choice == target for choice, target in zip(chosen, targets, strict=True)]
    same = [choice == one.choice for choice, one in zip(chosen, asked, strict=True)]
    return {
        "questions": len(asked),
        "chance": sum(one.chance for one in asked) / len(asked),
        "float32": asdict(accuracy(before, images)),
        "int8": asdict(accuracy(after, images)),
        "difference": asdict(paired_difference(after, before, images)),
        "same_choice": sum(same) / len(same),
    }
