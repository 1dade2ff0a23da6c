"""What losses that tell images by their captions share: the captions' tokens, their vectors, and the contrast."""

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from inkling.components.adapt.data import Lesson
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.special_tokens import BOS_ID

_ALIKE, _NEAREST = 0.95, 10  # FG-CLIP's: texts that are nearly the same, and how many others are pushed apart


def caption_ids(lesson: Lesson, reader: str) -> Tensor:
    """Token ids of each image's caption as it follows a prompt, int64 (images, longest), -1 where there is none.

    Args:
        lesson: The images.
        reader: What needs captions, for the message.

    Raises:
        ValueError: If no image has a caption.
    """
    captions = lesson.captions()
    if not any(captions):
        raise ValueError(f"{reader} needs captions, but no image has one")
    encoded = [
        lesson.tokenizer.encode(f" {caption}" if caption else "", add_special_tokens=False).ids for caption in captions
    ]
    ids = [torch.tensor(one, dtype=torch.int64) for one in encoded]
    return pad_sequence(ids, batch_first=True, padding_value=-1)


def same_captions(caption: Tensor) -> Tensor:
    """Whether two images have the same caption, bool (images, images), from token ids (images, longest)."""
    return (caption[:, None] == caption[None]).all(-1)


@torch.no_grad()
def caption_states(model: MultimodalModel, caption: Tensor) -> Tensor:
    """How the language model reads captions: its states before the last layer (captions, longest, hidden_size).

    A caption is read without its image, and nothing learns from it.

    Args:
        model: The model.
        caption: Token ids (captions, longest), -1 where there is none, behind them.
    """
    begin = torch.full_like(caption[:, :1], BOS_ID)
    ids = torch.cat([begin, caption.clamp_min(0)], dim=1)
    held = torch.cat([torch.ones_like(begin), (caption >= 0).long()], dim=1)
    states = model.language.model(input_ids=ids, attention_mask=held, use_cache=False, output_hidden_states=True)
    found: Tensor = states.hidden_states[-2][:, 1:]
    return found


def caption_vectors(embeddings: Tensor, captions: Tensor) -> Tensor:
    """Mean unit embedding of each caption's tokens (captions, hidden_size), from their ids, -1 where there is none.

    The product with a unit vector is the mean over the tokens of their cosine with it.
    """
    held = (captions >= 0).unsqueeze(-1)
    return (functional.normalize(embeddings[captions.clamp_min(0)], dim=-1) * held).sum(1) / held.sum(1)


def contrastive_loss(images: Tensor, texts: Tensor, same: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the right pair among all pairs of an image, and among all pairs of a text; the mean of both.

    Args:
        images: A vector for each image (pairs, hidden_size), of any length.
        texts: A vector for the text of each image (pairs, hidden_size).
        same: Whether two texts are the same one, bool (pairs, pairs): then neither is a negative of the other's image.
        temperature: Divides the similarities.
    """
    others = same & ~torch.eye(len(images), dtype=torch.bool, device=same.device)
    logits = (functional.normalize(images, dim=-1) @ texts.T / temperature).masked_fill(others, -torch.inf)
    right = torch.arange(len(images), device=logits.device)
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2


def sigmoid_loss(logits: Tensor, same: Tensor) -> Tensor:
    """The pairwise sigmoid loss of SigLIP (Zhai et al., 2023, arXiv 2303.15343): each pair by itself, a mean over rows.

    Args:
        logits: Of each pair of an image and a text (pairs, pairs).
        same: Whether they belong together, bool (pairs, pairs).
    """
    return -functional.logsigmoid(torch.where(same, logits, -logits)).sum(1).mean()


def pushed_apart(phrases: Tensor) -> Tensor:
    """Mean over phrases of the log of the summed exponentials of their cosines with the ten most similar others.

    Args:
        phrases: Unit vectors (phrases, width); of two that are nearly the same, neither is an other of the other.
    """
    cosines = phrases @ phrases.T
    apart = cosines.masked_fill(cosines > _ALIKE, -torch.inf).topk(min(_NEAREST, len(phrases)), dim=1).values
    some = apart.isfinite().any(1)
    return apart[some].logsumexp(1).mean() if some.any() else cosines.new_zeros(())
