"""A made-up run: artifacts with known contents, written by the real writers."""

import dataclasses
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from inkling.components.artifacts.answers import Answer, Answers, write_answers
from inkling.components.artifacts.bundle import PARITY, Bundle
from inkling.components.artifacts.corpus import Corpus, SourceSummary, write_sources
from inkling.components.artifacts.language_model import CHECKPOINTS, LanguageModel
from inkling.components.artifacts.losses import DOCUMENTS, read_documents, write_documents
from inkling.components.artifacts.measurements import Measurements, Shown, write_measurements
from inkling.components.artifacts.multimodal_model import CONFIG, RECIPE, TRAINING, MultimodalModelArtifact
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.artifacts.rehearsal import Rehearsal, write_rehearsal
from inkling.components.artifacts.suite import rendered_scenes
from inkling.components.artifacts.tokens import BLEND, Blend, HeldoutShard, Tokens, TrainShard
from inkling.components.evaluate.summary import summarise
from inkling.components.shared.config import StageConfig
from inkling.components.shared.statistics.intervals import accuracy
from inkling.components.shared.store.artifact import ATTRIBUTION, Artifact, write_json
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.components.shared.store.store import produce
from inkling.models.sequence.views import VIEWS, View

FAMILIES = {
    "object": ("General", ["cat", "dog", "bird", "boat"], 0.55),
    "flag": ("Knowledge", ["Japan", "France", "Peru", "Chad"], 0.5),
    "word": ("OCR & Chart", ["ink", "sea", "oak", "sun"], 0.4),
    "colour & <shape>": ("Vision-Centric", ["red", "blue", "green", "black"], 0.6),
    "existence": ("Existence", ["yes", "no"], 0.55),
}
SIZES = {"test": 60, "validation": 12}


class Made(StageConfig):
    """Stands for the stages that make the inputs."""

    stage = "analyze"
    seed: int = 7
    tokenizer: str | None = None


def picture(shade: int) -> bytes:
    """A small JPEG."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (shade % 256, 120, 200)).save(buffer, "JPEG")
    return buffer.getvalue()


def make_questions() -> list[Question]:
    """Questions of every family on shared images."""
    return [
        Question(
            question_id=f"{split}-{place}-{index}",
            image_id=f"{split}-{index % (number // 2)}",
            mismatched_image_id=f"{split}-{(index + 1) % (number // 2)}",
            question=f"Is this number {index} & <b>?",
            choices=choices,
            answer=choices[index % len(choices)],
            category=category,
            family=family,
            size_bucket=("small", "medium", "large")[index % 3] if family == "existence" else "none",
            split=split,  # type: ignore[arg-type]
        )
        for split, number in SIZES.items()
        for place, (family, (category, choices, _)) in enumerate(FAMILIES.items())
        for index in range(number)
    ]


def make_answers(questions: list[Question], seed: int, bonus: float, views: Sequence[View] = VIEWS) -> list[Answer]:
    """Answers that are right as often as the family says with the image, and by chance without."""
    random = np.random.default_rng(seed)
    answers = []
    for view in views:
        for one in questions:
            share = FAMILIES[one.family][2] + bonus if view == "visual" else one.chance
            likelihoods = -random.exponential(2, len(one.choices))
            wrong = (one.correct + 1 + int(random.integers(len(one.choices) - 1))) % len(one.choices)
            choice = one.correct if random.random() < share else wrong
            likelihoods[choice] = 0.5
            answers.append(
                Answer(
                    one.question_id, view, tuple(float(value) for value in likelihoods), choice, choice == one.correct,
                    one.image_id, one.category, one.family, one.size_bucket, one.chance, one.split,
                    right=one.correct,
                )
            )  # fmt: skip
    return answers


def make_rows(questions: list[Question]) -> list[dict[str, Any]]:
    """A linear probe that reads all objects off the features and the image tokens, and no flag."""
    rows = []
    for family, sees in (("object", True), ("flag", False)):
        tested = [one for one in questions if one.family == family and one.split == "test"]
        right = {one.question_id: sees or number % 4 == 0 for number, one in enumerate(tested)}
        found = accuracy(list(right.values()), [one.image_id for one in tested])
        prior = accuracy([one.correct == 0 for one in tested], [one.image_id for one in tested])
        layers = ("image features", "image tokens")
        for layer, worse in [(f"{one}{more}", bool(more)) for more in ("", ", mean of places") for one in layers]:
            rows.append(
                {
                    "name": family, "suite": "scenes", "layer": layer, "value": found.value, "low": found.low,
                    "high": found.high, "null_low": 0.125, "null_high": 0.375, "count": len(tested),
                    "images": found.images,
                    "details": {
                        "reads": "image and question", "examples": 321, "prior": dataclasses.asdict(prior),
                        "right": dict.fromkeys(right, False) if worse else right, "left_out": 0.3 + worse,
                    },
                }
            )  # fmt: skip
    return rows


def make_shown() -> Shown:
    """What the probe `alignment` shows of one encoder."""
    row = {
        "name": "grid", "suite": "", "layer": "mean of layers", "value": 0.0817, "low": 0.0779, "high": 0.0856,
        "null_low": 0.0194, "null_high": 0.0207, "count": 1000, "images": 1000, "details": {"p_value": 0.0049},
    }  # fmt: skip
    best = {**row, "layer": "best layer, hidden states 2", "value": 0.0912}
    return Shown("Mutual <nearest> neighbours", "The share & its null.", "pairs", True, [row, best])


class Run:
    """Makes the artifacts of a run below a directory."""

    def __init__(self, root: Path, views: Sequence[View] = VIEWS) -> None:
        """Makes them all, answers in some views."""
        self.root, self.made = root, dict[str, Artifact]()
        questions = make_questions()
        pretrained, no_pretraining = (make_answers(questions, *how, views) for how in ((1, 0.05), (2, 0.0)))
        images = sorted({one.image_id for one in questions})
        pictures = [(name, picture(17 * index)) for index, name in enumerate(images)]
        self.make("corpus", Corpus, self.corpus)
        self.make("tokens", Tokens, self.tokens, "corpus")
        self.make("language_model", LanguageModel, self.language_model, "tokens")
        self.make("questions", Questions, lambda path: self.questions(path, pictures, questions))
        self.make("multimodal_model", MultimodalModelArtifact, self.multimodal_model, "language_model")
        self.make(
            "answers",
            Answers,
            lambda path: write_answers(path, pretrained, summarise(pretrained, rendered_scenes())),
            "questions",
        )
        other = summarise(no_pretraining, rendered_scenes())
        self.make(
            "answers_no_pretraining", Answers, lambda path: write_answers(path, no_pretraining, other), "questions"
        )
        self.make(
            "measurements",
            Measurements,
            lambda path: write_measurements(
                path,
                {"linear": make_rows(questions), "word_match": make_rows(questions)[:1]},
                {"alignment": make_shown()},
            ),
            "multimodal_model",
            "questions",
        )
        self.make("bundle", Bundle, self.bundle, "multimodal_model", "answers")
        self.make("rehearsal", Rehearsal, self.rehearsal, "bundle", "answers")

    def make(self, name: str, kind: type[Artifact], write: Callable[[Path], None], *inputs: str) -> None:
        """Makes one artifact of others."""
        of = {source: self.made[source] for source in inputs}
        self.made[name] = produce(kind, self.root / name, Made(), of, lambda draft: write(draft.path))

    def paths(self) -> dict[str, Path]:
        """The artifacts by the names of `build_analyze`."""
        return {name: artifact.path for name, artifact in self.made.items()}

    def corpus(self, path: Path) -> None:
        """Two sources, one of them a proxy and not in the recipe."""
        real = SourceSummary("real", "leads of articles", 123456, 900, 45, 1000, ["CC BY-SA 4.0"], {"wiki": "1.0"})
        proxy = SourceSummary("proxy", "doc <strings>", 65432, 300, 15, 400, ["BSD", "MIT"], {"sympy": "2.0"})
        write_sources(path, {"encyclopedia": real, "academia": proxy})
        (path / ATTRIBUTION).write_text("# Attribution\n\n- wiki 1.0: authors of <wiki> (CC BY-SA 4.0)\n")

    def questions(self, path: Path, pictures: list[tuple[str, bytes]], questions: list[Question]) -> None:
        """The questions and their images."""
        write_questions(path, pictures, questions)
        (path / ATTRIBUTION).write_text("# Attribution\n\n- emoji 3: its designers (CC BY-SA 4.0)\n")

    def tokens(self, path: Path) -> None:
        """A blend of one source."""
        train = {"encyclopedia": TrainShard(1.0, 150000, 855, 1.75)}
        Blend("mix6", 4096, 262144, train, {"encyclopedia": HeldoutShard(9000, 45, 30000)}).write(path / BLEND)

    def language_model(self, path: Path) -> None:
        """A loss curve, perplexities and documents, and three states at smaller budgets, one without any text."""
        self.state(path, 64)
        for budget, steps in ((0, 0), (65_000, 16), (131_000, 32)):
            folder = path / CHECKPOINTS / str(budget)
            folder.mkdir(parents=True)
            self.state(folder, steps)
            Manifest.describe(
                folder, LanguageModel.type, LanguageModel.schema, Provenance("pretrain", "", "", {}, {}, {})
            ).write(folder)

    def state(self, path: Path, steps: int) -> None:
        """The language model after some steps; its loss follows a power law, another one in each document."""
        rows = [
            {"step": i, "tokens": 4096 * i, "loss": 8.3 * 0.98**i + 3, "learning_rate": 3e-3}
            for i in range(1, steps + 1)
        ]
        (path / "training.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        scores = {
            name: {
                "tokens": 9000 + index, "model_nll": 4.5, "bits_per_byte": 1.625, "model_perplexity": 91.25 + index,
                "interval": [88.5, 97.75], "unigram_perplexity": 450.5 + index,
            }
            for index, name in enumerate(["encyclopedia", "academia"])
        }  # fmt: skip
        (path / "perplexity.json").write_text(json.dumps(scores))
        random, tokens = np.random.default_rng(0), np.arange(100, 180)
        exponents = random.normal(0.1, 0.02, 80)
        nats = tokens * (8.3 if not steps else 14 * (4096.0 * steps) ** -exponents)
        sources = [name for name in scores for _ in range(40)]
        columns = {"sources": sources, "documents": [*range(40), *range(40)], "tokens": tokens, "bytes": 4.0 * tokens}
        pq.write_table(pa.table({**columns, "nats": nats}), path / DOCUMENTS)
        share = {"value": 0.5, "low": 0.375, "high": 0.625}
        suite = {"items": 64, "documents": 60, "chance": 0.25, "right": share, "blind": share, "difference": share}
        (path / "choices.json").write_text(json.dumps({"cloze": {**suite, "sources": {}}}))

    def multimodal_model(self, path: Path) -> None:
        """Two phases."""
        write_json(path / CONFIG, {"image_tokens": 16, "inputs": {"grid": [16, 1280]}})
        phases = [
            {"name": "start", "steps": 40, "batch": 32, "train": ["connector"]},
            {"name": "instruct", "steps": 80, "batch": 16, "train": ["connector", "language"]},
        ]
        write_json(
            path / RECIPE, {"name": "laptop", "departures": ["It starts with a contrastive loss."], "phases": phases}
        )
        rows = [
            {"phase": phase["name"], "step": step, "loss": 6 / step + 1, "learning_rate": 1e-3}
            for phase in phases
            for step in range(1, int(str(phase["steps"])) + 1)
        ]
        (path / TRAINING).write_text("".join(json.dumps(row) + "\n" for row in rows))

        documents = read_documents(path.parent / "language_model")
        write_documents(path, dataclasses.replace(documents, nats=documents.nats + 0.25 * documents.tokens))

    def bundle(self, path: Path) -> None:
        """Parity in both served views."""
        view = {"questions": 1440, "logits": 987654, "largest_difference": 2.4e-05, "narrowest_margin": 3.1e-04}
        write_json(path / PARITY, {"tolerance": 1e-3, "same_choice": True, "views": {"visual": view, "blind": view}})

    def rehearsal(self, path: Path) -> None:
        """Fifty questions in both views, and two chats."""
        chat = {"question": "What is <this>?", "answer": "a cat", "right": "a cat"}
        views = {view: {"questions": 50, "agreed": 50, "disagreements": []} for view in ("visual", "blind")}
        chats = [{**chat, "view": "visual"}, {**chat, "view": "blind", "answer": "a dog"}]
        write_rehearsal(path, {"questions": [], "views": views, "chats": chats})


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The artifacts of a made-up run."""
    return Run(tmp_path_factory.mktemp("run"))
