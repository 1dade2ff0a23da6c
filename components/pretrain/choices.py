"""Multiple choice on held-out text: the likelier choice is the answer, with and without the passage."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inkling.components.artifacts.indexed import IndexedDataset
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.questions import CHOICES, HeldoutItem, cloze_items, continuation_items
from inkling.components.shared.runtime.progress import Progress, note
from inkling.components.shared.statistics.intervals import accuracy, paired_difference
from inkling.models.sequence.special_tokens import BOS_ID

_BATCH = 16


def score_choices(config: PretrainConfig, network: torch.nn.Module, tokens: Tokens) -> dict[str, dict[str, Any]]:
    """Scores a network, in evaluation mode, on the items of the held-out text; the result is that of `summarise`."""
    tokenizer = tokens.tokenizer()
    shards = {name: tokens.dataset(name, "heldout") for name in tokens.blend().heldout}
    items = questions(shards, config.choice_items, lambda token: tokenizer.id_to_token(token) or "")
    with Progress("answering held-out questions", 2 * len(items), "answers") as progress:
        sighted, blind = (answers(network, items, BOS_ID, view, progress.advance) for view in (False, True))
    table = summarise(items, sighted, blind)
    for suite, entry in table.items():
        note(
            f"{suite}: {entry['right']['value']:.1%} of {entry['items']} right, {entry['blind']['value']:.1%} without "
            f"the passage (chance {entry['chance']:.0%})"
        )
    return table


def questions(shards: Mapping[str, IndexedDataset], count: int, entry: Callable[[int], str]) -> list[HeldoutItem]:
    """The items of every source, at most `count` of a source and suite."""
    return [
        item
        for source, dataset in shards.items()
        for item in (*continuation_items(source, dataset, count), *cloze_items(source, dataset, count, entry))
    ]


def answers(
    network: torch.nn.Module, items: Sequence[HeldoutItem], start: int, blind: bool, advance: Callable[[int], object]
) -> NDArray[np.int64]:
    """The likeliest choice of each item, (items,).

    Args:
        network: The language model, in evaluation mode.
        items: The questions.
        start: The token that stands before a text.
        blind: Whether the choices are judged without the passage.
        advance: Called with the number of items that were answered.
    """
    picked = np.zeros(len(items), np.int64)
    shapes: dict[tuple[int, int], list[int]] = {}
    for index, item in enumerate(items):
        shapes.setdefault((0 if blind else len(item.passage), item.choices.shape[1]), []).append(index)
    for (before, after), members in shapes.items():
        for first in range(0, len(members), _BATCH):
            part = members[first : first + _BATCH]
            rows = np.concatenate([_rows(items[index], start, before) for index in part])
            picked[part] = _likelihoods(network, rows, after).reshape(len(part), CHOICES).argmax(axis=1)
            advance(len(part))
    return picked


def summarise(items: Sequence[HeldoutItem], sighted: NDArray[np.int64], blind: NDArray[np.int64]) -> dict[str, Any]:
    """The share of right answers of each suite, with intervals clustered by document.

    Args:
        items: The questions.
        sighted: Choice of each with the passage.
        blind: Choice of each without it.

    Returns:
        By suite: `items`, `documents`, `chance`, `right` and `blind` with `value`, `low` and `high`, their `difference`
        likewise, and `sources` with the right answers of each.
    """
    table = {}
    for suite in sorted({item.suite for item in items}):
        members = [index for index, item in enumerate(items) if item.suite == suite]
        truth = np.array([items[index].answer for index in members])
        right, unseen = sighted[members] == truth, blind[members] == truth
        documents = [f"{items[index].source} {items[index].document}" for index in members]
        sources: dict[str, list[bool]] = {}
        for index, hit in zip(members, right.tolist(), strict=True):
            sources.setdefault(items[index].source, []).append(hit)
        table[suite] = {
            "items": len(members),
            "documents": len(set(documents)),
            "chance": 1 / CHOICES,
            "right": _interval(asdict(accuracy(right, documents))),
            "blind": _interval(asdict(accuracy(unseen, documents))),
            "difference": _interval(asdict(paired_difference(right, unseen, documents))),
            "sources": {source: {"items": len(hits), "right": sum(hits)} for source, hits in sources.items()},
        }
    return table


def _rows(item: HeldoutItem, start: int, before: int) -> NDArray[np.int64]:
    """The choices of an item behind what stands before them, a row each."""
    head = np.tile(np.concatenate([[start], item.passage[len(item.passage) - before :]]), (CHOICES, 1))
    return np.concatenate([head, item.choices], axis=1)


@torch.inference_mode()
def _likelihoods(network: torch.nn.Module, rows: NDArray[np.int64], after: int) -> NDArray[np.float64]:
    """Log-likelihood of the last `after` tokens of each row, in nats."""
    device = next(network.parameters()).device
    tokens = torch.from_numpy(rows).to(device)
    logits = network(input_ids=tokens[:, :-1], use_cache=False, logits_to_keep=after).logits
    found = torch.log_softmax(logits.float(), -1).gather(2, tokens[:, -after:, None])
    return found.double().sum(dim=(1, 2)).cpu().numpy()


def _interval(estimate: Mapping[str, Any]) -> dict[str, float]:
    return {key: estimate[key] for key in ("value", "low", "high")}
