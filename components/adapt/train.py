"""Running a recipe: stage after stage, each with its data, its objectives and its trainable set."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import LlamaForCausalLM

from inkling.components.adapt.batches import ImageBatches
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.objectives import weighted
from inkling.components.adapt.parts import TrainableError, assert_trainable, frozen_digest, set_trainable
from inkling.components.adapt.recipes import StageRecipe
from inkling.components.adapt.turns import caption_of, pack_turns
from inkling.components.adapt.words import CaptionWords, caption_words
from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.multimodal_model import TrainingRow
from inkling.components.shared.runtime.progress import Progress, note
from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector
from inkling.models.multimodal import MultimodalModel
from inkling.models.training.fit import fit
from inkling.models.training.job import Optimization

FINAL_RATIO = 0.01


@dataclass(frozen=True)
class Lesson:
    """The data of an adaptation, for every stage of it.

    Attributes:
        images: Names of the images, in the order of `grid`.
        grid: Their features, float32 (images, tokens, channels).
        turns: What is said about each image, by its name.
    """

    images: Sequence[str]
    grid: Tensor
    turns: Mapping[str, Sequence[Turn]]


def train(
    config: AdaptConfig, language: LlamaForCausalLM, tokenizer: Tokenizer, lesson: Lesson, work: Path
) -> tuple[MultimodalModel, list[dict[str, Any]], list[TrainingRow]]:
    """Adapts a language model.

    Args:
        config: The stage's configuration.
        language: The language model; trained in place.
        tokenizer: Its tokenizer.
        lesson: What to learn from.
        work: Directory that outlives a kill.

    Returns:
        The adapted model, an account of each stage, and the training log.

    Raises:
        ValueError: If no image has turns of the kinds of a stage.
        TrainableError: If a parameter trained that must not, or the reverse.
    """
    with _reproducible():
        return _train(config, language, tokenizer, lesson, work)


def _train(
    config: AdaptConfig, language: LlamaForCausalLM, tokenizer: Tokenizer, lesson: Lesson, work: Path
) -> tuple[MultimodalModel, list[dict[str, Any]], list[TrainingRow]]:
    model = MultimodalModel(language, new_connector(config, language, lesson.grid))
    words = caption_words([caption_of(lesson.turns.get(image, ())) for image in lesson.images], tokenizer)
    account, rows = [], []
    for index, stage in enumerate(config.stages()):
        batches = stage_batches(stage, lesson, words, tokenizer, model.image_positions, [config.seed, index])
        steps = round(stage.epochs * batches.per_epoch)
        names = set_trainable(model, stage.train)
        assert_trainable(model, stage.train)
        trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        parts = " and ".join(stage.train)
        note(f"{stage.name}: {parts} train ({len(names)} tensors, {trained:,} parameters), {steps} steps")
        before = frozen_digest(model)
        rows += [
            TrainingRow(stage.name, row.step, row.loss, row.learning_rate)
            for row in fit(
                model,
                weighted(stage.objectives),
                batches,
                optimization(stage, steps),
                work / stage.name,
                seed=config.seed,
                checkpoint_every=config.checkpoint_every,
                progress=lambda done: Progress(stage.name, total=steps, unit="steps", done=done),  # noqa: B023 (used at once)
            ).rows
        ]
        if frozen_digest(model) != before:
            raise TrainableError(f"stage '{stage.name}' changed parameters that it froze")
        account.append({**stage.model_dump(mode="json"), "steps": steps, "parameters": trained, "trainable": names})
    model.requires_grad_(True)
    return model.eval(), account, rows


def new_connector(config: AdaptConfig, language: LlamaForCausalLM, grid: Tensor) -> Connector:
    """A connector with seeded weights, the statistics of the features, and outputs of the size of the embeddings."""
    width = language.config.hidden_size
    embeddings = language.get_input_embeddings().get_parameter("weight").detach()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        spec = CONNECTORS.read({"type": "mlp", "intermediate_size": config.hidden})
        connector: Connector = spec.build({"grid": (grid.shape[1], grid.shape[2])}, width)
        connector.match_embeddings(embeddings)
    connector.learn_statistics(grid)
    return connector


def stage_batches(
    stage: StageRecipe,
    lesson: Lesson,
    words: CaptionWords,
    tokenizer: Tokenizer,
    image_positions: int,
    seed: Sequence[int],
) -> ImageBatches:
    """The batches of a stage.

    Raises:
        ValueError: If no image has turns of the stage's kinds.
    """
    turns = {
        image: [turn for turn in lesson.turns.get(image, ()) if turn.kind in stage.data] for image in lesson.images
    }
    rows = [row for row, image in enumerate(lesson.images) if turns[image]]
    if not rows:
        raise ValueError(f"stage '{stage.name}' trains on {' and '.join(stage.data)} turns, but no image has any")
    sequences = [pack_turns(turns[lesson.images[row]], tokenizer) for row in rows]
    present = words.present[rows]
    return ImageBatches(
        lesson.grid, image_positions, rows, sequences, present, words.pieces, stage.batch, stage.blind, seed
    )


def optimization(stage: StageRecipe, steps: int) -> Optimization:
    """How a stage is optimised."""
    return Optimization(
        steps=steps,
        learning_rate=stage.learning_rate,
        warmup_steps=min(round(stage.warmup * steps), max(steps - 1, 0)),
        final_ratio=FINAL_RATIO,
        weight_decay=stage.weight_decay,
    )


@contextmanager
def _reproducible() -> Iterator[None]:
    """Sums gradients in one order, whatever the threads do; fresh memory needs no filling for that."""
    filling: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), filling.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    filling.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        filling.fill_uninitialized_memory = before[1]
