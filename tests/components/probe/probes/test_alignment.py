"""Alignment is one for the same structure, that of chance for none, and blind to rotations."""

import dataclasses
import io
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import LlamaConfig, LlamaModel

from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.measurements import ALL_LAYERS
from inkling.components.probe.config import ProbeConfig
from inkling.components.probe.contract import Measurement, Subject
from inkling.components.probe.probes import PROBES
from inkling.components.probe.probes.alignment import BEST_LAYER, _captions, mutual, nearest
from inkling.components.shared.config import ConfigError
from inkling.models.sequence.special_tokens import BOS
from inkling.models.vision import ENCODERS
from inkling.models.vision.preprocess import preprocess

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
    _, found, *_ = measured(space, 3 * space @ rotation)
    assert found.value == pytest.approx(1, abs=0.03) and found.null_high < 0.1
    assert (found.name, found.layer, found.details["p_value"]) == ("grid", "hidden states 1", 1 / 101)


def test_no_common_structure_is_chance() -> None:
    _, found, *_ = measured(points(0), points(1, 5))
    assert found.null_low <= found.value <= found.null_high
    assert found.details["chance"] == K / (found.count - 1)
    assert found.null_low < found.details["chance"] < found.null_high
    assert found.details["p_value"] > 0.025


def test_some_common_structure_lies_between_with_its_interval() -> None:
    space = points(0)
    _, found, *_ = measured(space, space + 0.7 * points(1))
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
    *layers, mean, best = found
    assert [row.layer for row in layers] == [f"hidden states {layer}" for layer in range(3)]
    assert (mean.layer, best.layer) == (ALL_LAYERS, BEST_LAYER)
    assert mean.value == pytest.approx(np.mean([row.value for row in layers]))
    assert np.mean(mean.details["shares"]) == pytest.approx(mean.value)
    (chosen,) = [row for row in layers if row.layer == best.details["best"]]
    assert best.value == chosen.value == max(row.value for row in layers)
    assert best.null_high >= max(row.null_high for row in layers), "the best of three is higher by chance, too"
    assert [row.layer for row in spec.build().shown(found)] == [ALL_LAYERS, f"{BEST_LAYER}, {chosen.layer}"]
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
    assert found[2].value == pytest.approx(mutual(near, pictures).mean(), abs=1e-9)


def picture(seed: int) -> bytes:
    """A small picture of its own."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(pixels).resize((32, 32)).save(buffer, "PNG")
    return buffer.getvalue()


def test_several_encoders_are_read_and_averaged_pair_by_pair() -> None:
    space, pictures = points(0), {f"i{place}": picture(place) for place in range(PAIRS)}
    one = dataclasses.replace(subject(space, points(1)), pictures=pictures)
    named = ["tiny-random", {"type": "small-vit", "objective": {"type": "contrastive", "steps": 0}}]
    spec = PROBES.read({"type": "alignment", "neighbours": K, "permutations": 100, "encoders": named})
    found = {(row.name, row.layer): row for row in spec.build().measure(one, np.random.default_rng(0))}
    rows = {name: found[name, "hidden states 1"] for name in ("grid", "tiny-random", "small-vit", "mean of encoders")}
    assert rows["mean of encoders"].value == pytest.approx(
        np.mean([rows[name].value for name in ("grid", "tiny-random", "small-vit")])
    )
    assert len({row.value for row in rows.values()}) == 4
    for row in rows.values():
        assert row.low is not None and row.high is not None and row.low < row.value < row.high
        assert row.null_low < row.details["chance"] < row.null_high
    widths = {name: row.null_high - row.null_low for name, row in rows.items()}
    assert widths["mean of encoders"] < widths["grid"], "three encoders say more than one"
    encoder = ENCODERS.read("tiny-random")
    (view,) = list(encoder.views)[:1]
    network, how = encoder.build([view]), encoder.preprocessing_of([view])
    network.load_published(None)
    captions = _captions(one, 1_000, np.random.default_rng(0))
    pixels = np.stack([preprocess(pictures[image], how) for image in captions.values()])
    with torch.inference_mode():
        seen = network(torch.from_numpy(pixels))[0].mean(1).numpy()
    said = np.stack([space[int(caption.split()[0][1:])] for caption in captions])
    expected = mutual(nearest(said, K), nearest(seen, K)).mean()
    assert rows["tiny-random"].value == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("encoders", "words"),
    [
        (["tiny-random", "tiny-random"], "an encoder is named twice: tiny-random"),
        ([{"type": "small-vit", "objective": {"type": "contrastive", "steps": 9}}], "would be trained by the stage"),
        (["tiny"], "unknown encoder 'tiny'"),
    ],
)
def test_encoders_that_cannot_be_read_are_refused(encoders: list[object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ProbeConfig.parse({"probe": {"probes": [{"type": "alignment", "encoders": encoders}]}})


def test_the_weights_of_encoders_are_part_of_the_key() -> None:
    assert ProbeConfig().contents() == {}
    config = ProbeConfig.parse({"probe": {"probes": [{"type": "alignment", "encoders": ["efficientnet-lite0"]}]}})
    (name,) = config.contents()["packages"]
    assert "sha256" in str(config.contents()["packages"][name])
