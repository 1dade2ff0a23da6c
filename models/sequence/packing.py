"""Several questions about one image in one sequence: each sees the image and itself, as if it were asked alone.

A sequence is a tree of segments. A token sees the tokens before it in its own segment and everything in the segments
above it, and its position counts along that path, so branches cannot tell that they have siblings. Training packs all
questions of an image this way, scoring packs the choices of a question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkling.models.sequence.special_tokens import PAD_ID


@dataclass(frozen=True)
class TokenSegment:
    """A run of tokens in a sequence.

    Attributes:
        ids: Its token ids, at least one.
        parent: Index of the segment that it continues; None starts the sequence.
        scored: Whether its tokens are to be predicted. A scored segment continues another segment.
    """

    ids: Sequence[int]
    parent: int | None = None
    scored: bool = False


class PackedSequence:
    """A tree of segments laid out as one sequence of n text tokens, of which m are scored.

    Attributes:
        ids: Token ids, int64 (n,).
        depths: Tokens above and before each token, without the image, int64 (n,).
        asked: Whether each token is given, not to be predicted, bool (n,).
        visible: Whether token i sees text token j, bool (n, n).
        predictors: Index of the token whose output predicts each scored token, int64 (m,).
        targets: Id of each scored token, int64 (m,).
        owners: TokenSegment of each scored token, int64 (m,).
    """

    def __init__(self, segments: Sequence[TokenSegment]) -> None:
        """Lays the segments out in their order.

        Raises:
            ValueError: If a segment is empty, follows no earlier one, or is scored with nothing before it.
        """
        starts: list[int] = []
        depths: list[int] = []
        ids: list[int] = []
        predictors: list[int] = []
        owners: list[int] = []
        lineage = np.zeros((len(segments), len(segments)), dtype=bool)
        for index, segment in enumerate(segments):
            parent = segment.parent
            if (
                not segment.ids
                or (parent is not None and not 0 <= parent < index)
                or (segment.scored and parent is None)
            ):
                raise ValueError(f"segment {index} must hold tokens and follow an earlier segment, got {segment}")
            last = -1 if parent is None else starts[parent] + len(segments[parent].ids) - 1
            start, depth = len(ids), 0 if parent is None else depths[last] + 1
            if parent is not None:
                lineage[index] = lineage[parent]
            lineage[index, index] = True
            starts.append(start)
            ids += segment.ids
            depths += range(depth, depth + len(segment.ids))
            if segment.scored:
                predictors += [last, *range(start, start + len(segment.ids) - 1)]
                owners += [index] * len(segment.ids)
        self.ids, self.depths = np.array(ids), np.array(depths)
        self.predictors, self.owners = np.array(predictors, np.int64), np.array(owners, np.int64)
        self.targets = np.array([token for segment in segments if segment.scored for token in segment.ids], np.int64)
        self.asked = np.repeat([not segment.scored for segment in segments], [len(one.ids) for one in segments])
        self._members = np.repeat(np.arange(len(segments)), [len(segment.ids) for segment in segments])
        self._lineage = lineage

    @cached_property
    def visible(self) -> NDArray[np.bool_]:
        """Whether token i sees token j, bool (n, n)."""
        related = self._lineage[self._members[:, None], self._members[None, :]]
        return related & (self.depths[None, :] <= self.depths[:, None])

    def __len__(self) -> int:
        """Number of text tokens."""
        return len(self.ids)


@dataclass(frozen=True)
class PackedBatch:
    """Packed sequences with image tokens behind their first token, padded: b sequences of s tokens, t of them image.

    Attributes:
        ids: Text token ids, int64 (b, s - t).
        asked: Whether each text token is given, neither to be predicted nor padding, bool (b, s - t).
        positions: Position of each token, int64 (b, s).
        mask: Whether token i sees token j, bool (b, 1, s, s). Padding sees itself, so that no row is empty.
        predictors: Row in the flattened outputs (b * s) that predicts each scored token, int64 (m,).
        targets: Id of each scored token, int64 (m,).
        sequences: Sequence of each scored token, int64 (m,).
        owners: TokenSegment, within its sequence, of each scored token, int64 (m,).
    """

    ids: Tensor
    asked: Tensor
    positions: Tensor
    mask: Tensor
    predictors: Tensor
    targets: Tensor
    sequences: Tensor
    owners: Tensor


def collate(sequences: Sequence[PackedSequence], image_tokens: int) -> PackedBatch:
    """Pads packed sequences to the longest and leaves room for the image behind their first token, `<|bos|>`.

    Args:
        sequences: At least one. Around an image, all segments of a sequence continue its first token.
        image_tokens: Tokens of the image, which all text behind it sees; 0 asks blind.

    Raises:
        ValueError: If a sequence with an image has segments that do not continue its first token.
    """
    count, text = len(sequences), max(len(sequence) for sequence in sequences)
    length = image_tokens + text
    ids = np.full((count, text), PAD_ID, np.int64)
    asked = np.zeros((count, text), bool)
    positions = np.zeros((count, length), np.int64)
    positions[:, : 1 + image_tokens] = np.arange(1 + image_tokens)
    mask = np.zeros((count, length, length), bool)
    mask[:, : 1 + image_tokens, : 1 + image_tokens] = np.tri(1 + image_tokens, dtype=bool)
    for row, sequence in enumerate(sequences):
        if image_tokens and (sequence.depths[1:] == 0).any():
            raise ValueError(f"sequence {row} has an image, so all its segments must continue its first token")
        end = image_tokens + len(sequence)
        behind = slice(1 + image_tokens, end)  # the text behind the image
        ids[row, : len(sequence)] = sequence.ids
        asked[row, : len(sequence)] = sequence.asked
        positions[row, behind] = image_tokens + sequence.depths[1:]
        mask[row, behind, 1 : 1 + image_tokens] = True
        mask[row, behind, 0] = sequence.visible[1:, 0]
        mask[row, behind, behind] = sequence.visible[1:, 1:]
        padding = np.arange(end, length)
        mask[row, padding, padding] = True
    rows = np.repeat(np.arange(count), [len(sequence.targets) for sequence in sequences])
    predictors = np.concatenate([sequence.predictors for sequence in sequences]) + rows * length + image_tokens
    return PackedBatch(
        ids=torch.from_numpy(ids),
        asked=torch.from_numpy(asked),
        positions=torch.from_numpy(positions),
        mask=torch.from_numpy(mask)[:, None],
        predictors=torch.from_numpy(predictors),
        targets=torch.from_numpy(np.concatenate([sequence.targets for sequence in sequences])),
        sequences=torch.from_numpy(rows),
        owners=torch.from_numpy(np.concatenate([sequence.owners for sequence in sequences])),
    )
