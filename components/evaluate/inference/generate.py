"""The generated choice: the model answers in its own words at temperature 0, and the words are read as a choice.

In the manner of LSBS (section 3), read more strictly where a text names several options or denies one: an explicit
letter, else the exact text of an option, else the longest option that is a substring. What none of them decides is
undecidable: a class of its own, never drawn at random.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.evaluate.contract import INSTRUCTION, MethodSpec


class GenerateSpec(MethodSpec):
    """The choices are listed in the prompt, unless it leaves `{options}` out."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.generate:Generate"
    scores: ClassVar[bool] = False

    type: Literal["generate"] = "generate"
    prompt: str = Field(INSTRUCTION, pattern=r"\{question\}", description="the prompt, of {question} and {options}")


from collections.abc import Sequence

from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.components.evaluate.parsing import parse_choice
from inkling.models.inference.answering import Answering


class Generate(Method):
    """A generated answer a question."""

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """What the model says, and which choice that is."""
        limits = [self.spec.max_new_tokens] * len(asked)
        texts = model.generate([self.prompt(one) for one in asked], limits, images)
        return [
            Reply(text=text, choice=parse_choice(text, one.choices, self.lettered))
            for one, text in zip(asked, texts, strict=True)
        ]
