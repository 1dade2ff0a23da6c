"""The documents of a phase: cut to what the language model reads, whole or in pairs, and as sequences."""

from collections.abc import Iterable, Iterator, Sequence

from tokenizers import Tokenizer

from inkling.components.adapt.recipe import Phase
from inkling.components.artifacts.interleaved import INTERLEAVED, InterleavedDocument
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.packing import ImageSegment, PackedSequence, Segment, TokenSegment
from inkling.models.sequence.prompt import document_ids
from inkling.models.sequence.special_tokens import BOS_ID

_SPARE = 8  # tokens that a part may have beyond its share of the whole: `<|eos|>`, and a first word without its space


def fitted(
    documents: Iterable[InterleavedDocument], tokenizer: Tokenizer, image_positions: int, context: int
) -> Iterator[InterleavedDocument]:
    """Documents of which the language model can read each whole: one that is too long is cut before a picture.

    Args:
        documents: The documents.
        tokenizer: The language model's.
        image_positions: Positions that an image takes in a sequence.
        context: Positions that the language model reads.

    Raises:
        ConfigError: If a picture with the text behind it is too long by itself.
    """
    for document in documents:
        for part in document.parts(_starts(document, tokenizer, image_positions, context)):
            length = text_tokens(part, tokenizer) + image_positions * len(part.image_ids)
            if length > context:
                raise ConfigError(
                    f"document '{part.id}' has {length:,} tokens around one picture, its {image_positions} included, "
                    f"and the language model reads {context:,}: leave longer ones out (max_words)"
                )
            yield part


def _starts(document: InterleavedDocument, tokenizer: Tokenizer, image_positions: int, context: int) -> list[int]:
    """Before which pictures a document is cut, so that each part has as many as fit."""
    first, *behind = map(len, document_ids(tokenizer, document.texts))
    starts, length = list[int](), first
    for number, text in enumerate(behind):
        if number and 1 + length + image_positions + text + _SPARE > context:
            starts.append(number)
            length = 0
        length += image_positions + text
    return starts


def phase_documents(phase: Phase, documents: Sequence[InterleavedDocument]) -> Sequence[InterleavedDocument]:
    """The documents that a phase reads, whole or cut into pairs.

    Raises:
        ValueError: If it reads documents and there are none.
    """
    if INTERLEAVED not in phase.data:
        return ()
    if not documents:
        raise ValueError(
            f"phase '{phase.name}' reads interleaved documents, but there are none: state scenes.documents, or bring "
            "some (docs/data.md)"
        )
    return documents if phase.documents == "whole" else [pair for one in documents for pair in one.pairs()]


def text_tokens(document: InterleavedDocument, tokenizer: Tokenizer) -> int:
    """Text tokens of the sequence of a document, `<|bos|>` and `<|eos|>` included."""
    return 1 + sum(map(len, document_ids(tokenizer, document.texts)))


def pack_document(document: InterleavedDocument, tokenizer: Tokenizer) -> PackedSequence:
    """A document as one sequence, its images where its text has them; all of its text is predicted."""
    segments: list[Segment] = [TokenSegment([BOS_ID])]
    for place, ids in enumerate(document_ids(tokenizer, document.texts)):
        if place:
            segments.append(ImageSegment(len(segments) - 1))
        if ids:
            segments.append(TokenSegment(ids, len(segments) - 1, scored=True))
    return PackedSequence(segments)
