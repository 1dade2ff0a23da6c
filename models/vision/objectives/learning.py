"""Training a vision encoder on pictures: killed at any moment, it goes on to the same bits, as all training here.

A part of the pictures is held out; the objective's loss on it, before and after, says whether anything was learnt.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inkling.models.learnt import Learnt
from inkling.models.training.batches import Batch
from inkling.models.training.fit import fit
from inkling.models.training.job import MeterFactory, Optimization
from inkling.models.vision.contract import Encoder
from inkling.models.vision.objectives import VisionObjectiveSpec
from inkling.models.vision.objectives.contract import VisionObjective
from inkling.models.vision.preprocess import Preprocessing, decode, resize

HELD_OUT, LEAST = 0.1, 8
"""Part of the pictures that is held out, and the fewest pictures that can be learnt from."""
_CHECKPOINTS = 8  # of a run
_HELD_OUT_BATCHES = 4


class Pictures:
    """Training pictures as 8-bit pixels, and batches of them as a pure function of the step."""

    def __init__(
        self,
        objective: VisionObjective,
        pixels: NDArray[np.uint8],
        how: Preprocessing,
        numbers: Sequence[int],
        size: int,
        seed: int,
    ) -> None:
        """Takes the pictures.

        Args:
            objective: Makes batches.
            pixels: Of all pictures (pictures, height, width, 3).
            how: How they are normalised.
            numbers: Those that batches are drawn from.
            size: Pictures of a batch, at most.
            seed: Determines which picture comes when, and what is left to chance of it.
        """
        self._objective, self._pixels, self._how = objective, pixels, how
        self._numbers, self._size, self._seed = np.array(numbers), min(size, len(numbers)), seed

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        random = np.random.default_rng((self._seed, step))
        chosen = np.sort(random.choice(self._numbers, self._size, replace=False))
        values = torch.from_numpy(self._pixels[chosen]).permute(0, 3, 1, 2).float()
        mean, scale = (torch.tensor(value).reshape(-1, 1, 1) for value in (self._how.mean, self._how.scale))
        return self._objective.batch((values - mean) / scale, chosen.tolist(), random)


def learn(
    spec: VisionObjectiveSpec,
    encoder: Encoder,
    how: Preprocessing,
    pictures: Sequence[bytes],
    captions: Sequence[str],
    work: Path,
    seed: int,
    progress: MeterFactory,
) -> Learnt:
    """Trains an encoder's `network`, a vision transformer, in place.

    Args:
        spec: The objective, and how it is optimised.
        encoder: The encoder; frozen and in evaluation mode before and after.
        how: Its preprocessing.
        pictures: Encoded bytes of each training picture.
        captions: What each is said to show; empty where nothing is said.
        work: Directory that outlives a kill.
        seed: Determines the objective's own weights, the batches and the pictures held out.
        progress: Shows the steps.

    Raises:
        ImageError: If a picture cannot be decoded.
        ValueError: If there are too few pictures, or the objective lacks what it learns from.
        TrainingError: If the loss is not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        objective: VisionObjective = spec.load_target()(spec, encoder.get_submodule("network"), captions)
    usable = np.random.default_rng(seed).permutation(objective.usable())
    if len(usable) < LEAST:
        raise ValueError(f"vision objective '{spec.type}' learns from {LEAST} pictures at least, got {len(usable)}")
    held = round(HELD_OUT * len(usable)) or 1
    pixels = np.stack([np.asarray(resize(decode(data, reduced=True), how)) for data in pictures])
    heldout = Pictures(objective, pixels, how, usable[:held].tolist(), spec.batch, seed)
    before = _heldout_loss(objective, heldout)
    objective.train().requires_grad_(True)
    fitted = fit(
        objective,
        _loss,
        Pictures(objective, pixels, how, usable[held:].tolist(), spec.batch, seed),
        Optimization(
            steps=spec.steps,
            learning_rate=spec.learning_rate,
            warmup_steps=min(round(spec.warmup * spec.steps), spec.steps - 1),
            weight_decay=spec.weight_decay,
            betas=(0.9, 0.98),  # CLIP's (Radford et al., 2021, table 18)
        ),
        work,
        seed=seed,
        checkpoint_every=max(1, spec.steps // _CHECKPOINTS),
        progress=progress,
    )
    objective.cpu()
    after = _heldout_loss(objective, heldout)
    encoder.eval().requires_grad_(False)
    return Learnt(before, after, [row.loss for row in fitted.rows])


def _loss(objective: nn.Module, batch: Batch) -> Tensor:
    assert isinstance(objective, VisionObjective)
    return objective.loss(batch)


@torch.no_grad()
def _heldout_loss(objective: VisionObjective, pictures: Pictures) -> float:
    """The mean loss of some batches of pictures that are held out."""
    objective.eval()
    return float(np.mean([objective.loss(pictures.batch(step)).item() for step in range(_HELD_OUT_BATCHES)]))
