"""Adaptation: tokens a second of the recipe's engine against a plain torch loop of the same model, loss and batches.

The step is that of the laptop recipe's instruction: language model of the preset `laptop`, 16 image tokens, eight
images a step with their turns, next-token prediction and word contrast. Images and words are synthetic. Both take
their batches from the same source, step by step; at least 1.0 of the plain loop would be as good as writing it by hand.

Example:
    python tests/bench/bench_adapt.py --rounds 5
"""

import argparse
import multiprocessing
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Moment, StepClock, now, report
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from inkling.components.adapt.batches import Fields, ImageBatches
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson, phase_batches
from inkling.components.adapt.train import Taught, new_model, optimization, weighted
from inkling.components.artifacts.conversations import Turn
from inkling.models.language.presets import load_preset
from inkling.models.training.fit import fit
from inkling.models.training.job import Execution
from inkling.models.training.process import quiet_frameworks

VOCABULARY, IMAGES, TOKENS, CHANNELS, WARM = 4096, 512, 16, 1280, 5
WORDS = [f"{first}{last}" for first in ("re", "gre", "blu", "sto", "ca", "do") for last in ("d", "en", "ne", "t", "g")]


def _lesson() -> Lesson:
    """Images of noise, each with a caption of a few words and four questions about them."""
    drawn = np.random.default_rng(0)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        [" ".join(WORDS)] * 9,
        trainers.BpeTrainer(
            vocab_size=512,
            special_tokens=["<|bos|>", "<|eos|>", "<|pad|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    images = [f"image{number}" for number in range(IMAGES)]
    turns = {}
    for image in images:
        words = [WORDS[index] for index in drawn.choice(len(WORDS), 8, replace=False)]
        said = [("caption", "Describe the picture.", " ".join(words))]
        said += [("instruct", f"Is there a {words[number]} beside it?", words[number]) for number in range(4)]
        turns[image] = [
            Turn(f"{image}-{number}", image, kind, "General", "bench", "other", question, answer)
            for number, (kind, question, answer) in enumerate(said)
        ]
    grid = drawn.normal(size=(IMAGES, TOKENS, CHANNELS)).astype(np.float32)
    return Lesson(images, {"grid": grid}, turns, tokenizer)


def _ready() -> tuple[Taught, ImageBatches, torch.nn.Module]:
    """The loss of the phase as a module, its batches, and the model."""
    recipe, lesson = AdaptConfig().resolved(), _lesson()
    phase = recipe.phases[-1].model_copy(update={"blind": 0.0})
    model = new_model(recipe, load_preset("laptop").build(VOCABULARY, 0), lesson.features, 0).eval()
    objectives = [spec.build() for spec in phase.active]
    fields = Fields.merged(objective.fields(lesson) for objective in objectives)
    batches = phase_batches(phase, lesson, fields, model.image_positions, [0])
    return Taught(model, weighted([spec.weight for spec in phase.active], objectives)), batches, model


def plain(steps: int) -> list[Moment]:
    """The loop that one would write by hand; returns when each step ended."""
    taught, batches, model = _ready()
    optimizer = torch.optim.AdamW(model.parameters(), lr=8e-4, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    ends = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = taught(batches.batch(step))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        loss.item()
        ends.append(now())
    return ends


def ours(steps: int) -> list[Moment]:
    """The engine of the stage; returns when each step ended."""
    (taught, batches, _), clock = _ready(), StepClock()
    phase = AdaptConfig().resolved().phases[-1]
    with tempfile.TemporaryDirectory() as work:
        fit(
            taught, lambda network, batch: network(batch), batches, optimization(phase, steps), Path(work), seed=0,
            checkpoint_every=steps + 1, progress=lambda done: clock, execution=Execution(compile=False, sparse=True),
        )  # fmt: skip
    return clock.ends


def _sizes(steps: int) -> list[Moment]:
    """Weights of the model, and tokens of a step with their padding, on average; as moments of a clock from zero on."""
    _, batches, model = _ready()
    tokens = statistics.mean(batches.batch(step)["positions"].numel() for step in range(steps))
    weights = sum(one.numel() for one in model.parameters())
    return [(float(step * weights), float(step * tokens)) for step in range(steps)]


def _measure(loop: Callable[[int], list[Moment]], arguments: argparse.Namespace, answer: Any) -> None:
    torch.set_num_threads(arguments.threads)
    step = np.median(np.diff(loop(arguments.steps), axis=0)[WARM:], axis=0)
    answer.send((float(step[0]), float(step[1])))


def _apart(loop: Callable[[int], list[Moment]], arguments: argparse.Namespace) -> Moment:
    """What a step takes, in a process of its own: the engine changes how its process keeps memory."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(loop, arguments, sending))
    child.start()
    step: Moment = receiving.recv()
    child.join()
    return step


def _ratio(plain: list[Moment], taken: list[Moment], clock: int) -> float:
    """Median over the rounds of the plain loop's seconds by those of another."""
    return round(statistics.median(one[clock] / two[clock] for one, two in zip(plain, taken, strict=True)), 3)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    quiet_frameworks()
    import inkling.models.training.trainer  # noqa: F401 (imported once, for all the forks)

    parameters, tokens = _apart(_sizes, arguments)
    steps: dict[str, list[Moment]] = {"plain": [], "ours": []}
    for number in range(arguments.rounds + 1):
        for loop in (plain, ours) if number % 2 else (ours, plain):
            step = _apart(loop, arguments)
            if number:
                steps[loop.__name__].append(step)
    rows = [
        {
            "loop": name,
            "ms a step": round(1000 * statistics.median(step[0] for step in taken), 1),
            "tokens/s": round(tokens / statistics.median(step[0] for step in taken)),
            "of plain": _ratio(steps["plain"], taken, 0),
            "by CPU time": _ratio(steps["plain"], taken, 1),
        }
        for name, taken in steps.items()
    ]
    facts = {"parameters": round(parameters), "tokens a step": round(tokens)}
    report("adapt", {**facts, "threads": arguments.threads, "data": "synthetic, seed 0"}, {"adaptation": rows})


if __name__ == "__main__":
    main()
