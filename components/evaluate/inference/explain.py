"""The explained choice: the model reasons in its own words before it answers, and the end of them is read as a choice.

LSBS (section 4.4, Figures 8 and 9) asks for a detailed explanation and measures how deep and how sound it is, without
its prompt; this one is ours. What is kept is the whole text, the reasoning trace: `inkling evaluate --method explain`
measures its depth in every view and, with `--judge URL`, its soundness.

Only the conclusion decides: what follows the last "answer", else the last sentence. A trace names the options that it
weighs, so that read as a whole it would often decide nothing.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.evaluate.contract import MethodSpec

_PROMPT = (
    "{question}\n{options}\nExplain in detail, step by step, how you find the answer. End with: The answer is, and the "
    "option's letter."
)


class ExplainSpec(MethodSpec):
    """The choices are listed in the prompt, unless it leaves `{options}` out."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.explain:Explain"
    scores: ClassVar[bool] = False
    explains: ClassVar[bool] = True

    type: Literal["explain"] = "explain"
    prompt: str = Field(_PROMPT, pattern=r"\{question\}", description="the prompt, of {question} and {options}")
    max_new_tokens: int = Field(
        128,
        ge=1,
        description="tokens at most of an explanation, which fit the context with the prompt",
    )


import re
from collections.abc import Sequence

from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.components.evaluate.parsing import parse_choice
from inkling.models.inference.answering import Answering

_ANSWER = re.compile(r"\banswer\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?\u3002])\s+|\n+")


class Explain(Method):
    """A generated explanation a question."""

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """What the model says, and which choice its conclusion is."""
        texts = model.generate([self.prompt(one) for one in asked], [self.spec.max_new_tokens] * len(asked), images)
        return [
            Reply(text=text, choice=parse_choice(conclusion(text), one.choices, self.lettered))
            for one, text in zip(asked, texts, strict=True)
        ]


def conclusion(text: str) -> str:
    """The part of an explanation that states its answer: from the last "answer" on, else the last sentence."""
    places = [match.start() for match in _ANSWER.finditer(text)]
    if places:
        return text[places[-1] :]
    sentences = [sentence for sentence in _SENTENCE.split(text.strip()) if sentence]
    return sentences[-1] if sentences else ""
