"""Answers of one model to several suites, each asked by itself, as one artifact."""

from collections.abc import Sequence
from pathlib import Path

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.shared.store.store import produce

_MODULE = "inkling.components.evaluate.gather"


class GatherConfig(EvaluateConfig):
    """As for the parts."""

    def modules(self) -> tuple[str, ...]:
        """What puts them together."""
        return (_MODULE,)


def gather_answers(config: EvaluateConfig, parts: Sequence[str | Path], output: str | Path) -> Answers:
    """Puts answers together, with the scores that they have.

    Args:
        config: The configuration of all of them.
        parts: The Answers artifacts, no two of one suite.
        output: Where the Answers of all suites go.

    Raises:
        ArtifactError: If one is not what its manifest says.
    """
    found = [Answers.open(part) for part in parts]
    answers = [answer for part in found for answer in part.answers()]
    passes = {"passes": config.method.passes} if config.method.passes != 1 else {}
    suites = {name: scores for part in found for name, scores in part.summary()["suites"].items()}
    inputs = {f"answers_{number}": part for number, part in enumerate(found)}
    own = GatherConfig(**dict(config))
    return produce(
        Answers, output, own, inputs, lambda draft: write_answers(draft.path, answers, {"suites": suites, **passes})
    )
