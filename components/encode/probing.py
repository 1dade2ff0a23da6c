"""What a linear probe reads off stored image features, a family of questions at a time: the encoder without a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.conversations import Conversations, Turn
from inkling.components.artifacts.features import Features, Split
from inkling.components.artifacts.questions import Question, Questions
from inkling.components.shared.statistics.linear_probe import Probed, linear_probe

FAMILIES = ("object", "colour", "position")
"""What LSBS asks of an encoder first: what there is, what it looks like, where it is."""


def probe_features(
    features: str | Path,
    conversations: str | Path,
    questions: str | Path,
    view: str = "grid",
    families: Sequence[str] = FAMILIES,
    split: str = "test",
) -> dict[str, Probed]:
    """Probes each family of questions.

    Args:
        features: The Features artifact.
        conversations: The Conversations that it was made of, whose instructions are learnt from.
        questions: The Questions that it was made of.
        view: The view that is read, all of its tokens.
        families: Families of questions; one without examples or questions is left out.
        split: The questions' split.

    Raises:
        ArtifactError: If an artifact is not what was written, or has no such view.
    """
    made, taught, asked = Features.open(features), Conversations.open(conversations), Questions.open(questions)
    turns = [turn for turn in taught.turns() if turn.kind == "instruct" and turn.image_id]
    tested = [question for question in asked.questions() if question.split == split]
    known, seen = list(taught.images()), list(asked.images())
    found: dict[str, Probed] = {}
    for family in families:
        examples = [turn for turn in turns if turn.family == family]
        questioned = [question for question in tested if question.family == family]
        if examples and questioned:
            found[family] = linear_probe(
                _rows(made, "conversations", view, known, examples),
                [turn.answer for turn in examples],
                _rows(made, "questions", view, seen, questioned),
                [question.choices for question in questioned],
                [question.answer for question in questioned],
                [question.image_id for question in questioned],
            )
    return found


def _rows(
    features: Features, split: Split, view: str, names: Sequence[str], about: Sequence[Turn] | Sequence[Question]
) -> NDArray[np.float32]:
    """The features of the picture of each of these (items, tokens * channels)."""
    places = {name: place for place, name in enumerate(names)}
    rows = [places[item.image_id] for item in about]
    return features.view(split, view)[rows].reshape(len(rows), -1)
