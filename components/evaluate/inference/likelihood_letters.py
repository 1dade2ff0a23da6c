"""The most likely letter: the choices are listed in the prompt behind letters, and the letters are scored.

The multiple-choice form of MMLU (Hendrycks et al. 2021, arXiv 2009.03300).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.evaluate.contract import INSTRUCTION, MethodSpec


class LikelihoodLettersSpec(MethodSpec):
    """The letter and the end of the answer are scored; each letter must be one token."""

    target: ClassVar[str] = "inkling.components.evaluate.inference.likelihood_letters:LikelihoodLetters"

    type: Literal["likelihood-letters"] = "likelihood-letters"
    prompt: str = Field(
        INSTRUCTION, pattern=r"(?s)\{question\}.*\{options\}", description="the prompt; it lists the choices"
    )


from collections.abc import Sequence

from inkling.components.evaluate.contract import LETTERS, Asked, Method, Reply
from inkling.models.inference.answering import Answering
from inkling.models.inference.likelihood import choose


class LikelihoodLetters(Method):
    """One pass for all letters of a question."""

    def check(self, model: Answering, asked: Sequence[Asked]) -> None:
        """Refuses letters that are several tokens, or not told apart, and questions with more choices than letters.

        Raises:
            ValueError: Naming them.
        """
        super().check(model, asked)
        used = LETTERS[: max((len(one.order) for one in asked), default=0)]
        tokens = {letter: tuple(model.answer_tokens(letter)) for letter in used}
        several = [letter for letter, ids in tokens.items() if len(ids) != 1]
        if several or len(set(tokens.values())) < len(used):
            problem = f"{', '.join(several)} are not single tokens" if several else "several letters are one token"
            raise ValueError(
                f"the model's tokenizer does not know the letters {used[0]} to {used[-1]}: {problem}. Use method "
                "'likelihood', which scores the choices' own text"
            )

    def scored(self, asked: Asked) -> Sequence[str]:
        """The letters."""
        return LETTERS[: len(asked.order)]

    def reply(self, model: Answering, asked: Sequence[Asked], images: Sequence[str] | None) -> list[Reply]:
        """The first of the choices whose letters are most likely."""
        found = model.score([self.prompt(one) for one in asked], [self.scored(one) for one in asked], images)
        return [Reply(tuple(values), choice=choose(values)) for values in found]
