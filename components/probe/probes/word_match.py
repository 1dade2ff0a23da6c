"""Word match: are an image's tokens more similar to the word of the right choice than to the words of the others?

Each choice is scored by the similarity of its words' input embeddings to the image tokens that the connector makes:
cosine over a temperature, log-sum-exp over the tokens, as the contrastive start of an adaptation scores caption words.
No layer of the language model runs. Where this is high and the model's own answers are not, the language model lost
what the connector knows. The null distribution gives each question the image of another question of its family.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.probe.contract import Measurement, Probe, ProbeSpec, Subject


class WordMatchSpec(ProbeSpec):
    """Settings of the probe."""

    target: ClassVar[str] = "inkling.components.probe.probes.word_match:WordMatch"

    type: Literal["word_match"] = "word_match"
    temperature: float = Field(0.07, gt=0, description="divides the cosine similarities")
    permutations: int = Field(500, ge=20, description="draws of the null distribution")


from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inkling.components.artifacts.questions import Question
from inkling.components.shared.statistics.intervals import accuracy


class WordMatch(Probe):
    """Accuracy of choosing by similarity, a measurement a family of questions."""

    def __init__(self, spec: WordMatchSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def shown(self, found: Sequence[Measurement]) -> Sequence[Measurement]:
        """None: a report has them beside the model's own answers."""
        return ()

    def measure(self, subject: Subject, random: np.random.Generator) -> list[Measurement]:
        """The share of each family's questions whose right choice is the most similar one."""
        return [
            self._family(suite, family, members, subject, random)
            for (suite, family), members in subject.families().items()
        ]

    def _family(
        self, suite: str, name: str, questions: list[Question], subject: Subject, random: np.random.Generator
    ) -> Measurement:
        images = [question.image_id for question in questions]
        words = sorted({choice for question in questions for choice in question.choices})
        similarity = self._similarities(subject, images, words)  # (questions, words): row i is question i's image
        column = {word: place for place, word in enumerate(words)}
        most = max(len(question.choices) for question in questions)
        choices = np.zeros((len(questions), most), np.int64)  # columns of each question's choices
        missing = np.ones((len(questions), most), np.bool_)
        for place, question in enumerate(questions):
            choices[place, : len(question.choices)] = [column[choice] for choice in question.choices]
            missing[place, : len(question.choices)] = False
        right = np.array([question.correct for question in questions])

        def hits(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
            """Whether each question is answered rightly from the image in that row of the similarities."""
            chosen: NDArray[np.bool_] = (
                np.where(missing, -np.inf, similarity[rows[:, None], choices]).argmax(1) == right
            )
            return chosen

        matched = hits(np.arange(len(questions)))
        found = accuracy(matched, images)
        null = [hits(random.permutation(len(questions))).mean() for _ in range(self._spec.permutations)]
        null_low, null_high = np.quantile(null, [0.025, 0.975])
        return Measurement(
            name=name,
            value=found.value,
            low=found.low,
            high=found.high,
            null_low=float(null_low),
            null_high=float(null_high),
            count=found.questions,
            images=found.images,
            suite=suite,
            details={
                "right": {one.question_id: bool(hit) for one, hit in zip(questions, matched, strict=True)},
            },
        )

    @torch.inference_mode()
    def _similarities(self, subject: Subject, images: list[str], words: list[str]) -> NDArray[np.float32]:
        """Similarity of each image's tokens to each word, (images, words)."""
        model = subject.model
        table = model.language.get_input_embeddings().get_parameter("weight")
        ids = [subject.tokenizer.encode(f" {word}", add_special_tokens=False).ids for word in words]
        embedded = torch.stack([table[torch.tensor(one)].mean(0) for one in ids])  # (words, hidden_size)
        features = subject.features(images)
        shown = model.connector.contents(*(features[view] for view in model.connector.inputs))
        cosines = functional.normalize(shown, dim=-1) @ functional.normalize(embedded, dim=-1).T
        # (images, image tokens, words) to (images, words)
        similarity: NDArray[np.float32] = (cosines / self._spec.temperature).logsumexp(1).numpy()
        return similarity
