"""Turns as token ids: every question about an image with its answer, packed into one sequence."""

from collections.abc import Iterable

from tokenizers import Tokenizer

from inkling.components.artifacts.conversations import Turn
from inkling.models.sequence.packing import PackedSequence, TokenSegment
from inkling.models.sequence.prompt import answer_ids, prompt_ids


def pack_turns(turns: Iterable[Turn], tokenizer: Tokenizer) -> PackedSequence:
    """All turns about one image in one sequence; none sees another."""
    segments: list[TokenSegment] = []
    for turn in turns:
        segments.append(TokenSegment(prompt_ids(tokenizer, turn.question)))
        segments.append(TokenSegment(answer_ids(tokenizer, turn.answer), parent=len(segments) - 1, scored=True))
    return PackedSequence(segments)


def caption_of(turns: Iterable[Turn]) -> str:
    """What the captions of an image say."""
    return " ".join(turn.answer for turn in turns if turn.kind == "caption")
