"""What every answering procedure gives: what it asks a model, and which choice the reply is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from inkling.components.artifacts.questions import Question
from inkling.models.inference.answering import Answering
from inkling.models.spec import Spec

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLAIN = "{question}"
INSTRUCTION = "{question}\n{options}\nAnswer with the option's letter from the given choices directly."
"""The prompt of multiple-choice questions of LLaVA-1.5 (Liu et al. 2023, arXiv 2310.03744, table 7)."""


class MethodSpec(Spec, ABC):
    """How answers are found.

    Attributes:
        scores: Whether it needs likelihoods of given texts, which endpoints do not have.
        opens_model: Whether it changes what runs inside the model, which takes the model's weights in torch.
        explains: Whether what is generated is a reasoning trace, whose depth and soundness are measured.
    """

    runs_in_model: ClassVar[bool] = False
    scores: ClassVar[bool] = True
    opens_model: ClassVar[bool] = False
    explains: ClassVar[bool] = False

    prompt: str = Field(
        PLAIN,
        pattern=r"\{question\}",
        exclude_if=lambda prompt: prompt == PLAIN,
        description="what questions with choices are asked as, of {question} and {options}, which lists them",
    )
    max_new_tokens: int = Field(
        32, ge=1, exclude_if=lambda limit: limit == 32, description="tokens at most of an answer that is generated"
    )

    @property
    def passes(self) -> int:
        """Passes of the language model that answer a question with its image."""
        return 1

    def build(self) -> Any:
        """The procedure."""
        return self.load_target()(self)


@dataclass(frozen=True)
class Asked:
    """A question as a model is asked it.

    Attributes:
        question: The question.
        order: Position i is given choice `order[i]` of the question; empty for an open question.
    """

    question: Question
    order: tuple[int, ...]

    @property
    def choices(self) -> list[str]:
        """The choices as they are given."""
        return [self.question.choices[index] for index in self.order]


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        log_likelihoods: Log-likelihood in nats of what stands for each choice, in the order given; empty if none was
            asked for.
        text: What the model generated; empty if it generated nothing.
        choice: Index of the chosen one in the order given; None for an open question and where it is undecidable.
    """

    log_likelihoods: tuple[float, ...] = ()
    text: str = ""
    choice: int | None = None


class Method(ABC):
    """An answering procedure; built from its spec."""

    def __init__(self, spec: Any) -> None:
        """Takes the settings."""
        self.spec = spec

    @property
    def lettered(self) -> bool:
        """Whether the prompt lists the choices behind letters."""
        return "{options}" in self.spec.prompt

    def check(self, model: Answering, asked: Sequence[Asked]) -> None:
        """Refuses, before work on them, questions that cannot be asked so: those with more choices than letters.

        Raises:
            ValueError: Naming what cannot be asked, and what to do.
        """
        for one in asked:
            if self.lettered and len(one.order) > len(LETTERS):
                raise ValueError(
                    f"question {one.question.question_id} has {len(one.order)} choices, more than there are letters: "
                    "ask it with method 'likelihood', which lists none"
                )

    def prompt(self, asked: Asked) -> str:
        """The question as the model reads it, with its choices as `A. red`, `B. green` where the prompt lists them."""
        options = "\n".join(f"{letter}. {choice}" for letter, choice in zip(LETTERS, asked.choices, strict=False))
        before, _, after = self.spec.prompt.partition("{question}")
        return before.replace("{options}", options) + asked.question.question + after.replace("{options}", options)

    def scored(self, asked: Asked) -> Sequence[str]:
        """What is scored for each choice, in the order given: its own text."""
        return asked.choices

    @abstractmethod
    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """Asks questions with choices.

        Args:
            model: The model.
            asked: The questions.
            images: Name of each question's image; None asks blind.
        """


def free_answers(
    model: Answering, asked: Sequence[Asked], images: Sequence[str] | None, max_new_tokens: int
) -> list[Reply]:
    """Open questions answered in the model's own words, the most likely token at each step; all methods ask them so.

    Args:
        model: The model.
        asked: The questions.
        images: Name of each question's image; None asks blind.
        max_new_tokens: Tokens at most of each answer.
    """
    questions = [one.question.question for one in asked]
    return [Reply(text=text) for text in model.generate(questions, [max_new_tokens] * len(asked), images)]
