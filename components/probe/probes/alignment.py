"""Alignment: do the language model's captions lie among each other as their pictures do for the vision encoder?

Mutual k-nearest-neighbour alignment (Huh et al. 2024, "The Platonic Representation Hypothesis", arXiv 2405.07987): for
each pair of a caption and its picture the share of its k nearest captions, by the inner product of the language model's
hidden states, whose pictures are among the k nearest pictures by the encoder's features. Learning to See Before Seeing
measures it with k = 20 (its Figure 10), without naming the layer or the number of pairs; here every layer is reported,
and their mean, which a study compares: it chooses no layer by what came out. Of the best layer, which does, the null
distribution is that of the best of all layers; its interval takes the choice for given, and is optimistic.

A caption stands for the mean of its tokens' hidden states, read without a picture behind the token that every text
begins with, which does not enter: it says nothing and its states are large. A picture stands for the mean of the tokens
of a view. Both are scaled to length one, as Huh et al. do. Captions that say the same of several pictures enter once.
The paper averages over three encoders: `encoders` names others beside the run's own, each of which encodes the pictures
here and is read in its first view; `mean of encoders` is the mean over all of them, pair by pair.

The null distribution gives each caption the picture of another one: about k / (pairs - 1). The interval is a bootstrap
over pairs with neighbours as they are; a resample of neighbours would find each pair's copy next to it.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from inkling.components.artifacts.measurements import ALL_ENCODERS, ALL_LAYERS
from inkling.components.probe.contract import Measurement, Probe, ProbeSpec, Subject
from inkling.models.spec import EncoderSpec
from inkling.models.vision import ENCODERS


class AlignmentSpec(ProbeSpec):
    """Settings of the probe."""

    target: ClassVar[str] = "inkling.components.probe.probes.alignment:Alignment"

    type: Literal["alignment"] = "alignment"
    neighbours: int = Field(20, ge=1, description="k, the nearest neighbours that are compared")
    pairs: int = Field(1_000, ge=2, le=20_000, description="captions with their pictures, at most; drawn by the seed")
    permutations: int = Field(200, ge=20, description="draws of the null distribution")
    resamples: int = Field(1_000, ge=100, description="draws of the bootstrap")
    encoders: tuple[Annotated[EncoderSpec, ENCODERS], ...] = Field(
        (), description="vision encoders beside the run's own, by name or with their settings"
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if len({encoder.model_dump_json() for encoder in self.encoders}) < len(self.encoders):
            raise ValueError(f"an encoder is named twice: {', '.join(encoder.type for encoder in self.encoders)}")
        for encoder in self.encoders:
            if encoder.learning_steps:
                raise ValueError(
                    f"encoder '{encoder.type}' would be trained by the stage encode, and probes train none: name one "
                    "with published weights"
                )
        return self

    def resolve(self) -> Self:
        """As the contract says."""
        return self.model_copy(update={"encoders": tuple(encoder.resolve() for encoder in self.encoders)})


import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.storage.packages import package
from inkling.models.sequence.special_tokens import BOS
from inkling.models.vision.preprocess import preprocess

_BATCH = 64
BEST_LAYER = "best layer"
Neighbours = NDArray[np.int64]
"""Rows of the nearest others of each row, (rows, count)."""


class Alignment(Probe):
    """Mutual nearest neighbours, a measurement a layer of the language model and a view of the encoder."""

    title = "Mutual nearest-neighbour alignment"
    about = (
        "Of the captions that lie nearest to a caption in the language model, the share whose pictures are also among "
        "the nearest of its picture in the vision encoder (Huh et al., 2024; Learning to See Before Seeing, Figure "
        "10). A view, such as grid, is that of the run's own encoder; hidden states 0 are the input embeddings. If "
        "there were nothing to find: each caption with the picture of another one, and for the best layer the best of "
        "all layers then. The best layer was chosen by its value, so its interval is optimistic; the mean of layers "
        "chooses nothing."
    )
    counted = "pairs"

    def __init__(self, spec: AlignmentSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def measure(self, subject: Subject, random: np.random.Generator) -> list[Measurement]:
        """The alignment of each layer, from the embeddings (0) to the last, with each view of the connector.

        Raises:
            ValueError: If fewer pictures have a caption of their own than a pair has neighbours.
        """
        captions = _captions(subject, self._spec.pairs, random)
        if len(captions) < self._spec.neighbours + 2:
            raise ValueError(
                f"alignment compares {self._spec.neighbours} neighbours, and {len(captions)} pictures have a caption "
                f"of their own; state fewer `neighbours`, or adapt on more captions"
            )
        layers = [nearest(states, self._spec.neighbours) for states in _hidden_states(subject, list(captions))]
        images = list(captions.values())
        near = {view: nearest(one, self._spec.neighbours) for view, one in _pictures(subject, images).items()}
        spaces = {view: [one] for view, one in near.items()}
        if self._spec.encoders:
            data = [subject.pictures[image] for image in images]
            for number, encoder in enumerate(self._spec.encoders, 1):
                own = nearest(_encoded(encoder, data), self._spec.neighbours)
                same = sum(one.type == encoder.type for one in self._spec.encoders)
                spaces[encoder.type if same == 1 else f"{encoder.type} {number}"] = [own]
            spaces[ALL_ENCODERS] = [
                one for name, (one,) in spaces.items() if name not in near or name == next(iter(near))
            ]
        return [one for name, space in spaces.items() for one in self._space(name, layers, space, random)]

    def shown(self, found: Sequence[Measurement]) -> Sequence[Measurement]:
        """Of each encoder the mean of layers and the best layer, without what single pairs share."""
        chosen = [one for one in found if one.layer in (ALL_LAYERS, BEST_LAYER)]
        kept = [{key: value for key, value in one.details.items() if key != "shares"} for one in chosen]
        return [
            dataclasses.replace(one, details=details, layer=f"{one.layer}, {details['best']}")
            if one.layer == BEST_LAYER
            else dataclasses.replace(one, details=details)
            for one, details in zip(chosen, kept, strict=True)
        ]

    def _space(
        self, name: str, layers: Sequence[Neighbours], spaces: Sequence[Neighbours], random: np.random.Generator
    ) -> list[Measurement]:
        """Each layer, their mean and the best, with one encoder or with several, whose shares are averaged by pair."""
        pairs, count = layers[0].shape

        def shares(against: Sequence[Neighbours]) -> NDArray[np.float64]:
            """What each pair shares at each layer, (layers, pairs)."""
            return np.array([np.mean([mutual(states, one) for one in against], axis=0) for states in layers])

        null = np.empty((self._spec.permutations, len(layers)))
        for draw in range(len(null)):
            dealt = random.permutation(pairs)  # the picture that each caption gets
            null[draw] = shares([np.argsort(dealt)[space[dealt]] for space in spaces]).mean(1)
        weights = random.multinomial(pairs, np.full(pairs, 1 / pairs), self._spec.resamples)  # (resamples, pairs)

        def measurement(layer: str, own: NDArray[np.float64], nothing: NDArray[np.float64], **more: Any) -> Measurement:
            low, high = np.quantile(weights @ own / pairs, [0.025, 0.975])
            null_low, null_high = np.quantile(nothing, [0.025, 0.975])
            beaten = int((nothing >= own.mean()).sum())
            details = {
                "neighbours": count, "chance": count / (pairs - 1), "p_value": (1 + beaten) / (1 + len(nothing)),
            }  # fmt: skip
            return Measurement(
                name, float(own.mean()), float(low), float(high), float(null_low), float(null_high), pairs, pairs,
                layer=layer, details={**details, **more},
            )  # fmt: skip

        found = shares(spaces)
        names = [f"hidden states {number}" for number in range(len(layers))]
        best, mean = int(found.mean(1).argmax()), found.mean(0)
        return [
            *(measurement(*one) for one in zip(names, found, null.T, strict=True)),
            measurement(ALL_LAYERS, mean, null.mean(1), shares=mean.tolist()),
            measurement(BEST_LAYER, found[best], null.max(1), best=names[best]),
        ]


def nearest(features: NDArray[np.float32], count: int) -> Neighbours:
    """The nearest others of each row by inner product, nearest first.

    Args:
        features: (rows, channels); rows are scaled to length one.
        count: Neighbours.

    Returns:
        Their rows, (rows, count).
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    similarity = scaled @ scaled.T  # (rows, rows)
    np.fill_diagonal(similarity, -np.inf)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :count]


def mutual(first: Neighbours, second: Neighbours) -> NDArray[np.float64]:
    """The share of each row's neighbours that are its neighbours in both, (rows,).

    Args:
        first: Neighbours of each row, (rows, neighbours).
        second: Those of another space, of the same shape.
    """
    rows = np.arange(len(first))[:, None]
    among = np.zeros((len(first), len(first)), np.bool_)
    among[rows, first] = True
    shares: NDArray[np.float64] = among[rows, second].mean(1)
    return shares


def _captions(subject: Subject, most: int, random: np.random.Generator) -> dict[str, str]:
    """Pictures by the captions that are theirs alone, drawn among those of training."""
    turns = [turn for turn in subject.turns if turn.kind == "caption" and turn.image_id]
    found: dict[str, str] = {}
    for place in random.permutation(len(turns)):
        turn = turns[int(place)]
        if turn.answer not in found and turn.image_id not in found.values():
            found[turn.answer] = turn.image_id
        if len(found) == most:
            break
    return found


@torch.inference_mode()
def _hidden_states(subject: Subject, captions: Sequence[str]) -> list[NDArray[np.float32]]:
    """The mean hidden state of each caption at each layer, (captions, hidden_size)."""
    batches = []
    for start in range(0, len(captions), _BATCH):
        said = [BOS + caption for caption in captions[start : start + _BATCH]]
        ids = [subject.tokenizer.encode(text, add_special_tokens=False).ids for text in said]
        longest = max(map(len, ids))
        tokens = torch.tensor([[*one, *[0] * (longest - len(one))] for one in ids])  # (batch, longest)
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in ids])
        states = subject.model.language.model(
            input_ids=tokens, attention_mask=mask, use_cache=False, output_hidden_states=True
        ).hidden_states
        counted = mask.clone()
        counted[:, 0] = 0
        share = (counted / counted.sum(1, keepdim=True))[..., None]  # (batch, longest, 1)
        batches.append([(state * share).sum(1).float().numpy() for state in states])
    return [np.concatenate(layer) for layer in zip(*batches, strict=True)]


def _pictures(subject: Subject, images: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The mean token of each picture in each view, (pictures, channels)."""
    assert subject.training_features is not None, "a subject with turns has the features of their pictures"
    parts = [subject.training_features(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH)]
    views = subject.model.connector.inputs
    return {view: np.concatenate([part[view].float().mean(1).numpy() for part in parts]) for view in views}


@torch.inference_mode()
def _encoded(spec: EncoderSpec, pictures: Sequence[bytes]) -> NDArray[np.float32]:
    """The mean token of each picture in an encoder's first view, (pictures, channels)."""
    resolved, weights = spec.resolve(), None
    views = [next(iter(resolved.views))]
    network = resolved.build(views)
    if resolved.package is not None:
        name, member = resolved.package
        with package(name).open() as archive:
            weights = archive.read(member)
    network.load_published(weights)
    how, parts = resolved.preprocessing_of(views), []
    with Progress(f"encoding by {spec.type}", len(pictures), "pictures") as progress:
        for start in range(0, len(pictures), _BATCH):
            batch = np.stack([preprocess(data, how) for data in pictures[start : start + _BATCH]])
            parts.append(network(torch.from_numpy(batch))[0].float().mean(1).numpy())
            progress.advance(len(batch))
    return np.concatenate(parts)
