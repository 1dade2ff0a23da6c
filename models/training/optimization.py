"""How a network is optimised: AdamW, a linear warm-up and a cosine decay, gradients clipped by their norm."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Optimization:
    """Settings of one training run.

    Attributes:
        steps: Optimiser steps in all.
        learning_rate: Highest learning rate, reached after the warm-up.
        warmup_steps: Steps over which the learning rate rises; fewer than `steps`.
        final_ratio: The learning rate of the last step, as a part of the highest.
        weight_decay: Decoupled decay of weight matrices; vectors (norms, biases) are never decayed.
        betas: Decay rates of AdamW's two running means.
        gradient_clip: Largest norm of the gradient; longer ones are scaled to it.
    """

    steps: int
    learning_rate: float
    warmup_steps: int = 0
    final_ratio: float = 0.1
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    gradient_clip: float = 1.0

    def __post_init__(self) -> None:
        """Refuses settings that make no sense together."""
        if self.steps < 0 or self.learning_rate <= 0:
            raise ValueError(f"steps must not be negative and learning_rate must be positive, got {self}")
        if self.steps and not 0 <= self.warmup_steps < self.steps:
            raise ValueError(f"warmup_steps must be fewer than the {self.steps} steps, got {self.warmup_steps}")
