"""What needs a CUDA device: compiled training in bf16, going on after an interruption, export."""

from pathlib import Path

import numpy as np
import pytest
import torch

from inkling.models.language.presets import load_preset
from inkling.models.training.checkpoint import stored_steps
from inkling.models.training.fit import fit
from inkling.models.training.job import Execution, Optimization

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
STEPS, VOCABULARY, CONTEXT = 8, 8192, 256


class Batches:
    def batch(self, step: int) -> dict[str, torch.Tensor]:
        rows = np.random.default_rng(3).integers(3, 300, size=(4, CONTEXT + 1))
        return {"ids": torch.from_numpy(rows)}


def loss(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    logits = network(batch["ids"][:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch["ids"][:, 1:].flatten())


def _train(work: Path, loss=loss) -> tuple[torch.nn.Module, list[float]]:
    network = load_preset("10M").build(VOCABULARY, 0)
    settings = Optimization(steps=STEPS, learning_rate=3e-3, warmup_steps=2)
    fitted = fit(
        network, loss, Batches(), settings, work, seed=0, checkpoint_every=4, execution=Execution(precision="auto")
    )
    return network, [row.loss for row in fitted.rows]


def test_a_network_learns_in_bf16_goes_on_and_is_exported(tmp_path: Path):
    from transformers import LlamaForCausalLM

    calls = 0

    def interrupted(network: torch.nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise RuntimeError("interrupted")
        return loss(network, batch)

    with pytest.raises(RuntimeError, match="interrupted"):
        _train(tmp_path / "broken", interrupted)
    (folder,) = (tmp_path / "broken").glob("*/checkpoints")
    assert stored_steps(folder) == [4]
    network, losses = _train(tmp_path / "broken")
    _, undisturbed = _train(tmp_path / "whole")
    assert losses == pytest.approx(undisturbed, rel=2e-3)
    assert losses[-1] < losses[0] - 0.5
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    network.save_pretrained(tmp_path / "export")
    again = LlamaForCausalLM.from_pretrained(tmp_path / "export").cuda()
    with torch.inference_mode():
        ids = torch.arange(3, 40, device="cuda")[None]
        torch.testing.assert_close(again(ids).logits, network.cuda()(ids).logits, rtol=1e-3, atol=1e-3)
