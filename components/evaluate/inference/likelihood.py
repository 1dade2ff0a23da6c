"""The most likely choice: each is scored as the answer by the sum over its tokens, and none is listed in the prompt."""

from typing import ClassVar, Literal

from inkling.components.evaluate.contract import MethodSpec


class LikelihoodSpec(MethodSpec):
    """The sum of the log-probabilities of the choice's tokens and of the end of the answer."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.likelihood:Likelihood"

    type: Literal["likelihood"] = "likelihood"


from collections.abc import Sequence

from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.models.inference.answering import Answering
from inkling.models.inference.likelihood import choose


class Likelihood(Method):
    """One pass for all choices of a question."""

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """The first of the most likely choices."""
        found = model.score([self.prompt(one) for one in asked], [one.choices for one in asked], images)
        return [Reply(tuple(values), choice=choose(values)) for values in found]
