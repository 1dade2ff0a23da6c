"""What a probe is: a measurement of a multimodal model, with an interval and with what chance would give."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.questions import Question
from inkling.models.spec import Spec

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from inkling.models.multimodal import MultimodalModel


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        model: The model, in evaluation mode, without its vision encoder.
        tokenizer: Its tokenizer.
        questions: Questions of the test split.
        features: Gives the image features of some images by their ids, as the model's connector reads them: each view
            (images, tokens, channels).
        turns: What training said about its pictures.
        training_features: The same as `features`, of pictures of the training.
        pictures: Bytes of the pictures of the training by their ids.
    """

    model: "MultimodalModel"
    tokenizer: "Tokenizer"
    questions: Sequence[Question]
    features: "Callable[[Sequence[str]], dict[str, Tensor]]"
    turns: Sequence[Turn] = ()
    training_features: "Callable[[Sequence[str]], dict[str, Tensor]] | None" = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    def families(self) -> dict[tuple[str, str], list[Question]]:
        """The questions with choices by suite and family, both in order of their names."""
        found: dict[tuple[str, str], list[Question]] = {}
        for question in (one for one in self.questions if one.choices):
            found.setdefault((question.suite, question.family), []).append(question)
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Measurement:
    """One number, with its interval and its null distribution.

    Attributes:
        name: What was measured, such as the family of the questions.
        value: The number.
        low: Lower end of its 95 % interval; None where one image was measured.
        high: Upper end; None likewise.
        null_low: Lower end of the middle 95 % of what it would be if there were nothing to find.
        null_high: Upper end.
        count: Questions that entered.
        images: Images that they are about.
        suite: Suite of the questions; empty where it was measured over all.
        layer: What of the model was read, such as "image tokens"; empty where the probe reads one thing.
        details: What else there is to say, as JSON values; `right`, where questions were answered, says of each by its
            identity whether rightly.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    null_low: float
    null_high: float
    count: int
    images: int
    suite: str = ""
    layer: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Probe(ABC):
    """A way to measure a model; it says itself what a run's report shows of it.

    Attributes:
        title: Heading of its part of the report; the probe's name where it gives none.
        about: What its numbers are, for who reads the report.
        counted: What `Measurement.count` counts.
        shares: Whether its numbers are shares, which are printed in per cent.
    """

    title: ClassVar[str] = ""
    about: ClassVar[str] = ""
    counted: ClassVar[str] = "questions"
    shares: ClassVar[bool] = True

    def shown(self, found: Sequence[Measurement]) -> Sequence[Measurement]:
        """Those of its measurements that a run's report shows and its summary prints: all, unless it chooses."""
        return found

    @abstractmethod
    def measure(self, subject: Subject, random: np.random.Generator) -> list[Measurement]:
        """Measures.

        Args:
            subject: What is measured; nothing of it is changed.
            random: Draws the null distribution.
        """


class ProbeSpec(Spec, ABC):
    """Which probe, and its settings."""

    def resolve(self) -> Self:
        """The spec with files of the user's named by their content."""
        return self

    def build(self) -> Probe:
        """The probe."""
        return cast(Probe, self.load_target()(self))
