"""Packed sequences hide siblings from each other and keep the positions of questions asked alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate
from inkling.models.sequence.special_tokens import PAD_ID

TREE = [
    TokenSegment([10, 11]),
    TokenSegment([12], parent=0, scored=True),
    TokenSegment([13]),
    TokenSegment([14, 15], parent=2, scored=True),
]


@st.composite
def trees(draw: st.DrawFn) -> list[TokenSegment]:
    """Any tree of up to six short segments; those with a parent may be scored."""
    segments: list[TokenSegment] = []
    for index in range(draw(st.integers(1, 6))):
        parent = draw(st.one_of(st.none(), st.integers(0, index - 1))) if index else None
        ids = draw(st.lists(st.integers(3, 99), min_size=1, max_size=4))
        segments.append(TokenSegment(ids, parent, parent is not None and draw(st.booleans())))
    return segments


def path_of(segments: list[TokenSegment], index: int) -> list[int]:
    """The segments from a root to the given one."""
    parent = segments[index].parent
    return [*(path_of(segments, parent) if parent is not None else []), index]


def test_a_tree_is_laid_out_in_order_with_depths_along_each_branch() -> None:
    sequence = PackedSequence(TREE)
    assert sequence.ids.tolist() == [10, 11, 12, 13, 14, 15]
    assert sequence.depths.tolist() == [0, 1, 2, 0, 1, 2]
    assert sequence.predictors.tolist() == [1, 3, 4]
    assert sequence.targets.tolist() == [12, 14, 15]
    assert sequence.owners.tolist() == [1, 3, 3]


@given(trees())
@settings(max_examples=60)
def test_a_token_sees_its_path_and_nothing_else(segments: list[TokenSegment]) -> None:
    sequence = PackedSequence(segments)
    members = [index for index, segment in enumerate(segments) for _ in segment.ids]
    within = [place for segment in segments for place in range(len(segment.ids))]
    for token, member in enumerate(members):
        path = path_of(segments, member)
        seen = {other for other, owner in enumerate(members) if owner in path[:-1]}
        seen |= {other for other, owner in enumerate(members) if owner == member and within[other] <= within[token]}
        assert set(np.flatnonzero(sequence.visible[token])) == seen
        assert sequence.depths[token] == len(seen) - 1


@given(trees())
@settings(max_examples=40)
def test_a_scored_token_is_predicted_by_the_token_before_it_on_its_path(segments: list[TokenSegment]) -> None:
    sequence = PackedSequence(segments)
    expected = []
    for index, segment in enumerate(segments):
        if segment.scored:
            path = [token for part in path_of(segments, index) for token in segments[part].ids]
            expected += path[-len(segment.ids) - 1 : -1]
    assert sequence.ids[sequence.predictors].tolist() == expected


@pytest.mark.parametrize(
    "segments", [[TokenSegment([])], [TokenSegment([1], parent=0)], [TokenSegment([1], scored=True)]]
)
def test_a_segment_that_cannot_be_laid_out_is_refused(segments: list[TokenSegment]) -> None:
    with pytest.raises(ValueError, match="segment 0 must hold tokens and follow an earlier segment"):
        PackedSequence(segments)


def test_a_batch_has_the_image_behind_the_first_token_and_padding_at_the_end() -> None:
    tree = [TokenSegment([0]), TokenSegment([11], 0), TokenSegment([12], 1, True)]
    tree += [TokenSegment([13], 0), TokenSegment([14, 15], 3, True)]
    batch = collate([PackedSequence(tree), PackedSequence([TokenSegment([0])])], image_tokens=3)
    assert batch.ids[1].tolist() == [0] + [PAD_ID] * 5
    assert batch.positions[0].tolist() == [0, 1, 2, 3, 4, 5, 4, 5, 6]
    assert batch.mask.shape == (2, 1, 9, 9)
    assert torch.equal(batch.mask[0, 0, :4, :4], torch.ones(4, 4, dtype=torch.bool).tril())
    assert batch.mask[0, 0, 4:, :4].all(), "all text sees the first token and the image"
    assert not batch.mask[0, 0, :4, 4:].any()
    assert not batch.mask[0, 0, 6:, 4:6].any(), "a question does not see its sibling"
    assert batch.mask[1, 0, 4:].sum() == 5, "padding sees itself and is seen by nothing"
    assert batch.ids.flatten().shape == (12,)
    assert batch.predictors.tolist() == [4, 6, 7]
    assert batch.sequences.tolist() == [0, 0, 0]


@given(trees())
@settings(max_examples=40)
def test_a_batch_without_images_is_the_sequence_itself(segments: list[TokenSegment]) -> None:
    sequence = PackedSequence(segments)
    batch = collate([sequence], image_tokens=0)
    assert np.array_equal(batch.mask[0, 0].numpy(), sequence.visible)
    assert batch.positions[0].tolist() == sequence.depths.tolist()
    assert batch.predictors.tolist() == sequence.predictors.tolist()


def test_segments_that_do_not_share_their_first_token_cannot_share_an_image() -> None:
    alone = PackedSequence([TokenSegment([0]), TokenSegment([5], 0)])
    with pytest.raises(ValueError, match="sequence 1 has an image, so all its segments must continue its first token"):
        collate([alone, PackedSequence(TREE)], image_tokens=2)
    assert collate([alone, PackedSequence(TREE)], image_tokens=0).mask.shape == (2, 1, 6, 6)
