"""Does more reading help seeing: language models of several token budgets and mixtures, adapted on ever fewer images.

Every model learns the same number of steps, whatever its share of the images: fewer images are seen more often. The
baseline was adapted alike without any pre-training. One seed decides a language model's weights and the order of its
text, and of its adaptation, together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from parts import student
from unit import Figures, Row, Sizes, Unit

NOTHING = "no-pretraining"
VIEWS = ("visual", "blind", "mismatched")
_READ, _SEE = "read", "see"
_CHECKPOINT_EVERY = 400
"""Steps, ten seconds or more: what a unit loses that the end of the time cuts off."""


@dataclass(frozen=True)
class Reader:
    """A language model of the study.

    Attributes:
        recipe: The mixture that it read, or that of the tokenizer for the baseline.
        tokens: How many of its tokens; 0 for the baseline.
        seed: Of weights and order.
    """

    recipe: str
    tokens: int
    seed: int

    @property
    def name(self) -> str:
        """As it stands in the tables."""
        return f"{self.recipe} {self.tokens / 1e6:g} M" if self.tokens else NOTHING

    @property
    def unit(self) -> str:
        """Name of the unit that trains it."""
        return f"read {self.name} seed {self.seed}"


class Reading:
    """The models of each line of the plan, then what they see, then the next line."""

    name = "reading"
    modules = ("lightning", "nemo", "omegaconf", "pydantic")
    reads_data = True
    lanes: ClassVar[Mapping[str, int]] = {_READ: 1, _SEE: 3}

    def units(self, sizes: Sizes, data: Path, work: Path) -> list[Unit]:
        """The units in order of worth: of a line the shortest runs first, so that adaptations run beside the longer."""
        found: dict[str, Unit] = {}
        for line in sizes["plan"]:
            readers = [Reader(line["recipe"], int(tokens), line["seed"]) for tokens in line["tokens"]]
            for reader in sorted(readers, key=lambda reader: reader.tokens):
                found.setdefault(reader.unit, self._read(reader, sizes, data, work))
            for share in line["shares"]:
                for reader in readers:
                    unit = self._see(reader, share, sizes, data, work)
                    found.setdefault(unit.name, unit)
        return list(found.values())

    def _read(self, reader: Reader, sizes: Sizes, data: Path, work: Path) -> Unit:
        pace, output = sizes["pace"], work / reader.unit.replace(" ", "-")

        def run() -> Figures:
            return read(reader, sizes, data, output)

        trained = pace["start"] + reader.tokens / pace["tokens_per_second"]
        return Unit(reader.unit, trained if reader.tokens else pace["untrained"], run, output=output, lane=_READ)

    def _see(self, reader: Reader, share: int, sizes: Sizes, data: Path, work: Path) -> Unit:
        name = f"see {reader.name} 1/{share} seed {reader.seed}"
        language, own = work / reader.unit.replace(" ", "-"), work / name.replace(" ", "-").replace("/", "-")
        return Unit(
            name, sizes["pace"]["adapt"], lambda: see(reader, share, sizes, data, language, own), needs=(reader.unit,),
            lane=_SEE,
        )  # fmt: skip

    def tables(self, rows: Sequence[Row]) -> str:
        """What each model learned of text, what each sees, and each against the baseline."""
        sound = [row for row in rows if not row.failure]
        read_rows = [row for row in sound if row.unit.startswith("read")]
        seen = [row for row in sound if row.unit.startswith("see")]
        return "\n\n".join(part for part in (_text_table(read_rows), _sight_table(seen), _against(seen)) if part)


def read(reader: Reader, sizes: Sizes, data: Path, output: Path) -> Figures:
    """Trains a language model, scores it on held-out text and on copying, and saves it."""
    import torch
    from data import Data

    student.stand_in()
    from inkling.components.pretrain.config import PretrainConfig
    from inkling.components.pretrain.context_use import copy_gain
    from inkling.components.pretrain.train import evaluate, train
    from inkling.models.language.presets import load_preset

    torch.set_num_threads(sizes["threads"])
    tokens = Data(data).tokens(reader.recipe)
    config = PretrainConfig(
        preset=sizes["preset"], seed=reader.seed, threads=sizes["threads"], context=sizes["context"],
        heldout_windows=sizes["heldout_windows"], checkpoint_every=_CHECKPOINT_EVERY,
        learning_rate=sizes["learning_rate"],
        loader_workers=sizes["loader_workers"], no_pretraining=not reader.tokens, token_budget=max(reader.tokens, 1),
        batch=_batch(reader.tokens, sizes), compile=reader.tokens >= sizes["compile_from"],
    )  # fmt: skip
    network = load_preset(sizes["preset"]).build(tokens.blend().vocabulary, reader.seed)
    trained = train(config, network, tokens, output.with_suffix(".work"))
    perplexity = evaluate(config, network, tokens)[0]
    random = np.random.default_rng(0).integers(10, tokens.blend().vocabulary, (64, sizes["copied"]))
    gain = copy_gain(network, random)
    network.cpu().save_pretrained(output)
    passes = {name: use.epochs for name, use in trained.shards.items()}
    return {
        "steps": config.steps, "parameters": sum(value.numel() for value in network.parameters()),
        "copy gain": gain["value"], "copy gain interval": (gain["low"], gain["high"]),
        "mean nll": float(np.mean([entry["model_nll"] for entry in perplexity.values()])),
        "perplexity": {name: entry["model_perplexity"] for name, entry in perplexity.items()},
        "perplexity interval": {name: entry["interval"] for name, entry in perplexity.items()},
        "passes": passes, "last loss": trained.rows[-1].loss if trained.rows else None,
    }  # fmt: skip


def _batch(tokens: int, sizes: Sizes) -> int:
    """Sequences of a step: more with more to read, so that no budget has few steps."""
    batches: Mapping[int, int] = sizes["batches"]
    return next((batch for most, batch in sorted(batches.items()) if tokens <= most), max(batches.values()))


def see(reader: Reader, share: int, sizes: Sizes, data: Path, language: Path, work: Path) -> Figures:
    """Adapts a language model on a part of the images and asks it the test questions in three views."""
    import torch
    from data import VIEW, Data
    from transformers import LlamaForCausalLM

    from inkling.components.adapt.config import AdaptConfig
    from inkling.components.adapt.train import train
    from inkling.components.evaluate.config import EvaluateConfig
    from inkling.components.evaluate.resume_log import ResumeLog
    from inkling.components.evaluate.scoring import score_questions
    from inkling.models.inference.answering import EngineAnswering
    from inkling.models.inference.torch_engine import TorchEngine
    from inkling.models.training.devices import accelerator

    torch.set_num_threads(sizes["threads"])
    stored = Data(data)
    lesson = stored.lesson(reader.recipe, sizes["images"], share)
    recipe = AdaptConfig(recipe=sizes["adaptation"]).recipe
    epochs = {phase.name: phase.epochs * share * sizes["schedule"] for phase in recipe.phases}
    config = AdaptConfig(
        recipe=recipe, seed=reader.seed, threads=sizes["threads"], epochs=epochs, checkpoint_every=_CHECKPOINT_EVERY
    )
    torch.set_float32_matmul_precision(sizes["adapted_in"])
    adapted = train(config, LlamaForCausalLM.from_pretrained(language), lesson, work)
    torch.set_float32_matmul_precision("highest")
    rows, features = stored.question_rows(), torch.from_numpy(stored.features("questions"))
    answering = EngineAnswering(
        TorchEngine(adapted.model.to(accelerator())), lesson.tokenizer,
        lambda images: {VIEW: features[[rows[image] for image in images]]},
    )  # fmt: skip
    questions = stored.questions("test")[:: sizes["every"]]
    settings = EvaluateConfig(batch_size=sizes["asked_at_once"])
    with ResumeLog(work / "answers.jsonl", "answers") as log:
        answers = score_questions(answering, questions, settings, log)
    by_view = {view: sorted((one for one in answers if one.view == view), key=lambda one: one.question_id)
               for view in VIEWS}  # fmt: skip
    right = {view: [int(one.correct) for one in members] for view, members in by_view.items()}
    asked = by_view["visual"]
    return {
        **{view: float(np.mean(hits)) for view, hits in right.items()},
        "chance": float(np.mean([one.chance for one in asked])), "images": len(lesson.images),
        "steps": sum(phase["steps"] for phase in adapted.phases), "reader": reader.name, "share": share,
        "seed": reader.seed, "right": {view: "".join(map(str, hits)) for view, hits in right.items()},
        "image": _codes([one.image_id for one in asked]), "family": _codes([one.family for one in asked]),
    }  # fmt: skip


def _codes(names: Sequence[str]) -> list[int]:
    """Names as numbers, in the order of their first appearance."""
    known: dict[str, int] = {}
    return [known.setdefault(name, len(known)) for name in names]


def _text_table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    sources = sorted(rows[0].figures["perplexity"])
    lines = [
        f"| language model | steps | {' | '.join(sources)} | mean nll | copy gain |",
        "|" + "---|" * (len(sources) + 4),
    ]
    for row in rows:
        found = row.figures
        own = [_within(found["perplexity"][source], found["perplexity interval"][source], ",.1f") for source in sources]
        lines.append(
            f"| {row.unit.removeprefix('read ')} | {found['steps']:,} | {' | '.join(own)} | {found['mean nll']:.3f} "
            f"| {_within(found['copy gain'], found['copy gain interval'], '+.3f')} |"
        )
    return (
        "Perplexity on held-out text by source, intervals clustered by document; copy gain in nats a token, intervals "
        "over sequences; 95 %.\n\n" + "\n".join(lines)
    )


def _within(value: float, interval: Sequence[float | None] | None, form: str) -> str:
    """A value with its interval, if it has one."""
    low, high = interval or (None, None)
    return f"{value:{form}}" + ("" if low is None else f" [{low:{form}}, {high:{form}}]")


def _sight_table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = [
        "| model | images | seeds | visual | blind | mismatched | visual - blind |",
        "|---|---|---|---|---|---|---|",
    ]
    for (reader, _), members in _cells(rows).items():
        views = {view: _mean(members, view) for view in VIEWS}
        lines.append(
            f"| {reader} | {members[0].figures['images']:,} | {len(members)} | "
            + " | ".join(views.values())
            + f" | {_difference(members, members, 'visual', 'blind')} |"
        )
    first = rows[0].figures
    return (
        f"Percent of {len(first['right']['visual'])} test questions over {1 + max(first['image'])} images, chance "
        f"{100 * first['chance']:.0f}; 95 % intervals clustered by image, questions of all seeds together.\n\n"
        + "\n".join(lines)
    )


def _against(rows: Sequence[Row]) -> str:
    cells = _cells(rows)
    lines = [
        "| model | images | seeds | visual minus no-pretraining | over seeds | each seed |",
        "|---|---|---|---|---|---|",
    ]
    for (reader, share), members in cells.items():
        base = {row.figures["seed"]: row for row in cells.get((NOTHING, share), [])}
        both = [row for row in members if row.figures["seed"] in base]
        if reader != NOTHING and both:
            others = [base[row.figures["seed"]] for row in both]
            each = [
                100 * (row.figures["visual"] - other.figures["visual"]) for row, other in zip(both, others, strict=True)
            ]
            lines.append(
                f"| {reader} | {members[0].figures['images']:,} | {len(both)} "
                f"| {_difference(both, others, 'visual', 'visual')} | {_over_seeds(each)} "
                f"| {', '.join(f'{gain:+.1f}' for gain in each)} |"
            )
    text = (
        "Paired by question and seed. The first 95 % interval is over questions and holds for these seeds; the second, "
        "Student's over seeds, holds for others too."
    )
    return f"{text}\n\n" + "\n".join(lines) if lines[2:] else ""


def _over_seeds(gains: Sequence[float]) -> str:
    """Student's interval of the mean of several seeds' gains; nothing for one seed."""
    if len(gains) < 2:
        return ""
    half = student.student_quantile(len(gains) - 1) * float(np.std(gains, ddof=1)) / math.sqrt(len(gains))
    return f"[{np.mean(gains) - half:+.1f}, {np.mean(gains) + half:+.1f}]"


def _cells(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    """The seeds of each model and share of the images."""
    cells: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.figures["reader"], row.figures["share"]), []).append(row)
    return dict(sorted(cells.items(), key=lambda cell: (cell[0][1], cell[0][0] != NOTHING, _order(cell[0][0]))))


def _order(reader: str) -> tuple[str, float]:
    recipe, _, tokens = reader.partition(" ")
    return recipe, float(tokens.removesuffix(" M") or 0)


def _hits(rows: Sequence[Row], view: str) -> list[bool]:
    return [digit == "1" for row in rows for digit in row.figures["right"][view]]


def _mean(rows: Sequence[Row], view: str) -> str:
    from inkling.components.shared.statistics.intervals import accuracy

    found = accuracy(_hits(rows, view), [image for row in rows for image in row.figures["image"]])
    return f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def _difference(rows: Sequence[Row], others: Sequence[Row], view: str, other: str) -> str:
    from inkling.components.shared.statistics.intervals import paired_difference

    images = [image for row in rows for image in row.figures["image"]]
    found = paired_difference(_hits(rows, view), _hits(others, other), images)
    return f"{100 * found.value:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
