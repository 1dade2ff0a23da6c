"""Alignment is one for the same structure, that of chance for none, and blind to rotations."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import LlamaConfig, LlamaModel

from inkling.components.artifacts.conversations import Turn
from inkling.components.probe.contract import Measurement, Subject
from inkling.components.probe.probes import PROBES
from inkling.components.probe.probes.alignment import mutual, nearest
from inkling.models.sequence.special_tokens import BOS

PAIRS, CHANNELS, K = 150, 8, 5


def points(seed: int, channels: int = CHANNELS) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((PAIRS, channels)).astype(np.float32)


def subject(said: NDArray[np.float32], seen: NDArray[np.float32]) -> Subject:
    """A model whose caption `w7 end` has the hidden state `said[7]`, and whose picture `i7` the features `seen[7]`."""
    words = {f"w{place}": place for place in range(PAIRS)}
    tokenizer = Tokenizer(models.WordLevel({**words, "end": PAIRS, BOS: PAIRS + 1}, "end"))
    tokenizer.add_special_tokens([BOS])
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    table = torch.from_numpy(
        np.concatenate([said, said[:1] * 0, said[:1] * 0 + 1e3])
    )  # the first token would drown all

    def language(input_ids: Tensor, attention_mask: Tensor, **_: Any) -> Any:
        return SimpleNamespace(hidden_states=(torch.zeros(*input_ids.shape, 2), table[input_ids]))

    def features(images: Sequence[str]) -> dict[str, Tensor]:
        mean = torch.from_numpy(seen[[int(image[1:]) for image in images]])
        return {"grid": torch.stack([mean * 0.5, mean * 1.5], dim=1)}

    turns = [
        Turn(f"t{place}", f"i{place}", "caption", "General", "caption", "other", "Describe.", f"w{place} end")
        for place in range(PAIRS)
    ]
    turns += [
        Turn("again", "i3", "caption", "General", "caption", "other", "Describe.", "w4 end"),
        Turn("asked", "i3", "instruct", "General", "object", "perception", "What?", "w4"),
    ]
    model: Any = SimpleNamespace(
        language=SimpleNamespace(model=language), connector=SimpleNamespace(inputs={"grid": (2, seen.shape[1])})
    )
    return Subject(model, tokenizer, [], features, turns[: PAIRS + 2], features)


def measured(said: NDArray[np.float32], seen: NDArray[np.float32], **settings: Any) -> list[Measurement]:
    spec = PROBES.read({"type": "alignment", "neighbours": K, "permutations": 100, **settings})
    return spec.build().measure(subject(said, seen), np.random.default_rng(0))


def test_the_same_structure_is_one_whatever_its_rotation() -> None:
    space = points(0)
    rotation = np.linalg.qr(np.random.default_rng(9).standard_normal((CHANNELS, CHANNELS)))[0].astype(np.float32)
    _, found = measured(space, 3 * space @ rotation)
    assert found.value == pytest.approx(1, abs=0.03) and found.null_high < 0.1
    assert (found.name, found.layer, found.details["p_value"]) == ("grid", "hidden states 1", 1 / 101)


def test_no_common_structure_is_chance() -> None:
    _, found = measured(points(0), points(1, 5))
    assert found.null_low <= found.value <= found.null_high
    assert found.details["chance"] == K / (found.count - 1)
    assert found.null_low < found.details["chance"] < found.null_high
    assert found.details["p_value"] > 0.025


def test_some_common_structure_lies_between_with_its_interval() -> None:
    space = points(0)
    _, found = measured(space, space + 0.7 * points(1))
    assert found.low is not None and found.high is not None
    assert found.null_high < found.low < found.value < found.high < 0.9


def test_neighbours_are_those_of_a_plain_search() -> None:
    space, other = points(2), points(3)
    near, far = nearest(space, K), nearest(other, K)
    for row in range(0, PAIRS, 10):
        cosines = [
            -2 if place == row else float(one @ space[row] / np.linalg.norm(one) / np.linalg.norm(space[row]))
            for place, one in enumerate(space)
        ]
        assert set(near[row]) == set(np.argsort(cosines)[-K:])
    assert mutual(near, far).tolist() == [len(set(a) & set(b)) / K for a, b in zip(near, far, strict=True)]


def test_a_caption_and_a_picture_enter_once_and_too_few_are_refused() -> None:
    assert measured(points(0), points(0))[1].count <= PAIRS
    assert measured(points(0), points(0), pairs=40)[1].count == 40
    with pytest.raises(ValueError, match=r"compares 149 neighbours, and 1\d\d pictures"):
        measured(points(0), points(0), neighbours=149)


def test_a_language_model_is_read_at_every_layer_and_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=PAIRS + 2, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2
    )
    one = subject(points(0), points(0))
    network = LlamaModel(config).eval()
    one.model.language.model = network
    turns = [
        Turn(str(place), f"i{place}", "caption", "General", "caption", "other", "", f"{'end ' * (place % 7)}w{place}")
        for place in range(60)
    ]  # fmt: skip
    asked = Subject(one.model, one.tokenizer, [], one.features, turns, one.features)
    spec = PROBES.read({"type": "alignment", "neighbours": K})
    found = spec.build().measure(asked, np.random.default_rng(0))
    assert [row.layer for row in found] == [f"hidden states {layer}" for layer in range(3)]
    with torch.inference_mode():
        alone = [
            network(torch.tensor([one.tokenizer.encode(BOS + turn.answer).ids]))
            .last_hidden_state[0, 1:]
            .mean(0)
            .numpy()
            for turn in turns
        ]
    near = nearest(np.stack(alone), K)
    pictures = nearest(points(0)[:60], K)
    assert found[-1].value == pytest.approx(mutual(near, pictures).mean(), abs=1e-9)
