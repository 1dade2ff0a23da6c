"""The vision transformer takes smaller squares, and equals torch's own attention."""

import pytest
import torch
from torch import nn

from inkling.models.settings import ConfigError
from inkling.models.vision import ENCODERS
from inkling.models.vision.vit import VisionTransformer, VitBlock


def test_a_block_equals_torchs_own_layer() -> None:
    torch.manual_seed(0)
    own, theirs = VitBlock(32, 4), nn.TransformerEncoderLayer(
        32, 4, 128, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )  # fmt: skip
    pairs = {
        "self_attn.in_proj_weight": own.qkv.weight, "self_attn.in_proj_bias": own.qkv.bias,
        "self_attn.out_proj.weight": own.out.weight, "self_attn.out_proj.bias": own.out.bias,
        "linear1.weight": own.up.weight, "linear1.bias": own.up.bias,
        "linear2.weight": own.down.weight, "linear2.bias": own.down.bias,
        "norm1.weight": own.attention_norm.weight, "norm1.bias": own.attention_norm.bias,
        "norm2.weight": own.feed_forward_norm.weight, "norm2.bias": own.feed_forward_norm.bias,
    }  # fmt: skip
    theirs.load_state_dict(pairs)
    tokens = torch.randn(2, 5, 32)
    torch.testing.assert_close(own(tokens), theirs(tokens))
    padded = torch.tensor([False, False, False, True, True]).expand(2, -1)
    hidden = torch.zeros(2, 5).masked_fill(padded, -torch.inf)[:, None, None]
    expected = theirs(tokens, src_key_padding_mask=padded)[:, :3]
    torch.testing.assert_close(own(tokens, hidden)[:, :3], expected)


def test_a_smaller_square_has_fewer_patches() -> None:
    network = VisionTransformer(64, 8, 16, 1, 2)
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 65, 16)
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 17, 16)


@pytest.mark.parametrize("settings", [{"image_size": 60}, {"hidden_size": 100}])
def test_sizes_that_do_not_fit_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="must be whole patches of 8, and .* whole heads of 3"):
        ENCODERS.read({"type": "small-vit", **settings})
