"""Proof that the graphs answer as the network does: logits of every choice of every question, in both served views."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from inkling.components.artifacts.answers import BY_LIKELIHOOD, Answer
from inkling.components.artifacts.features import FeatureView
from inkling.components.artifacts.questions import Question
from inkling.components.shared.runtime.progress import Progress, track
from inkling.models.inference.engine import Floats
from inkling.models.inference.likelihood import choose, log_likelihood
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.sequence.views import SERVED_VIEWS, View
from inkling.models.vision.preprocess import Preprocessing, preprocess


class ParityError(RuntimeError):
    """An exported graph that does not answer as its network; the message names the question."""


@dataclass(frozen=True)
class Compared:
    """One question, compared in one view.

    Attributes:
        question_id: The question.
        logits: Logits compared.
        difference: Largest absolute difference of a logit.
        margin: Lead, in nats, of the recorded choice over the next best.
    """

    question_id: str
    logits: int
    difference: float
    margin: float


@dataclass(frozen=True)
class QuestionImages:
    """The images of the questions as both engines take them.

    Attributes:
        rows: Row of each image by image_id.
        features: Image features that were computed before, by view, each (images, tokens, channels).
        embedded: What `vision.onnx` makes of the images (images, tokens, hidden_size).
    """

    rows: Mapping[str, int]
    features: Mapping[str, FeatureView]
    embedded: Floats


def embed_images(
    engine: OnnxEngine,
    images: Mapping[str, bytes],
    features: Mapping[str, FeatureView],
    pixels: Preprocessing,
    threads: int,
) -> QuestionImages:
    """Runs every image through `vision.onnx`, from the bytes of its file as the server does.

    Args:
        engine: The exported graphs; one thread an inference.
        images: The image files by image_id.
        features: Features of the same images in the same order, by view.
        pixels: What the encoder expects.
        threads: Images embedded at once.

    Raises:
        ValueError: If there are not features of as many images.
    """
    for view in features.values():
        if len(images) != len(view):
            raise ValueError(
                f"the features are of {len(view)} images, the questions have {len(images)}: they do not belong together"
            )
    with ThreadPoolExecutor(threads) as pool:
        embedded = pool.map(lambda file: engine.embed_images(preprocess(file, pixels)[None]), images.values())
        rows = list(track(embedded, "embedding with ONNX", len(images), "images"))
    return QuestionImages({name: row for row, name in enumerate(images)}, features, np.concatenate(rows))


@dataclass(frozen=True)
class Parity:
    """What is compared with what.

    Attributes:
        exported: The exported graphs; one thread an inference.
        network: The network that they were exported from; torch set to one thread.
        tokenizer: Its tokenizer.
        images: The questions' images.
        answers: The evaluator's answers by question and view.
        tolerance: Largest absolute difference of a logit that is let pass.
    """

    exported: OnnxEngine
    network: TorchEngine
    tokenizer: Tokenizer
    images: QuestionImages
    answers: Mapping[tuple[str, str], Answer]
    tolerance: float

    def check(self, questions: Sequence[Question], batch_size: int, threads: int) -> dict[str, Any]:
        """Compares the engines on every question with choices.

        Args:
            questions: The questions; open ones are left out.
            batch_size: Questions of a batch.
            threads: Batches compared at once.

        Returns:
            The content of `parity.json`.

        Raises:
            ParityError: At a question whose logits differ by more than is allowed, or whose choice is not the
                evaluator's, where it chose by likelihood too, else the network's own.
            ParityError: If no question has choices.
        """
        closed = [question for question in questions if question.choices]
        if not closed:
            raise ParityError("no question has choices to compare ONNX with torch on: read the suite scenes beside")
        ordered = sorted(closed, key=lambda one: (len(one.question), one.question_id))
        batches = [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]
        views = {}
        with (
            Progress("comparing ONNX with torch", len(closed) * len(SERVED_VIEWS), "questions") as progress,
            ThreadPoolExecutor(threads) as pool,
        ):
            for view in SERVED_VIEWS:
                found: list[Compared] = []
                for some in pool.map(partial(self._compare_batch, view), batches):
                    found += some
                    progress.advance(len(some))
                views[view] = _summary(found)
        return {"tolerance": self.tolerance, "same_choice": True, "views": views}

    def _compare_batch(self, view: View, batch: Sequence[Question]) -> list[Compared]:
        prompts = [prompt_ids(self.tokenizer, question.question) for question in batch]
        choices = [[answer_ids(self.tokenizer, choice) for choice in question.choices] for question in batch]
        embedded = features = None
        if view == "visual":
            rows = [self.images.rows[question.image_id] for question in batch]
            embedded = self.images.embedded[rows]
            features = {view: torch.from_numpy(found[rows]) for view, found in self.images.features.items()}
        exported = self.exported.choice_logits(prompts, choices, embedded)
        expected = self.network.choice_logits(prompts, choices, features)
        return [
            self._compare(question, view, ours, theirs, answers)
            for question, ours, theirs, answers in zip(batch, exported, expected, choices, strict=True)
        ]

    def _compare(
        self, question: Question, view: View, exported: list[Floats], expected: list[Floats], answers: list[list[int]]
    ) -> Compared:
        place = f"question {question.question_id} ({view})"
        difference = max(float(np.abs(ours - theirs).max()) for ours, theirs in zip(exported, expected, strict=True))
        if not difference <= self.tolerance:
            raise ParityError(
                f"{place}: a logit of the exported graph differs from torch's by {difference:.3g}; "
                f"{self.tolerance:g} is allowed"
            )
        if (question.question_id, view) not in self.answers:
            raise ParityError(f"{place}: the answers hold none to it; they belong to other questions")
        evaluated = self.answers[question.question_id, view]
        ours, own = (
            [log_likelihood(logits, answer) for logits, answer in zip(found, answers, strict=True)]
            for found in (exported, expected)
        )
        theirs: Sequence[float] = evaluated.log_likelihoods if evaluated.method == BY_LIKELIHOOD else own
        choice = choose(ours)
        second, best = sorted(theirs)[-2:]
        if theirs[choice] != best:
            raise ParityError(
                f"{place}: the exported graph chooses '{question.choices[choice]}', torch '"
                f"{question.choices[choose(theirs)]}' ({best - theirs[choice]:.3g} nats apart)"
            )
        return Compared(question.question_id, sum(logits.size for logits in exported), difference, best - second)


def _summary(found: Sequence[Compared]) -> dict[str, Any]:
    worst = max(found, key=lambda one: one.difference)
    return {
        "questions": len(found),
        "logits": sum(one.logits for one in found),
        "largest_difference": worst.difference,
        "question_of_largest": worst.question_id,
        "narrowest_margin": min(one.margin for one in found),
    }
