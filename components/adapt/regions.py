"""Regions of training images: the things that annotations outline, what image tokens they cover, and their names."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from inkling.components.adapt.data import Lesson
from inkling.components.artifacts.annotations import AnnotatedObject
from inkling.models.multimodal import MultimodalModel
from inkling.models.regions import shares, side_of


@dataclass(frozen=True)
class Region:
    """A thing in an image.

    Attributes:
        thing: What it is.
        shares: Part of each image token's cell that it covers, float32 (image_tokens,).
    """

    thing: AnnotatedObject
    shares: Tensor

    @property
    def phrase(self) -> str:
        """What it is called: its colour, where it has one, and its word, or what is written on it."""
        return " ".join(word for word in (self.thing.colour, self.thing.text or self.thing.word) if word)


def check_regions(model: MultimodalModel, lesson: Lesson, reader: str) -> int:
    """The side of the grid of a model's image tokens, if a lesson has regions.

    Args:
        model: Its connector's image tokens are the cells.
        lesson: The images.
        reader: What needs them, for messages.

    Raises:
        ValueError: If no thing has a mask, or the image tokens are no square grid.
    """
    if not any(thing.counts for one in lesson.annotations(reader).values() for thing in one.objects):
        raise ValueError(f"{reader} needs masks of things, but no image's annotations have one")
    return side_of(model.connector.image_tokens)


def regions(model: MultimodalModel, lesson: Lesson, reader: str) -> list[list[Region]]:
    """The things of each image that have a mask and are seen, in the order of the lesson.

    Args and errors are those of `check_regions`.
    """
    annotations, side = lesson.annotations(reader), check_regions(model, lesson, reader)
    found: list[list[Region]] = []
    for image in lesson.images:
        shown = annotations.get(image)
        things = [] if shown is None else [(place, one) for place, one in enumerate(shown.objects) if one.counts]
        masks = [(one, torch.from_numpy(shares(shown.mask(place), side))) for place, one in things if shown]
        found.append([Region(one, covered) for one, covered in masks if covered.any()])
    return found


def padded_shares(several: Sequence[Sequence[Region]]) -> Tensor:
    """The shares of each image's regions (images, most regions, image_tokens); zeros where there is none."""
    tokens = next(one.shares for some in several for one in some)
    return pad_sequence(
        [torch.stack([one.shares for one in some]) if some else tokens.new_zeros(0, len(tokens)) for some in several],
        batch_first=True,
    )


def padded_ids(several: Sequence[Sequence[str]], tokenizer: Tokenizer) -> Tensor:
    """Token ids of texts, as each stands behind a space (rows, most texts, longest), -1 where there is none."""
    most = max((len(texts) for texts in several), default=0)
    ids = [tokenizer.encode(f" {text}", add_special_tokens=False).ids for texts in several for text in texts]
    longest = max(map(len, ids), default=1)
    found = torch.full((len(several), most, longest), -1)
    encoded = iter(ids)
    for row, texts in enumerate(several):
        for place in range(len(texts)):
            one = next(encoded)
            found[row, place, : len(one)] = torch.tensor(one)
    return found


def edited_phrases(several: Sequence[Sequence[Region]], most: int) -> list[list[list[str]]]:
    """For each region of each image its phrase with another colour or another word, of things of its kind elsewhere.

    Args:
        several: The regions of each image.
        most: Edited phrases of a region, at most; spread over those that there are.
    """
    things = {(one.thing.kind, one.thing.colour, one.thing.text or one.thing.word) for some in several for one in some}
    found: list[list[list[str]]] = []
    for some in several:
        found.append([])
        for one in some:
            name = one.thing.text or one.thing.word
            kin = [(colour, word) for kind, colour, word in things if kind == one.thing.kind]
            colours = sorted({colour for colour, _ in kin} - {one.thing.colour}) if one.thing.colour else []
            words = sorted({word for _, word in kin} - {name})
            changed = [f"{colour} {name}" for colour in colours]
            changed += [f"{one.thing.colour} {word}".strip() for word in words]
            found[-1].append(changed[:: max(len(changed) // most, 1)][:most])
    return found
