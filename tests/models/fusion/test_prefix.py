"""The prefix: image tokens are read as words behind `<|bos|>`, and without them the bare language model answers."""

import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate


def test_image_tokens_stand_behind_bos_and_blind_is_the_bare_model() -> None:
    language = load_preset("tiny").build(40, 0).eval()
    connector = CONNECTORS.read("mlp").build({"grid": (4, 6)}, 64)
    model = MultimodalModel(language, connector).eval()
    grid, ids = torch.randn(1, 4, 6), torch.tensor([[0, 7, 8]])
    sequence = PackedSequence([TokenSegment([0, 7]), TokenSegment([8], parent=0, scored=True)])
    embeddings = language.get_input_embeddings()(ids)
    inputs = torch.cat([embeddings[:, :1], connector(grid), embeddings[:, 1:]], dim=1)
    shown = language(inputs_embeds=inputs).logits[0, -2]
    assert torch.allclose(model({"grid": grid}, collate([sequence], model.image_positions))[0], shown, atol=1e-5)
    bare = language(inputs_embeds=embeddings).logits[0, -2]
    assert torch.allclose(model(None, collate([sequence], 0))[0], bare, atol=1e-5)


def test_it_takes_a_position_for_each_image_token_and_has_no_weights() -> None:
    spec, language = FUSIONS.read("prefix"), load_preset("tiny")
    assert spec.positions(16) == 16
    assert spec.num_params(language) == 0
    assert not list(spec.build(language).parameters())
