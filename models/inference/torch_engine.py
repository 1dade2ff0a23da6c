"""The engine of a network in torch: choices are packed into one pass a question, answers grow on a KV cache."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from inkling.models.fusion.contract import Memory
from inkling.models.inference.cache import cache_of, causal, past_of
from inkling.models.inference.engine import Engine, Floats, Ids, Ints, State
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.sequence.packing import PackedBatch, PackedSequence, TokenSegment, collate


class TorchEngine(Engine[ImageFeatures, Tensor]):
    """Runs a `MultimodalModel` in evaluation mode, on the device where it lies.

    Images are the views of image features that the model's connector reads, on any device.
    """

    def __init__(self, model: MultimodalModel) -> None:
        """Takes the model as it is."""
        self.model = model
        self.context = int(model.language.config.max_position_embeddings)
        self._device = model.language.device

    @torch.inference_mode()
    def choice_logits(
        self, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]], images: ImageFeatures | None = None
    ) -> list[list[Floats]]:
        """As the contract says, without a cache: a prompt and all its choices are one packed sequence."""
        features, batch = self._packed(prompts, choices, images)
        logits = self._numpy(self.model(features, batch))  # (scored, vocabulary)
        ends = np.cumsum([len(choice) for group in choices for choice in group])
        split = iter(np.split(logits, ends[:-1]))
        return [[next(split) for _ in group] for group in choices]

    @torch.inference_mode()
    def score(
        self, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]], images: ImageFeatures | None = None
    ) -> list[list[float]]:
        """As the contract says, without a cache: a prompt and all its choices are one packed sequence.

        Padding has weight zero: beside which other prompts one stands can change no more than the last bits.
        """
        features, batch = self._packed(prompts, choices, images)
        found = self.model.log_likelihoods(features, batch).double()  # (scored,)
        widest = 1 + max(map(len, choices))  # segment 0 is the prompt
        sums = torch.zeros(len(prompts), widest, dtype=torch.float64, device=self._device)
        sums.index_put_((batch.sequences, batch.owners), found, accumulate=True)
        return [sums[row, 1 : 1 + len(group)].tolist() for row, group in enumerate(choices)]

    def _packed(
        self, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]], images: ImageFeatures | None
    ) -> tuple[ImageFeatures | None, PackedBatch]:
        self._check_choices(prompts, choices, images)
        packed = [pack_choices(prompt, group) for prompt, group in zip(prompts, choices, strict=True)]
        batch = collate(packed, self._image_shape(images)[1])
        moved = PackedBatch(**{name: tensor.to(self._device) for name, tensor in vars(batch).items()})
        return None if images is None else self._moved(images), moved

    def _image_shape(self, images: ImageFeatures | None) -> tuple[int, int]:
        return (0, 0) if images is None else (len(next(iter(images.values()))), self.model.image_positions)

    @torch.inference_mode()
    def _remember(self, images: ImageFeatures, ids: Ints, mask: Ints) -> Memory:
        question = self.model.read(self._tensor(ids), self._tensor(mask).bool())
        return self.model.remember(self._moved(images), question)

    @torch.inference_mode()
    def _embed(self, ids: Ints, memory: Memory | None) -> Tensor:
        return self.model.embed(memory, self._tensor(ids))

    def _empty(self, count: int) -> list[Tensor]:
        language = self.model.language
        shape = (count, language.config.num_key_value_heads, 0, language.config.head_dim)
        empty = torch.zeros(shape, dtype=language.dtype, device=self._device)
        return [empty] * (2 * language.config.num_hidden_layers)

    @torch.inference_mode()
    def _stack(self, arrays: Sequence[Tensor]) -> Tensor:
        if arrays[0].dim() < 2:
            return torch.stack(list(arrays))
        longest = max(array.shape[-2] for array in arrays)
        padded = [torch.nn.functional.pad(array, (0, 0, 0, longest - array.shape[-2])) for array in arrays]
        return torch.stack(padded)

    @torch.inference_mode()
    def _forward(
        self, state: State[Tensor], inputs: Tensor, mask: Ints, positions: Ints, wanted: Ints | None
    ) -> tuple[Floats, list[Tensor]]:
        language, fusion = self.model.language, self.model.fusion
        cache = cache_of(state.past)
        visible = causal(self._tensor(mask), inputs)  # (b, 1, s, p + s)
        if state.memory is not None and not state.lengths.any():  # the image is among the first positions
            visible = fusion.mask(visible, self.model.image_positions)
        with fusion.inside(language, state.memory):
            hidden = language.model(
                inputs_embeds=inputs, attention_mask=visible, position_ids=self._tensor(positions),
                past_key_values=cache, use_cache=True,
            ).last_hidden_state  # fmt: skip
        if wanted is not None:
            hidden = hidden[torch.arange(len(hidden)), wanted][:, None]  # (b, 1, hidden_size)
        return self._numpy(language.lm_head(hidden)), past_of(cache)

    def _moved(self, images: ImageFeatures) -> ImageFeatures:
        return {view: features.to(self._device) for view, features in images.items()}

    def _tensor(self, array: Ints) -> Tensor:
        return torch.from_numpy(array).to(self._device)

    def _numpy(self, logits: Tensor) -> Floats:
        array: Floats = logits.float().cpu().numpy()
        return array


def pack_choices(prompt: Ids, choices: Sequence[Ids]) -> PackedSequence:
    """A prompt and its choices: segment 0 is the prompt, segment 1 + i choice i."""
    return PackedSequence([TokenSegment(prompt), *(TokenSegment(choice, parent=0, scored=True) for choice in choices)])
