"""Alignment: do the language model's captions lie among each other as their pictures do for the vision encoder?

Mutual k-nearest-neighbour alignment (Huh et al. 2024, "The Platonic Representation Hypothesis", arXiv 2405.07987): for
each pair of a caption and its picture the share of its k nearest captions, by the inner product of the language model's
hidden states, whose pictures are among the k nearest pictures by the encoder's features. Learning to See Before Seeing
measures it with k = 20 (its Figure 10), without naming the layer or the number of pairs; here every layer is reported,
and their mean, which a study compares: it chooses no layer by what came out.

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


from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.storage.packages import package
from inkling.models.sequence.special_tokens import BOS
from inkling.models.vision.preprocess import preprocess

_BATCH = 64
Neighbours = NDArray[np.int64]
"""Rows of the nearest others of each row, (rows, count)."""


class Alignment(Probe):
    """Mutual nearest neighbours, a measurement a layer of the language model and a view of the encoder."""

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
        read = {f"hidden states {number}": [layer] for number, layer in enumerate(layers)} | {ALL_LAYERS: layers}
        return [
            self._measurement(name, layer, states, space, random)
            for name, space in spaces.items()
            for layer, states in read.items()
        ]

    def _measurement(
        self,
        name: str,
        layer: str,
        states: Sequence[Neighbours],
        spaces: Sequence[Neighbours],
        random: np.random.Generator,
    ) -> Measurement:
        """One or several layers with the views of one or several encoders, whose shares are averaged pair by pair."""
        pairs, count = states[0].shape
        shares = np.mean([mutual(first, space) for first in states for space in spaces], axis=0)  # (pairs,)
        weights = random.multinomial(pairs, np.full(pairs, 1 / pairs), self._spec.resamples)  # (resamples, pairs)
        low, high = np.quantile(weights @ shares / pairs, [0.025, 0.975])
        null = []
        for _ in range(self._spec.permutations):
            dealt = random.permutation(pairs)  # the picture that each caption gets
            others = [np.argsort(dealt)[space[dealt]] for space in spaces]
            null.append(np.mean([mutual(first, other) for first in states for other in others]))
        null_low, null_high = np.quantile(null, [0.025, 0.975])
        beaten = sum(one >= shares.mean() for one in null)
        return Measurement(
            name=name,
            value=float(shares.mean()),
            low=float(low),
            high=float(high),
            null_low=float(null_low),
            null_high=float(null_high),
            count=pairs,
            images=pairs,
            layer=layer,
            details={
                "neighbours": count,
                "chance": count / (pairs - 1),
                "p_value": float((1 + beaten) / (1 + len(null))),
                **({"shares": shares.tolist()} if layer == ALL_LAYERS else {}),
            },
        )


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
