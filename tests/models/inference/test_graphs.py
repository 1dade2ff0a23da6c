"""Inference on graphs: the cache changes nothing, padding changes nothing, log-likelihoods are what they say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM

from inkling.models.connectors import CONNECTORS
from inkling.models.inference.graphs import DeviceError, Graphs, log_likelihood
from inkling.models.multimodal import MultimodalModel
from inkling.models.vision.registry import build_encoder
from inkling.models.vision.tiny import TINY

PROMPTS = [[5, 6, 7, 8, 9], [10, 11], [12, 13, 14]]
ANSWERS = [[[20, 1], [21, 22, 1]], [[23, 24, 25, 1], [26, 1]], [[27, 1], [28, 29, 1]]]


@pytest.fixture(scope="module")
def model() -> MultimodalModel:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.3,
    )  # fmt: skip
    connector = CONNECTORS.read("mlp").build({"grid": (TINY.tokens, TINY.channels)}, 32)
    return MultimodalModel(LlamaForCausalLM(config), connector, encoder=build_encoder(TINY)).eval()


@pytest.fixture(scope="module")
def graphs(model, tmp_path_factory) -> Graphs:
    from inkling.components.export.graphs import export_graphs

    directory = tmp_path_factory.mktemp("graphs")
    export_graphs(model, TINY.image_size, directory)
    return Graphs(directory, 1, "cpu")


@pytest.fixture(scope="module")
def pictures(graphs) -> np.ndarray:
    pixels = np.random.default_rng(0).normal(size=(len(PROMPTS), 3, TINY.image_size, TINY.image_size))
    return graphs.embed_pictures(pixels.astype(np.float32))


def full_logits(model: MultimodalModel, ids: list[int], picture: np.ndarray | None) -> np.ndarray:
    """Logits after each text token, all of it computed by torch in one go, without a cache."""
    with torch.inference_mode():
        inputs = model.language.get_input_embeddings()(torch.tensor([ids]))
        if picture is not None:
            inputs = torch.cat([torch.from_numpy(picture)[None], inputs], dim=1)
        return model.language(inputs_embeds=inputs, use_cache=False).logits[0, -len(ids) :].numpy()


@pytest.mark.parametrize("visual", [True, False])
def test_cache_and_padding_change_nothing(model, graphs, pictures, visual):
    state = graphs.read(PROMPTS, pictures if visual else None)
    logits = graphs.answer_logits(state, ANSWERS)
    for row, (prompt, answers) in enumerate(zip(PROMPTS, ANSWERS, strict=True)):
        for column, answer in enumerate(answers):
            whole = full_logits(model, prompt + answer[:-1], pictures[row] if visual else None)
            np.testing.assert_allclose(logits[row][column], whole[len(prompt) - 1 :], atol=1e-5)


def test_greedy_decoding_equals_full_recomputation(model, graphs, pictures):
    state = graphs.read(PROMPTS[:1], pictures[:1])
    said = list(graphs.generate(state, end=-1, limit=12))
    ids = list(PROMPTS[0])
    for token in said:
        assert token == int(full_logits(model, ids, pictures[0])[-1].argmax())
        ids.append(token)
    assert len(said) == 12


def test_generation_ends_before_the_end_token(graphs):
    state = graphs.read(PROMPTS[:1])
    said = list(graphs.generate(state, end=-1, limit=6))
    end = said[3]
    assert list(graphs.generate(state, end=end, limit=6)) == said[: said.index(end)]


def test_pixels_go_through_encoder_and_connector(model, graphs, pictures):
    pixels = (
        np.random.default_rng(0).normal(size=(len(PROMPTS), 3, TINY.image_size, TINY.image_size)).astype(np.float32)
    )
    with torch.inference_mode():
        expected = model.connector(model.encoder(torch.from_numpy(pixels))).numpy()
    np.testing.assert_allclose(pictures, expected, atol=1e-5)


def test_picture_reaches_the_answer(graphs, pictures):
    blind, visual = graphs.read(PROMPTS[:1]), graphs.read(PROMPTS[:1], pictures[:1])
    assert np.abs(blind.logits - visual.logits).max() > 0.1


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has an NVIDIA device")
def test_missing_device_is_named(model, tmp_path):
    from inkling.components.export.graphs import export_graphs

    export_graphs(model, TINY.image_size, tmp_path)
    Graphs(tmp_path, 1, "auto")
    with pytest.raises(DeviceError, match="finds no usable GPU"):
        Graphs(tmp_path, 1, "cuda")


@given(st.lists(st.lists(st.floats(-50, 50), min_size=4, max_size=4), min_size=1, max_size=5), st.data())
def test_log_likelihood_is_the_sum_of_log_softmax(rows, data):
    answer = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    logits = np.array(rows, np.float32)
    expected = torch.log_softmax(torch.from_numpy(logits).double(), -1)[range(len(answer)), answer].sum()
    assert log_likelihood(logits, answer) == pytest.approx(float(expected), abs=1e-9)
