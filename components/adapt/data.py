"""What an adaptation learns from, and the sequences of a phase: an image's turns, documents, turns of text alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from inkling.components.adapt.batches import Fields, ImageBatches, View
from inkling.components.adapt.documents import pack_document, phase_documents
from inkling.components.adapt.recipe import Phase
from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.models.sequence.packing import PackedSequence, TokenSegment
from inkling.models.sequence.prompt import answer_ids, prompt_ids

_TEXT_ORDER = 2  # beside the seed: draws which text-only turns come together

TEXT_ONLY = ""
"""The image of a turn that has none."""


@dataclass(frozen=True)
class Lesson:
    """The data of an adaptation, for every phase of it.

    Attributes:
        images: Names of the images.
        features: Each view that the connector reads, by its name: (images, tokens, channels), in the order of `images`.
        turns: What is said about each image, by its name; turns that are text alone stand under `TEXT_ONLY`.
        tokenizer: The language model's.
        shown: Reads what the images show, by their names; empty where nobody annotated them.
        documents: Documents that the images stand in, each no longer than the language model reads.
    """

    images: Sequence[str]
    features: Mapping[str, View]
    turns: Mapping[str, Sequence[Turn]]
    tokenizer: Tokenizer
    shown: Callable[[], Mapping[str, ImageAnnotation]] = dict
    documents: Sequence[InterleavedDocument] = ()

    def annotations(self, reader: str) -> Mapping[str, ImageAnnotation]:
        """What the images show, by their names.

        Args:
            reader: What needs them, for the message.

        Raises:
            ValueError: If no image is annotated.
        """
        found = self.shown()
        if not found:
            raise ValueError(
                f"{reader} needs to know what lies where in each image, but none is annotated: learn from the scenes, "
                "or from a data set with boxes"
            )
        return found

    def captions(self) -> list[str]:
        """What the captions of each image say, in the order of `images`; nothing where an image has none."""
        return [
            " ".join(turn.answer for turn in self.turns.get(image, ()) if turn.kind == "caption")
            for image in self.images
        ]


@dataclass(frozen=True)
class PhaseSequences:
    """What stands in the sequences of a phase: turns about an image, documents, and turns of text alone.

    Attributes:
        rows: The image of each sequence of turns about one: its row in the features.
        turns: The turns of each.
        documents: Documents that the images stand in.
        text: The turns of each text-only sequence.
    """

    rows: Sequence[int]
    turns: Sequence[Sequence[Turn]]
    documents: Sequence[InterleavedDocument]
    text: Sequence[Sequence[Turn]]


def phase_sequences(phase: Phase, lesson: Lesson, seed: Sequence[int], alone: bool = False) -> PhaseSequences:
    """The sequences of a phase, before they are tokenized and come in an order.

    Args:
        phase: The phase.
        lesson: The data of all phases.
        seed: Determines which text-only turns come together; another for each phase.
        alone: Whether each turn has a sequence and an image of its own, for a connector that reads the question.

    Raises:
        ValueError: If no image has turns of the phase's kinds, it reads documents and there are none, or there are
            fewer text-only turns than it wants.
    """
    turns = [_of_kinds(phase, lesson, image) for image in lesson.images]
    rows = [row for row, chosen in enumerate(turns) if chosen]
    documents = phase_documents(phase, lesson.documents)
    if not rows and not documents:
        raise ValueError(f"phase '{phase.name}' trains on {' and '.join(phase.data)} turns, but no image has any")
    if alone:
        rows = [row for row in rows for _ in turns[row]]
        turns = [[turn] for one in turns for turn in one]
    shown = turns if alone else [turns[row] for row in rows]
    return PhaseSequences(rows, shown, documents, _text_only(phase, lesson, shown, len(shown) + len(documents), seed))


def phase_batches(
    phase: Phase, lesson: Lesson, fields: Fields, image_positions: int, seed: Sequence[int], alone: bool = False
) -> ImageBatches:
    """The batches of a phase.

    Args:
        phase: The phase.
        lesson: The data of all phases.
        fields: What the phase's objectives need, for all images of the lesson.
        image_positions: Positions that an image takes in a sequence.
        seed: Determines the order, and as in `phase_sequences`.
        alone: As in `phase_sequences`.

    Raises:
        ValueError: As in `phase_sequences`.
    """
    found = phase_sequences(phase, lesson, seed, alone)
    row_of = {image: row for row, image in enumerate(lesson.images)}
    return ImageBatches(
        lesson.features,
        [*([row] for row in found.rows), *([row_of[image] for image in one.image_ids] for one in found.documents)],
        [
            *(pack_turns(one, lesson.tokenizer) for one in found.turns),
            *(pack_document(one, lesson.tokenizer) for one in found.documents),
            *(pack_turns(one, lesson.tokenizer) for one in found.text),
        ],
        fields,
        image_positions,
        phase.batch,
        phase.blind,
        seed,
        lengths=[
            *(_characters(one) for one in found.turns),
            *(sum(map(len, one.texts)) for one in found.documents),
            *(_characters(one) for one in found.text),
        ],
    )


def _characters(turns: Sequence[Turn]) -> int:
    return sum(len(turn.question) + len(turn.answer) for turn in turns)


def _of_kinds(phase: Phase, lesson: Lesson, image: str) -> list[Turn]:
    return [turn for turn in lesson.turns.get(image, ()) if turn.kind in phase.data]


def _text_only(
    phase: Phase, lesson: Lesson, shown: Sequence[Sequence[Turn]], beside: int, seed: Sequence[int]
) -> list[Sequence[Turn]]:
    """The text-only sequences beside so many with images, each of as many turns as an image has on average."""
    turns = _of_kinds(phase, lesson, TEXT_ONLY) if phase.reads_text_alone else []
    each = max(round(sum(map(len, shown)) / max(len(shown), 1)), 1)
    there = -(-len(turns) // each)
    wanted = there if phase.text_only is None else round(beside * phase.text_only / (1 - phase.text_only))
    if wanted > there:
        raise ValueError(
            f"phase '{phase.name}': text_only {phase.text_only:g} beside {beside} images takes {wanted} sequences "
            f"of {each} text-only turns, but there are {len(turns)} such turns: lower it, or raise scenes.text_only"
        )
    order = np.random.default_rng([*seed, _TEXT_ORDER]).permutation(len(turns))
    return [[turns[index] for index in order[first : first + each]] for first in range(0, wanted * each, each)]


def pack_turns(turns: Iterable[Turn], tokenizer: Tokenizer) -> PackedSequence:
    """All turns about one image, or several without one, in one sequence: they share `<|bos|>`, none sees another."""
    segments: list[TokenSegment] = []
    for turn in turns:
        begin, *prompt = prompt_ids(tokenizer, turn.question)
        segments = segments or [TokenSegment([begin])]
        segments.append(TokenSegment(prompt, parent=0))
        segments.append(TokenSegment(answer_ids(tokenizer, turn.answer), parent=len(segments) - 1, scored=True))
    return PackedSequence(segments)
