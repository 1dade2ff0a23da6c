"""What a stage of an adaptation is trained for."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch

TEMPERATURE = 0.07
Batch = dict[str, Tensor]


def next_token(model: MultimodalModel, batch: Batch) -> Tensor:
    """Surprise at the tokens of an answer, in nats: the mean over answers of the mean over an answer's tokens.

    A caption so weighs as much as the answer of one word to a question.
    """
    packed = PackedBatch(**{name: batch[name] for name in PackedBatch.__dataclass_fields__})
    answers = packed.sequences * (int(packed.owners.max()) + 1) + packed.owners
    lengths = torch.bincount(answers)
    surprise = -model.log_likelihoods({"grid": batch["grid"]} if "grid" in batch else None, packed)
    return (surprise / lengths[answers]).sum() / lengths.count_nonzero()


def match_words(model: MultimodalModel, batch: Batch) -> Tensor:
    """Contrast of the caption's words with all other words, by their likeness to the connector's outputs, in nats.

    A word is as present in an image as its input embedding is like some output of the connector: cosine over
    temperature, log-sum-exp over the grid. No word competes with another word of the same caption. The embeddings
    themselves are taken as they are, no gradient reaches them.

    Returns:
        The mean over the words of the captions; zero for a batch without image.
    """
    if "grid" not in batch:
        return torch.zeros(())
    table = model.language.get_input_embeddings().get_parameter("weight").detach()
    embeddings = word_embeddings(table, batch["words"])
    shown = functional.normalize(model.connector.contents(batch["grid"]), dim=-1)
    scores = (shown @ functional.normalize(embeddings, dim=-1).T / TEMPERATURE).logsumexp(1)
    present = batch["present"]
    others = scores.masked_fill(present, -torch.inf).logsumexp(1, keepdim=True)
    return functional.softplus(others - scores)[present].mean()


def word_embeddings(embeddings: Tensor, words: Tensor) -> Tensor:
    """Mean embedding of the pieces of each word (words, width); `words` holds ids, -1 where there is none."""
    held = (words >= 0).unsqueeze(-1)
    return (embeddings[words.clamp_min(0)] * held).sum(1) / held.sum(1)


OBJECTIVES: dict[str, Callable[[MultimodalModel, Batch], Tensor]] = {
    "match_words": match_words,
    "next_token": next_token,
}


def weighted(weights: Mapping[str, float]) -> Callable[[nn.Module, Batch], Tensor]:
    """The weighted sum of objectives, as the loss of a training run."""

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, MultimodalModel)
        total = torch.zeros(())
        for name, weight in sorted(weights.items()):
            total = total + weight * OBJECTIVES[name](model, batch)
        return total

    return loss
