"""What a model would answer had it looked elsewhere: an image's saliency, or the text's attention to it, is another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama.modeling_llama import repeat_kv

from inkling.models.multimodal import ImageFeatures

Edit = Literal["shuffled", "reversed", "uniform", "random"]
_NAME = "inkling_counterfactual"  # of the attention function, while a pass lasts


@dataclass(frozen=True)
class Counterfactual:
    """One way to replace the weights that the tokens of each image have.

    Attributes:
        edit: "shuffled" (in another order), "reversed" (the largest weight less each), "uniform" (their mean) or
            "random" (uniform between 0 and twice their mean).
        seeds: Draws order and values, for each image of a batch by itself.
    """

    edit: Edit
    seeds: Sequence[Sequence[int]]

    def weights(self, weights: Tensor) -> Tensor:
        """What stands in place of weights (batch, ..., tokens), of the same shape; all rows of an image alike."""
        if self.edit == "uniform":
            return weights.mean(-1, keepdim=True).expand_as(weights)
        if self.edit == "reversed":
            return weights.amax(-1, keepdim=True) - weights
        drawn = np.stack([np.random.default_rng(seed).random(weights.shape[-1]) for seed in self.seeds])
        drawn = drawn.reshape(len(drawn), *[1] * (weights.dim() - 2), -1)  # (batch, ..., tokens)
        if self.edit == "random":
            mean = weights.mean(-1, keepdim=True)
            return 2 * torch.from_numpy(drawn).to(weights) * mean
        order = torch.from_numpy(drawn.argsort(-1)).to(weights.device)
        return weights.gather(-1, order.expand_as(weights))

    def features(self, features: ImageFeatures) -> ImageFeatures:
        """Image features whose tokens have another saliency, which is the norm of a token; directions stay.

        Nothing is renormalised: a reversed or random saliency may be larger or smaller in all.

        Args:
            features: Each view (batch, tokens, channels).
        """
        changed = {}
        for view, tokens in features.items():
            saliency = tokens.norm(dim=2)  # (batch, tokens)
            changed[view] = tokens * (self.weights(saliency) / saliency.clamp_min(1e-12))[:, :, None]
        return changed

    @contextmanager
    def attention(self, language: nn.Module, positions: int, layers: int) -> Iterator[None]:
        """Replaces, for the passes within, how the text attends to the image; its attention in all still sums to 1.

        Args:
            language: A Llama of Hugging Face.
            positions: Positions of the image, those behind the first token.
            layers: How many layers, from the first, attend so.
        """
        image, text = slice(1, 1 + positions), slice(1 + positions, None)

        def attend(
            module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **kwargs: Any
        ) -> tuple[Tensor, Tensor | None]:
            if module.layer_idx >= layers:
                found: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, mask, **kwargs)
                return found
            key, value = (repeat_kv(one, module.num_key_value_groups) for one in (key, value))
            scores = query @ key.transpose(2, 3) * kwargs["scaling"]  # (batch, heads, s, s)
            if mask is not None:
                scores = scores.masked_fill(~mask, -torch.inf)
            weights = scores.softmax(-1)
            looked = weights[:, :, text, image]
            edited = self.weights(looked)
            share = looked.sum(-1, keepdim=True) / edited.sum(-1, keepdim=True).clamp_min(1e-12)
            weights[:, :, text, image] = edited * share
            return (weights @ value).transpose(1, 2).contiguous(), None

        config: Any = language.config
        before = config._attn_implementation
        ALL_ATTENTION_FUNCTIONS[_NAME] = attend
        config._attn_implementation = _NAME
        try:
            yield
        finally:
            config._attn_implementation = before
            del ALL_ATTENTION_FUNCTIONS[_NAME]
