"""Fine-grained contrast after FG-CLIP 2: images with captions, regions with phrases, and phrases with edited ones.

Xie et al., 2025, arXiv 2510.10921 (360CVGroup/FG-CLIP was read). Four terms, each of which a weight of 0 takes away:
the pairwise sigmoid loss of SigLIP between images and captions, short and long; the same between regions, pooled from
the image tokens that their masks cover, and their phrases (0.2); among phrases, the ten most similar that are not
nearly the same are pushed apart (0.1); and a region is to tell its phrase from the same phrase with another colour or
another word (0.5). Weights in brackets are theirs. Ours: exact masks in place of boxes; the short caption names the
things; texts are states of the language model, which does not learn, behind a map that does.

System: FG-CLIP 2
Paper: arXiv 2510.10921
Not reproduced: Chinese; billions of web images and the boxes found in them; its cross-modal threshold term; two stages.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class FgClipSpec(ObjectiveSpec):
    """Contrastive losses of images, regions and phrases."""

    type: Literal["fg_clip"] = "fg_clip"
    target: ClassVar[str] = "inkling.components.adapt.objectives.fg_clip:FgClip"
    needs: ClassVar[frozenset[str]] = frozenset({"caption", "short", "shares", "phrases", "edited"})

    width: int = Field(64, ge=1, description="channels in which images and texts are compared")
    region: float = Field(0.2, ge=0, description="weight of regions with their phrases")
    apart: float = Field(0.1, ge=0, description="weight of phrases pushed apart")
    edited: float = Field(0.5, ge=0, description="weight of phrases against edited ones")
    edits: int = Field(5, ge=1, description="edited phrases of a region, at most")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """One that embeds the caption and its phrases without the image."""
        return (Pass("caption", 5, image=False, learns=False),)


import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.contrast import caption_ids, caption_states, pushed_apart, same_captions, sigmoid_loss
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, head_of, image_contents
from inkling.components.adapt.regions import check_regions, edited_phrases, padded_ids, padded_shares, regions
from inkling.models.multimodal import MultimodalModel
from inkling.models.regions import pool
from inkling.models.training.batches import Batch


class SharedSpace(nn.Module):
    """The maps of image tokens and texts into the space of comparison, and SigLIP's factor and shift."""

    def __init__(self, spec: FgClipSpec, hidden_size: int) -> None:
        """Draws the maps; factor and shift begin as SigLIP's."""
        super().__init__()
        self.image, self.text = (nn.Linear(hidden_size, spec.width, bias=False) for _ in range(2))
        self.log_scale, self.shift = nn.Parameter(torch.tensor([10.0]).log()), nn.Parameter(torch.tensor([-10.0]))

    def read(self, model: MultimodalModel, ids: Tensor) -> Tensor:
        """Unit vectors of texts (texts, width), from token ids (texts, longest), -1 where there is none."""
        held = (ids >= 0)[..., None]
        mean = (caption_states(model, ids) * held).sum(1) / held.sum(1).clamp_min(1)
        return functional.normalize(self.text(mean), dim=-1)

    def contrast(self, images: Tensor, texts: Tensor, same: Tensor) -> Tensor:
        """SigLIP's loss of vectors of images or regions, not yet mapped, and of texts."""
        unit = functional.normalize(self.image(images), dim=-1)
        return sigmoid_loss(self.log_scale.exp() * unit @ texts.T + self.shift, same)


class FgClip(Objective):
    """The weighted sum of the terms over the images of a batch that have a caption, and over their regions."""

    def __init__(self, spec: FgClipSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`caption`: token ids of each image's caption, int64 (images, longest), -1 where there is none.

        Raises:
            ValueError: If no image has a caption, or none is annotated.
        """
        lesson.annotations("fg_clip")
        return Fields(images={"caption": caption_ids(lesson, "fg_clip")})

    def head(self, model: MultimodalModel, lesson: Lesson) -> SharedSpace:
        """The space of comparison.

        Raises:
            ValueError: If no thing has a mask, or the image tokens are no square grid.
        """
        check_regions(model, lesson, "fg_clip")
        return SharedSpace(self._spec, model.language.config.hidden_size)

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`shares` (images, regions, image_tokens); ids of `phrases`, `edited` ones (edits of a region) and `short`."""
        found, tokenizer = regions(model, lesson, "fg_clip"), lesson.tokenizer
        short = [[" ".join(one.thing.word for one in several)] if several else [] for several in found]
        phrases = [[one.phrase for one in several] for several in found]
        edits = padded_ids([one for several in edited_phrases(found, self._spec.edits) for one in several], tokenizer)
        edited = pad_sequence(edits.split([len(several) for several in found]), batch_first=True, padding_value=-1)
        return Fields(
            images={
                "shares": padded_shares(found),
                "phrases": padded_ids(phrases, tokenizer),
                "edited": edited,
                "short": padded_ids(short, tokenizer)[:, 0],
            }
        )

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The weighted sum; zero for a batch without images or captions."""
        views, captioned = features(batch), (batch["caption"] >= 0).any(1)
        if views is None or not captioned.any():
            return torch.zeros(())
        space, spec = head_of(model, "fg_clip"), self._spec
        assert isinstance(space, SharedSpace)
        tokens = image_contents(model, views)
        total = torch.zeros((), device=tokens.device)
        for name in ("caption", "short"):
            there = (batch[name] >= 0).any(1)
            ids = batch[name][there]
            if len(ids):
                total = total + space.contrast(tokens[there].mean(1), space.read(model, ids), same_captions(ids))
        held = (batch["phrases"] >= 0).any(-1)  # (batch, regions)
        if not held.any():
            return total
        shown, ids = pool(tokens, batch["shares"])[held], batch["phrases"][held]  # a row for each region
        phrases = space.read(model, ids)
        total = total + spec.region * space.contrast(shown, phrases, same_captions(ids))
        total = total + spec.apart * pushed_apart(phrases)
        negatives = batch["edited"][held]  # (regions, edits, longest)
        others = space.read(model, negatives.flatten(0, 1)).unflatten(0, negatives.shape[:2])
        unit = functional.normalize(space.image(shown), dim=-1)
        options = torch.cat([phrases[:, None], others], dim=1) @ unit[:, :, None]  # (regions, 1 + edits, 1)
        absent = functional.pad((negatives < 0).all(-1), (1, 0))
        logits = (space.log_scale.exp() * options[..., 0]).masked_fill(absent, -torch.inf)
        return total - spec.edited * logits.log_softmax(1)[:, 0].mean()
