"""A repository of the hub is read from its cache, at a pinned commit; without a network it is refused in words."""

from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from transformers import Dinov2Config, Dinov2Model

from inkling.models.settings import ConfigError
from inkling.models.vision import ENCODERS
from inkling.models.vision.contract import Encoder

COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
STATED = {"type": "hugging-face", "path": "owner/name", "revision": COMMIT}


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in a cache of its own, on a machine without a network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models--owner--name" / "snapshots" / COMMIT
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 56, "patch_size": 14}
    Dinov2Model(Dinov2Config(**sizes)).save_pretrained(folder)
    return folder


def test_a_repository_is_read_from_the_cache(cached: Path) -> None:
    spec = ENCODERS.read(STATED)
    assert spec.places() == []
    resolved = spec.resolve().model_dump(mode="json")
    assert "owner" not in str(resolved)
    assert COMMIT not in str(resolved)
    assert resolved == ENCODERS.read({"type": "hugging-face", "path": str(cached)}).resolve().model_dump(mode="json")
    encoder: Encoder = spec.build(["cls"])
    encoder.load_published(None)
    with torch.inference_mode():
        assert encoder(torch.zeros(1, 3, 56, 56))[0].shape == (1, 1, 32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"revision": None}, r"no folder owner/name.*give `revision`, the commit of 40"),
        ({"revision": "main"}, r"give `revision`, the commit of 40"),
        ({"revision": OTHER}, r"not in the hub's cache and cannot be downloaded.*hf download owner/name --revision f"),
        ({"path": "nowhere/at/all", "revision": None}, r"nowhere/at/all is no folder of an encoder"),
    ],
)
def test_what_cannot_be_had_is_refused_in_words(cached: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ENCODERS.read({**STATED, **change})


def test_weights_that_the_cache_lacks_are_refused_in_words(cached: Path) -> None:
    (cached / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"cannot be downloaded"):
        ENCODERS.read(STATED).resolve()


def test_a_folder_has_no_revision(cached: Path) -> None:
    with pytest.raises(ConfigError, match="which has no revision"):
        ENCODERS.read({**STATED, "path": str(cached)})
