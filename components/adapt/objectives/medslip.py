"""Two streams after MeDSLIP: what things are and what colour they have, learned apart, and which goes with which.

Fan et al., 2024, arXiv 2403.10635 (Shef-AIRE/MeDSLIP was read), where the streams are pathology and anatomy. A learned
mask m splits each image token x into m x and (1 - m) x, each behind a map of its own; the names of a stream's concepts
query its tokens, which gives a vector for each concept. Three losses are summed: whether the concept is there; the
contrast of a vector with the names of the other stream that go with it (ProtoCL); and the products of all vectors of
both streams against the matrix of what goes with what in the image (ICL). Ours: words and colours of things in the
scenes; the mask is a sigmoid, where theirs is unbounded; names are word embeddings, which do not learn.

System: MeDSLIP
Paper: arXiv 2403.10635
Not reproduced: medical images, reports and their triplets; prototypes from eight sampled candidates (all are compared).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.spec import ObjectiveSpec


class MedslipSpec(ObjectiveSpec):
    """Presence, prototypes and pairing of words and colours."""

    type: Literal["medslip"] = "medslip"
    target: ClassVar[str] = "inkling.components.adapt.objectives.medslip:Medslip"
    needs: ClassVar[frozenset[str]] = frozenset({"pairs", "word_names", "colour_names"})

    width: int = Field(64, ge=1, description="channels of a stream")
    prototypes: float = Field(1.0, ge=0, description="weight of the contrast with the other stream's names")
    pairing: float = Field(1.0, ge=0, description="weight of what goes with what")
    temperature: float = Field(0.07, gt=0, description="divides the similarities of the contrast")


import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, head_of, image_contents
from inkling.components.adapt.objectives.word_contrast import word_embeddings
from inkling.components.adapt.regions import padded_ids
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.batches import Batch


class ConceptStream(nn.Module):
    """A stream's map of image tokens, and the queries of its concepts' names."""

    def __init__(self, hidden_size: int, width: int) -> None:
        """Draws the maps."""
        super().__init__()
        self.tokens = nn.Sequential(nn.Linear(hidden_size, width), nn.GELU(), nn.Linear(width, width))
        self.names, self.other = nn.Linear(hidden_size, width), nn.Linear(hidden_size, width)
        self.present = nn.Linear(width, 1)

    def forward(self, tokens: Tensor, names: Tensor) -> Tensor:
        """A vector for each concept (batch, concepts, width), of tokens and of names (concepts, hidden_size)."""
        mapped = self.tokens(tokens)  # (batch, tokens, width)
        weights = (self.names(names) @ mapped.transpose(1, 2) / mapped.shape[-1] ** 0.5).softmax(-1)
        found: Tensor = weights @ mapped
        return found


class TwoStreams(nn.Module):
    """The mask that splits image tokens, and the two streams."""

    def __init__(self, spec: MedslipSpec, hidden_size: int) -> None:
        """Draws the mask's map and the streams."""
        super().__init__()
        self.mask = nn.Linear(hidden_size, hidden_size)
        self.words, self.colours = (ConceptStream(hidden_size, spec.width) for _ in range(2))

    def forward(self, tokens: Tensor, words: Tensor, colours: Tensor) -> tuple[Tensor, Tensor]:
        """The vectors of both streams' concepts, of image tokens (batch, tokens, hidden_size) and of both names."""
        mask = self.mask(tokens).sigmoid()
        return self.words(mask * tokens, words), self.colours((1 - mask) * tokens, colours)


class Medslip(Objective):
    """The sum of the three losses, each a mean over what the images of a batch give."""

    def __init__(self, spec: MedslipSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`pairs`: which word has which colour (images, words, colours); `word_names`, `colour_names`: their tokens.

        Raises:
            ValueError: If nothing annotated has a colour.
        """
        annotations = lesson.annotations("medslip")
        shown = [
            {(one.word, one.colour) for one in annotations[image].objects if one.colour} if image in annotations else {}
            for image in lesson.images
        ]
        words, colours = (sorted({pair[side] for several in shown for pair in several}) for side in range(2))
        if not words:
            raise ValueError("medslip needs things with a colour, but no image's annotations have one")
        pairs = torch.tensor([[[(word, colour) in some for colour in colours] for word in words] for some in shown])
        names = {"word_names": words, "colour_names": colours}
        shared = {name: padded_ids([several], lesson.tokenizer)[0] for name, several in names.items()}
        return Fields(images={"pairs": pairs.float()}, shared=shared)

    def head(self, model: MultimodalModel, lesson: Lesson) -> TwoStreams:
        """The two streams."""
        return TwoStreams(self._spec, int(model.language.config.hidden_size))

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The sum in nats; zero for a batch without images."""
        views, pairs = features(batch), batch["pairs"]
        if views is None:
            return torch.zeros(())
        streams, spec = head_of(model, "medslip"), self._spec
        assert isinstance(streams, TwoStreams)
        table = model.language.get_input_embeddings().get_parameter("weight").detach()
        names = [word_embeddings(table, batch[name]) for name in ("word_names", "colour_names")]
        found = streams(image_contents(model, views), *names)  # (batch, words, width), (batch, colours, width)
        sides = (streams.words, found[0], names[1], pairs), (streams.colours, found[1], names[0], pairs.transpose(1, 2))
        total = torch.zeros((), device=pairs.device)
        for stream, vectors, others, goes in sides:
            there = goes.amax(2)  # (batch, concepts): 1 where the concept is in the image
            total = total + functional.binary_cross_entropy_with_logits(stream.present(vectors)[..., 0], there)
            if spec.prototypes:
                unit = functional.normalize(vectors, dim=-1) @ functional.normalize(stream.other(others), dim=-1).T
                logs = (unit / spec.temperature).log_softmax(-1)  # (batch, concepts, others)
                total = total - spec.prototypes * (logs * goes).sum() / goes.sum().clamp_min(1)
        products = found[0] @ found[1].transpose(1, 2) / spec.width**0.5  # (batch, words, colours)
        return total + spec.pairing * functional.binary_cross_entropy_with_logits(products, pairs)
