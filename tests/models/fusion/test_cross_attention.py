"""Cross-attention starts shut, follows the layers that it states, and attends as the plain formula says."""

import pytest
import torch

from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.fusion.cross_attention import GatedAttention
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

LANGUAGE = load_preset("tiny")
SEQUENCE = PackedSequence([TokenSegment([0, 7, 9]), TokenSegment([8, 1], parent=0, scored=True)])


def test_at_the_start_an_image_changes_no_bit() -> None:
    torch.manual_seed(0)
    connector = CONNECTORS.read("mlp").build({"grid": (4, 6)}, LANGUAGE.hidden_size)
    fusion = FUSIONS.read("cross_attention").build(LANGUAGE)
    model = MultimodalModel(LANGUAGE.build(40, 0), connector, fusion).eval()
    batch = collate([SEQUENCE], model.image_positions)
    assert model.image_positions == 0
    assert torch.equal(model({"grid": torch.randn(1, 4, 6)}, batch), model(None, batch))


def test_it_attends_as_the_formula_says() -> None:
    torch.manual_seed(0)
    attention = GatedAttention(hidden_size=4, heads=1)
    attention.gate.data.fill_(0.5)
    hidden, image = torch.randn(1, 3, 4), torch.randn(1, 5, 4)
    query = attention.query(attention.text_norm(hidden))
    key, value = attention.key(attention.image_norm(image)), attention.value(attention.image_norm(image))
    weights = (query @ key.transpose(1, 2) / 2).softmax(-1)  # the root of 4 channels
    expected = hidden + torch.tanh(torch.tensor(0.5)) * attention.output(weights @ value)
    assert torch.allclose(attention(hidden, *attention.remember(image)), expected, atol=1e-6)


@pytest.mark.parametrize(("every", "layers"), [(1, [0, 1, 2, 3]), (2, [1, 3]), (3, [2]), (4, [3])])
def test_it_follows_every_so_many_layers(every: int, layers: list[int]) -> None:
    spec = FUSIONS.read({"type": "cross_attention", "every": every})
    assert list(spec.build(LANGUAGE).remember(torch.zeros(1, 4, 64))) == [
        f"{layer}.{part}" for layer in layers for part in ("key", "value")
    ]


@pytest.mark.parametrize(
    ("settings", "words"), [({"every": 5}, "every 5 layers, but .* has 4"), ({"heads": 3}, "do not divide .* 64")]
)
def test_a_language_model_that_it_does_not_fit_is_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FUSIONS.read({"type": "cross_attention", **settings}).num_params(LANGUAGE)
