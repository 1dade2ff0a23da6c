"""Several questions about one image in one sequence, or several images in one text: who sees whom, and from where.

A sequence is a tree of segments, each a run of tokens or an image. A token sees the tokens before it in its own segment
and everything in the segments above it, and its position counts along that path, so branches cannot tell that they have
siblings. Training packs all questions of an image this way, scoring packs the choices of a question; a document is a
tree without branches. Where no segment is an image, one stands behind the first token, if it is shown at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class ImageSegment:
    """An image in a sequence: as many places as the model gives an image, or none where it is not shown.

    Attributes:
        parent: Index of the segment that it continues.
    """

    parent: int


Segment = TokenSegment | ImageSegment


class SequenceLayout:
    """The places of a sequence whose images take so many each: n places, of which m predict a scored token.

    Attributes:
        is_text: Whether each place is a text token's, not an image token's, bool (n,).
        depths: Places above and before each place, int64 (n,).
        predictors: Place whose output predicts each scored token, int64 (m,).
    """

    def __init__(self, segments: Sequence[Segment], image_tokens: int) -> None:
        """Lays checked segments out in their order."""
        ends: list[int] = []  # the last place on the path down to each segment: an image may have none of its own
        depths: list[int] = []
        predictors: list[int] = []
        lineage = np.eye(len(segments), dtype=bool)
        sizes = [len(one.ids) if isinstance(one, TokenSegment) else image_tokens for one in segments]
        for index, (segment, size) in enumerate(zip(segments, sizes, strict=True)):
            start, last = len(depths), -1
            if segment.parent is not None:
                last = ends[segment.parent]
                lineage[index] |= lineage[segment.parent]
            depth = depths[last] + 1 if last >= 0 else 0
            depths += range(depth, depth + size)
            ends.append(start + size - 1 if size else last)
            if isinstance(segment, TokenSegment) and segment.scored:
                predictors += [last, *range(start, start + size - 1)]
        self.depths, self.predictors = np.array(depths), np.array(predictors, np.int64)
        self.is_text = np.repeat([isinstance(segment, TokenSegment) for segment in segments], sizes)
        self._sizes, self._lineage = sizes, lineage

    def visible(self) -> NDArray[np.bool_]:
        """Whether place i sees place j, bool (n, n)."""
        related = np.repeat(np.repeat(self._lineage, self._sizes, axis=1), self._sizes, axis=0)
        return related & (self.depths[None, :] <= self.depths[:, None])


class PackedSequence:
    """A tree of segments as one sequence of n text tokens, of which m are scored, and of images between them.

    Attributes:
        ids: Token ids, int64 (n,).
        asked: Whether each token is given, not to be predicted, bool (n,).
        targets: Id of each scored token, int64 (m,).
        owners: Segment of each scored token, int64 (m,).
        images: How many of its segments are images.
        roots: How many of its segments continue no other.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        """Takes the segments in their order.

        Raises:
            ValueError: If a segment is empty, follows no earlier one, or is scored with nothing before it.
        """
        for index, segment in enumerate(segments):
            parent = segment.parent
            if (
                (isinstance(segment, TokenSegment) and not segment.ids)
                or (parent is not None and not 0 <= parent < index)
                or (parent is None and (isinstance(segment, ImageSegment) or segment.scored))
            ):
                raise ValueError(f"segment {index} must hold tokens and follow an earlier segment, got {segment}")
        text = [(index, one) for index, one in enumerate(segments) if isinstance(one, TokenSegment)]
        scored = [(index, one) for index, one in text if one.scored]
        self.ids = np.array([token for _, one in text for token in one.ids])
        self.asked = np.repeat([not one.scored for _, one in text], [len(one.ids) for _, one in text])
        self.targets = np.array([token for _, one in scored for token in one.ids], np.int64)
        self.owners = np.repeat(np.array([index for index, _ in scored], np.int64), [len(one.ids) for _, one in scored])
        self.images = len(segments) - len(text)
        self.roots = sum(one.parent is None for one in segments)
        self._segments = tuple(segments)
        self._layouts: dict[int, SequenceLayout] = {}

    def layout(self, image_tokens: int) -> SequenceLayout:
        """Its places, with so many for each image; 0 shows none."""
        if image_tokens not in self._layouts:
            segments = self._segments if self.images or not image_tokens else _behind_first_token(self._segments)
            self._layouts[image_tokens] = SequenceLayout(segments, image_tokens)
        return self._layouts[image_tokens]

    def __len__(self) -> int:
        """Number of text tokens."""
        return len(self.ids)


def _behind_first_token(segments: Sequence[Segment]) -> list[Segment]:
    """The segments with an image behind the first token of the first one, which all others continue."""
    first, others = segments[0], segments[1:]
    assert isinstance(first, TokenSegment), "an image does not begin a sequence"
    head: list[Segment] = [TokenSegment(first.ids[:1]), ImageSegment(0)]
    if len(first.ids) > 1:
        head.append(TokenSegment(first.ids[1:], 1))
    return [*head, *(replace(other, parent=(other.parent or 0) + len(head) - 1) for other in others)]


@dataclass(frozen=True)
class PackedBatch:
    """Packed sequences with their images, padded: b sequences of s places, of which at most n are text.

    Attributes:
        ids: Text token ids, int64 (b, n).
        asked: Whether each text token is given, neither to be predicted nor padding, bool (b, n).
        places: What stands at each place, int64 (b, s): a row of the text tokens (b * n), or behind those, of all the
            images' tokens in turn.
        positions: Position of each place, int64 (b, s).
        mask: Whether place i sees place j, bool (b, 1, s, s). Padding sees itself, so that no row is empty.
        predictors: Row in the flattened outputs (b * s) that predicts each scored token, int64 (m,).
        targets: Id of each scored token, int64 (m,).
        sequences: Sequence of each scored token, int64 (m,).
        owners: Segment, within its sequence, of each scored token, int64 (m,).
    """

    ids: Tensor
    asked: Tensor
    places: Tensor
    positions: Tensor
    mask: Tensor
    predictors: Tensor
    targets: Tensor
    sequences: Tensor
    owners: Tensor


def collate(sequences: Sequence[PackedSequence], image_tokens: int) -> PackedBatch:
    """Pads packed sequences to the longest and leaves room for their images.

    Args:
        sequences: At least one. One without images of its own has one behind its first token, `<|bos|>`, which all of
            its segments continue.
        image_tokens: Tokens of each image, which all text behind it sees; 0 asks blind.

    Raises:
        ValueError: If a sequence without images of its own has segments that do not continue its first token.
    """
    for row, sequence in enumerate(sequences):
        if image_tokens and not sequence.images and sequence.roots > 1:
            raise ValueError(f"sequence {row} has an image, so all its segments must continue its first token")
    layouts = [sequence.layout(image_tokens) for sequence in sequences]
    count, text = len(sequences), max(map(len, sequences))
    length = max(len(layout.depths) for layout in layouts)
    ids = np.full((count, text), PAD_ID, np.int64)
    asked = np.zeros((count, text), bool)
    places, positions = np.zeros((2, count, length), np.int64)
    mask = np.zeros((count, length, length), bool)
    images = count * text  # the row of the next image token
    for row, (sequence, layout) in enumerate(zip(sequences, layouts, strict=True)):
        own, end = len(sequence), len(layout.depths)
        ids[row, :own] = sequence.ids
        asked[row, :own] = sequence.asked
        here = np.arange(length)[:end]
        places[row, here[layout.is_text]] = row * text + np.arange(own)
        places[row, here[~layout.is_text]] = images + np.arange(end - own)
        places[row, end:] = row * text + np.minimum(np.arange(own, own + length - end), text - 1)
        images += end - own
        positions[row, :end] = layout.depths
        mask[row, :end, :end] = layout.visible()
        padding = np.arange(end, length)
        mask[row, padding, padding] = True
    rows = np.repeat(np.arange(count), [len(sequence.targets) for sequence in sequences])
    predictors = np.concatenate([layout.predictors for layout in layouts]) + rows * length
    return PackedBatch(
        ids=torch.from_numpy(ids),
        asked=torch.from_numpy(asked),
        places=torch.from_numpy(places),
        positions=torch.from_numpy(positions),
        mask=torch.from_numpy(mask)[:, None],
        predictors=torch.from_numpy(predictors),
        targets=torch.from_numpy(np.concatenate([sequence.targets for sequence in sequences])),
        sequences=torch.from_numpy(rows),
        owners=torch.from_numpy(np.concatenate([sequence.owners for sequence in sequences])),
    )
