"""Linear probe: what a linear map reads off the image features, and off the image tokens that the connector makes.

For each family of questions it is trained on the instructions about the training pictures that the model was taught
with, and asked the questions of the test split. Beside it stands the prior-only guesser, which knows only how often
training gave each answer. What it reads off the features and not off the image tokens, the connector has lost; what it
reads off the image tokens and the model does not answer, the language model does not use. Where it reads nothing off
the features, either they do not hold it or a linear map cannot find it: then it tells nothing.

Both are read twice: at all places at once, where a map has a weight for each channel at each place, and averaged over
the places, where it has one a channel and so learns from fewer examples what does not depend on where a thing lies.

The null distribution gives each question the picture of another question of its family.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.components.probe.contract import Measurement, Probe, ProbeSpec, Subject

_BATCH = 256


class LinearProbeSpec(ProbeSpec):
    """Settings of the probe."""

    target: ClassVar[str] = "inkling.components.probe.probes.linear:LinearProbe"

    type: Literal["linear"] = "linear"
    permutations: int = Field(100, ge=20, description="draws of the null distribution")
    examples: int = Field(1_000, ge=2, description="training examples a family, at most; drawn by the seed")


import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkling.components.artifacts.conversations import Conversations, Turn
from inkling.components.artifacts.features import Features, Split
from inkling.components.artifacts.measurements import FEATURES, MEAN_FEATURES, MEAN_TOKENS, TOKENS
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.shared.statistics.linear_probe import Probed, Shuffles, Texts, linear_probe

Read = Callable[[Sequence[str]], NDArray[np.float32]]
"""Gives what is read of some images, (images, channels)."""


class LinearProbe(Probe):
    """Accuracy of the probe, four measurements a family of questions: off the features and tokens, and their means."""

    def __init__(self, spec: LinearProbeSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def shown(self, found: Sequence[Measurement]) -> Sequence[Measurement]:
        """None: a report has them beside the model's own answers."""
        return ()

    def measure(self, subject: Subject, random: np.random.Generator) -> list[Measurement]:
        """What is read off each layer, for each family of which training gave answers."""
        found = []
        for (suite, family), questions in subject.families().items():
            examples = _examples(subject.turns, family, questions, self._spec.examples, random)
            for layer in (FEATURES, TOKENS, MEAN_FEATURES, MEAN_TOKENS) if examples else ():
                shuffles = Shuffles(self._spec.permutations, random)
                probed = _probed(examples, questions, *_layers(subject, layer), shuffles)
                found.append(_measurement(suite, family, layer, probed, questions))
        return found


def probe_features(
    features: str | Path,
    conversations: str | Path,
    questions: str | Path,
    view: str = "grid",
    split: str = "test",
    mean: bool = False,
) -> dict[str, Probed]:
    """Probes stored features, family by family, of an encoder that no model was made with.

    Args:
        features: The Features artifact.
        conversations: The Conversations that it was made of, whose instructions are learnt from.
        questions: The Questions that it was made of.
        view: The view that is read.
        split: The questions' split.
        mean: Whether the mean of its tokens is read, rather than all of them at once.

    Raises:
        ArtifactError: If an artifact is not what was written, or has no such view.
    """
    made, taught, asked = Features.open(features), Conversations.open(conversations), Questions.open(questions)
    turns, tested = taught.turns(), [question for question in asked.questions() if question.split == split]
    learnt = _stored(made, "conversations", view, list(taught.images()), mean)
    shown = _stored(made, "questions", view, list(asked.images()), mean)
    found: dict[str, Probed] = {}
    for family in sorted({question.family for question in tested}):
        members = [question for question in tested if question.family == family]
        examples = _examples(turns, family, members, len(turns), np.random.default_rng(0))
        if examples:
            found[family] = _probed(examples, members, learnt, shown)
    return found


def _stored(features: Features, split: Split, view: str, images: Sequence[str], mean: bool) -> Read:
    stored, rows = features.view(split, view), {image: row for row, image in enumerate(images)}

    def read(wanted: Sequence[str]) -> NDArray[np.float32]:
        found = stored[[rows[image] for image in wanted]].astype(np.float32)  # (images, tokens, channels)
        return found.mean(1) if mean else found.reshape(len(wanted), -1)

    return read


def _examples(
    turns: Sequence[Turn], family: str, questions: Sequence[Question], most: int, random: np.random.Generator
) -> list[Turn]:
    """Instructions of a family about pictures; none where training gave the answers of less than half the questions."""
    taught = [turn for turn in turns if turn.kind == "instruct" and turn.image_id and turn.family == family]
    answers = {turn.answer for turn in taught}
    if 2 * sum(question.answer in answers for question in questions) < len(questions):
        return []
    kept = random.permutation(len(taught))[:most]
    return [taught[place] for place in sorted(kept)]


def _layers(subject: Subject, layer: str) -> tuple[Read, Read]:
    """What is read of training pictures and of the questions' pictures at a layer."""
    connector, averaged = subject.model.connector, layer in (MEAN_FEATURES, MEAN_TOKENS)

    @torch.inference_mode()
    def values(features: dict[str, Tensor]) -> Tensor:
        """What is read of a batch, (images, channels)."""
        views = [features[view] for view in connector.inputs]
        held = [connector(*views)] if layer in (TOKENS, MEAN_TOKENS) else views  # each (images, tokens, channels)
        return torch.cat([one.mean(1) if averaged else one.flatten(1) for one in held], dim=1)

    def reader(source: Callable[[Sequence[str]], dict[str, Tensor]]) -> Read:
        return lambda images: np.concatenate(
            [values(source(images[start : start + _BATCH])).numpy() for start in range(0, len(images), _BATCH)]
        )

    assert subject.training_features is not None, "a subject with turns has the features of their pictures"
    return reader(subject.training_features), reader(subject.features)


def _probed(
    examples: Sequence[Turn],
    questions: Sequence[Question],
    taught: Read,
    asked: Read,
    shuffles: Shuffles | None = None,
) -> Probed:
    images = [question.image_id for question in questions]
    return linear_probe(
        taught([turn.image_id for turn in examples]),
        [turn.answer for turn in examples],
        asked(images),
        [question.choices for question in questions],
        [question.answer for question in questions],
        images,
        Texts([turn.question for turn in examples], [question.question for question in questions]),
        shuffles,
    )


def _measurement(suite: str, family: str, layer: str, probed: Probed, questions: Sequence[Question]) -> Measurement:
    assert probed.null is not None
    found = probed.accuracy
    names = [question.question_id for question in questions]
    return Measurement(
        name=family,
        value=found.value,
        low=found.low,
        high=found.high,
        null_low=probed.null[0],
        null_high=probed.null[1],
        count=found.questions,
        images=found.images,
        suite=suite,
        layer=layer,
        details={
            "reads": probed.reads,
            "examples": probed.examples,
            "left_out": probed.left_out,
            "prior": dataclasses.asdict(probed.prior),
            "right": dict(zip(names, probed.right.tolist(), strict=True)),
        },
    )
