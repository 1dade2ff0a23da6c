"""Loops that train until their clock stops them: the engine's, and the one that would be written by hand."""

import itertools
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from parts.clock import Clock
from unit import Sizes

CUDNN_ATTENTION, COMPILED_LOSS = "cuDNN attention", "compiled loss"
"""Trials: what a loop may do otherwise, to see what it would gain."""
_BATCHES = 8
_LEARNING_RATE, _BETAS, _DECAY, _CLIP = 3e-4, (0.9, 0.95), 0.1, 1.0


class RandomTokens:
    """Batches of random tokens; what is measured does not depend on what they say."""

    def __init__(self, vocabulary: int, batch: int, context: int) -> None:
        """Draws a few batches, which come again and again."""
        import numpy as np
        import torch

        rows = np.random.default_rng(0).integers(3, vocabulary, (_BATCHES, batch, context + 1))
        self._rows = torch.from_numpy(rows)

    def batch(self, step: int) -> dict[str, Any]:
        """The batch of a step: inputs and targets, each int64 (batch, context)."""
        tokens = self._rows[step % _BATCHES]
        return {"inputs": tokens[:, :-1].contiguous(), "targets": tokens[:, 1:].contiguous()}


def attention(sizes: Sizes) -> AbstractContextManager[None]:
    """Where it is tried, attention is cuDNN's wherever that can do it; torch prefers its own."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    if CUDNN_ATTENTION not in sizes.get("trials", ()):
        return nullcontext()
    order = [SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    return sdpa_kernel(order, set_priority=True)


def plain_loop(network: Any, batches: RandomTokens, clock: Clock, sizes: Sizes) -> None:
    """The loop that one would write by hand around a network of transformers."""
    import torch

    where, bf16 = network.device, sizes["precision"] == "bf16"
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=_LEARNING_RATE, betas=_BETAS, weight_decay=_DECAY, fused=True
    )
    if sizes["compiled"]:
        for layer in network.model.layers:  # compiled whole, transformers takes attention with a mask, which is slower
            layer.compile()
    for step in itertools.count():
        batch = {name: tokens.to(where) for name, tokens in batches.batch(step).items()}
        with torch.autocast(where.type, torch.bfloat16, enabled=bf16):
            logits = network(input_ids=batch["inputs"], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch["targets"].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
        optimizer.step()
        optimizer.zero_grad()
        clock.advance(loss=loss.item())


def fit_loop() -> Callable[..., None]:
    """The engine under the pre-training's loss, its libraries imported."""
    import inkling.models.training.trainer  # noqa: F401 (`fit` would import it while the clock runs)
    from inkling.components.pretrain.train import next_token_loss
    from inkling.models.training.fit import fit
    from inkling.models.training.job import Execution, Optimization

    def train(network: Any, batches: RandomTokens, clock: Clock, sizes: Sizes) -> None:
        steps = 1_000_000  # the clock ends it before
        optimization = Optimization(steps, _LEARNING_RATE, weight_decay=_DECAY, betas=_BETAS, gradient_clip=_CLIP)
        loss = _compiled_loss() if COMPILED_LOSS in sizes.get("trials", ()) else next_token_loss
        execution = Execution(precision=sizes["precision"], compile=sizes["compiled"])
        with tempfile.TemporaryDirectory() as work:
            fit(
                network, loss, batches, optimization, Path(work), seed=0, checkpoint_every=steps,
                progress=lambda done: clock, execution=execution,
            )  # fmt: skip

    return train


def _compiled_loss() -> Callable[..., Any]:
    """The pre-training's loss in one kernel: logits in fp32 are never written to memory."""
    import torch

    @torch.compile
    def cost(logits: Any, targets: Any) -> Any:
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    return lambda network, batch: cost(network(input_ids=batch["inputs"], use_cache=False).logits, batch["targets"])
