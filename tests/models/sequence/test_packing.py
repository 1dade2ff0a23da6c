"""Packed sequences hide siblings and keep the positions of questions asked alone; images stand where they are put."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.models.sequence.packing import ImageSegment, PackedSequence, Segment, TokenSegment, collate
from inkling.models.sequence.special_tokens import PAD_ID

TREE = [
    TokenSegment([10, 11]),
    TokenSegment([12], parent=0, scored=True),
    TokenSegment([13]),
    TokenSegment([14, 15], parent=2, scored=True),
]


@st.composite
def trees(draw: st.DrawFn) -> list[Segment]:
    """Any tree of up to six short segments; those with a parent may be scored, or images."""
    segments: list[Segment] = []
    for index in range(draw(st.integers(1, 6))):
        parent = draw(st.one_of(st.none(), st.integers(0, index - 1))) if index else None
        if parent is not None and draw(st.integers(0, 3)) == 0:
            segments.append(ImageSegment(parent))
            continue
        ids = draw(st.lists(st.integers(3, 99), min_size=1, max_size=4))
        segments.append(TokenSegment(ids, parent, parent is not None and draw(st.booleans())))
    return segments


def path_of(segments: list[Segment], index: int) -> list[int]:
    """The segments from a root to the given one."""
    parent = segments[index].parent
    return [*(path_of(segments, parent) if parent is not None else []), index]


def test_a_tree_is_laid_out_in_order_with_depths_along_each_branch() -> None:
    sequence = PackedSequence(TREE)
    layout = sequence.layout(0)
    assert sequence.ids.tolist() == [10, 11, 12, 13, 14, 15]
    assert layout.depths.tolist() == [0, 1, 2, 0, 1, 2]
    assert layout.predictors.tolist() == [1, 3, 4]
    assert sequence.targets.tolist() == [12, 14, 15]
    assert sequence.owners.tolist() == [1, 3, 3]


def size(segment: Segment, image_tokens: int) -> int:
    """Places that a segment takes."""
    return len(segment.ids) if isinstance(segment, TokenSegment) else image_tokens


@given(trees(), st.integers(0, 3))
@settings(max_examples=80)
def test_a_place_sees_its_path_and_nothing_else(segments: list[Segment], image_tokens: int) -> None:
    if not any(isinstance(segment, ImageSegment) for segment in segments):
        image_tokens = 0
    layout = PackedSequence(segments).layout(image_tokens)
    sizes = [size(segment, image_tokens) for segment in segments]
    members = [index for index, count in enumerate(sizes) for _ in range(count)]
    within = [place for count in sizes for place in range(count)]
    visible = layout.visible()
    assert layout.is_text.tolist() == [isinstance(segments[index], TokenSegment) for index in members]
    for token, member in enumerate(members):
        path = path_of(segments, member)
        seen = {other for other, owner in enumerate(members) if owner in path[:-1]}
        seen |= {other for other, owner in enumerate(members) if owner == member and within[other] <= within[token]}
        assert set(np.flatnonzero(visible[token])) == seen
        assert layout.depths[token] == len(seen) - 1


@given(trees(), st.integers(0, 3))
@settings(max_examples=60)
def test_a_scored_token_is_predicted_by_the_place_before_it_on_its_path(
    segments: list[Segment], image_tokens: int
) -> None:
    sequence = PackedSequence(segments)
    if not sequence.images:
        image_tokens = 0
    layout = sequence.layout(image_tokens)
    starts = np.cumsum([0, *(size(segment, image_tokens) for segment in segments)])
    expected, targets = [], []
    for index, segment in enumerate(segments):
        if isinstance(segment, TokenSegment) and segment.scored:
            path = [place for part in path_of(segments, index) for place in range(starts[part], starts[part + 1])]
            expected += path[-len(segment.ids) - 1 : -1]
            targets += segment.ids
    assert layout.predictors.tolist() == expected
    assert sequence.targets.tolist() == targets


@pytest.mark.parametrize(
    "segments",
    [[TokenSegment([])], [TokenSegment([1], parent=0)], [TokenSegment([1], scored=True)], [ImageSegment(0)]],
)
def test_a_segment_that_cannot_be_laid_out_is_refused(segments: list[Segment]) -> None:
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
def test_a_batch_without_images_is_the_text_itself(segments: list[Segment]) -> None:
    sequence = PackedSequence(segments)
    batch, layout = collate([sequence], image_tokens=0), sequence.layout(0)
    assert np.array_equal(batch.mask[0, 0].numpy(), layout.visible())
    assert batch.positions[0].tolist() == layout.depths.tolist()
    assert batch.predictors.tolist() == layout.predictors.tolist()
    assert batch.places[0].tolist() == list(range(len(sequence)))


def test_segments_that_do_not_share_their_first_token_cannot_share_an_image() -> None:
    alone = PackedSequence([TokenSegment([0]), TokenSegment([5], 0)])
    with pytest.raises(ValueError, match="sequence 1 has an image, so all its segments must continue its first token"):
        collate([alone, PackedSequence(TREE)], image_tokens=2)
    assert collate([alone, PackedSequence(TREE)], image_tokens=0).mask.shape == (2, 1, 6, 6)


def test_an_image_that_a_sequence_names_behind_its_first_token_is_the_one_that_it_has_anyway() -> None:
    stated = [TokenSegment([0]), ImageSegment(0), TokenSegment([11], 1), TokenSegment([12, 1], 2, True)]
    implied = [TokenSegment([0, 11]), TokenSegment([12, 1], 0, True)]
    other = PackedSequence([TokenSegment([0]), TokenSegment([9, 8, 7, 6], 0)])
    first, second = (vars(collate([PackedSequence(one), other], 3)) for one in (stated, implied))
    assert [name for name in first if not torch.equal(first[name], second[name])] == ["owners"]
    assert first["owners"].tolist() == [3, 3] and second["owners"].tolist() == [1, 1]


def test_a_document_has_its_images_where_its_text_has_them_and_every_place_its_token() -> None:
    document = [TokenSegment([0]), TokenSegment([5, 6], 0, True), ImageSegment(1), TokenSegment([7], 2, True)]
    document += [ImageSegment(3), ImageSegment(4), TokenSegment([8, 1], 5, True)]
    alone = PackedSequence([TokenSegment([0]), TokenSegment([9], 0, True)])
    batch = collate([alone, PackedSequence(document)], image_tokens=2)
    text, images = 2 * 6, [12, 14, 16, 18]  # rows of the text, and of the first token of each image in turn
    assert batch.places[0].tolist()[:4] == [0, images[0], images[0] + 1, 1]
    behind = [[images[1], images[1] + 1], [images[2], images[2] + 1, images[3], images[3] + 1]]
    assert batch.places[1].tolist() == [6, 7, 8, *behind[0], 9, *behind[1], 10, 11]
    assert int(batch.places.max()) == text + 2 * 4 - 1
    assert batch.positions[1].tolist() == list(range(12))
    assert torch.equal(batch.mask[1, 0], torch.ones(12, 12, dtype=torch.bool).tril())
    assert (batch.predictors - 12).tolist()[1:] == [0, 1, 4, 9, 10], "an image's last token predicts the word behind it"
    assert batch.ids.flatten()[batch.places[0, 4:]].tolist() == [PAD_ID] * 8
