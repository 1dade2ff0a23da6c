"""The choice that is most likely by the byte, so that long choices are not at a disadvantage.

The sum of log-probabilities over the bytes of the choice in UTF-8, as `acc_bytes` of lm-evaluation-harness.
"""

from typing import ClassVar, Literal

from inkling.components.evaluate.contract import MethodSpec


class LikelihoodBytesSpec(MethodSpec):
    """The likelihoods that are stored are the sums."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.likelihood_bytes:LikelihoodBytes"

    type: Literal["likelihood-bytes"] = "likelihood-bytes"


from collections.abc import Sequence

from inkling.components.evaluate.contract import Asked, Method, Reply
from inkling.models.inference.answering import Answering
from inkling.models.inference.likelihood import choose


class LikelihoodBytes(Method):
    """One pass for all choices of a question."""

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """The first of the choices that are most likely by the byte."""
        found = model.score([self.prompt(one) for one in asked], [one.choices for one in asked], images)
        return [
            Reply(
                tuple(values),
                choice=choose([value / len(text.encode()) for value, text in zip(values, one.choices, strict=True)]),
            )
            for one, values in zip(asked, found, strict=True)
        ]
