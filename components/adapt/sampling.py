"""Answers in a model's own words, drawn before a phase begins: what preference is learned from."""

from collections.abc import Sequence

import numpy as np

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.preference import BATCH, views_of
from inkling.components.artifacts.conversations import Turn
from inkling.components.shared.runtime.progress import track
from inkling.models.inference.answering import stop_id
from inkling.models.inference.sampling import Sampling, TokenSampler
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.prompt import prompt_ids


def sampled_answers(
    model: MultimodalModel, lesson: Lesson, asked: Sequence[tuple[int, Turn]], count: int, temperature: float
) -> list[list[str]]:
    """Draws several answers to each question, the same ones whatever is asked beside it.

    Args:
        model: The model.
        lesson: Has the images.
        asked: The place of an image, and a question about it, which an answer may be twice as long as that of.
        count: Answers to each.
        temperature: What logits are divided by; above 0.
    """
    engine, stop = TorchEngine(model), stop_id(lesson.tokenizer)
    prompts = [prompt_ids(lesson.tokenizer, turn.question) for _, turn in asked]
    limits = [2 * len(lesson.tokenizer.encode(turn.answer).ids) + 2 for _, turn in asked]
    found: dict[int, list[str]] = {}
    order = sorted(range(len(asked)), key=lambda place: (limits[place], len(prompts[place])))
    groups = [order[first : first + BATCH] for first in range(0, len(order), BATCH)]
    for group in track(groups, "drawing answers", len(groups), "batches"):
        rows = [asked[place][0] for place in group]
        state = engine.prefill([prompts[place] for place in group], views_of(lesson, rows, model.language.device))
        state = state.rows(np.repeat(np.arange(len(group)), count))
        samplers = [
            TokenSampler(Sampling(temperature, seed=asked[place][0] * count + draw))
            for place in group
            for draw in range(count)
        ]
        said: list[list[int]] = [[] for _ in samplers]
        running = np.ones(len(samplers), bool)
        for _ in range(limits[group[-1]]):
            drawn = [sampler.draw(logits) for sampler, logits in zip(samplers, state.logits, strict=True)]
            running &= np.array([token != stop for token in drawn])
            for row in np.flatnonzero(running):
                said[row].append(drawn[row])
            if not running.any():
                break
            state = engine.decode(state, [[token] for token in drawn])[1]
        answers = [" ".join(lesson.tokenizer.decode(tokens).split()) for tokens in said]
        found |= {place: answers[count * row : count * (row + 1)] for row, place in enumerate(group)}
    return [found[place] for place in range(len(asked))]
