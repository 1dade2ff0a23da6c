"""Questions: pictures and questions about them, with choices or open, the columns of a benchmark in Parquet."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.annotations import ImageAnnotation, read_annotations, write_annotations
from inkling.components.artifacts.images import read_images, write_images
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError

SCENES = "scenes"
"""The suite that the pipeline renders itself."""
QUESTIONS = "questions.parquet"
SizeBucket = Literal["small", "medium", "large", "none"]
_MEDIUM, _LARGE = 0.3, 0.6
"""Shares of the picture's pixels from which an object is not small, and large: those of MLE-Bench (LSBS)."""
Split = Literal["validation", "test"]
_SCHEMA = pa.schema(
    [
        ("question_id", pa.string()),
        ("image_id", pa.string()),
        ("mismatched_image_id", pa.string()),
        ("question", pa.string()),
        ("choices", pa.list_(pa.string())),
        ("answer", pa.string()),
        ("category", pa.string()),
        ("family", pa.string()),
        ("size_bucket", pa.string()),
        ("split", pa.string()),
        ("suite", pa.string()),
        ("cluster", pa.string()),
        ("subtask", pa.string()),
        ("answers", pa.list_(pa.string())),
        ("group", pa.string()),
    ]
)


@dataclass(frozen=True)
class Question:
    """A question with choices, one of which is right, or an open one.

    Attributes:
        question_id: Name of the question.
        image_id: The picture that it asks about.
        mismatched_image_id: Another picture of the same suite, where possible one for which this answer is not right.
        question: What is asked.
        choices: What may be answered, without repeats; empty where the question is open.
        answer: The right choice; of an open question the first accepted answer.
        category: One of the suite's categories.
        family: Kind of question within the category.
        size_bucket: For existence questions, on how much of the picture the object is seen: under 30 %, to 60 %, over.
        split: Choices of settings are made on validation; test is only reported.
        suite: Name of the suite that the question belongs to.
        cluster: What questions that are not independent share, which widens intervals; their image where empty.
        subtask: What distinguishes it within its family, such as its kind of distractor; empty where nothing does.
        answers: Every accepted answer of an open question, with repeats where several humans gave it; else empty.
        group: What questions share that some metrics count as one, such as the passes of CircularEval; empty where
            it stands alone.
    """

    question_id: str
    image_id: str
    mismatched_image_id: str
    question: str
    choices: list[str]
    answer: str
    category: str
    family: str
    size_bucket: SizeBucket
    split: Split
    suite: str = SCENES
    cluster: str = ""
    subtask: str = ""
    answers: list[str] = field(default_factory=list)
    group: str = ""

    def __post_init__(self) -> None:
        """Refuses a question that cannot be scored.

        Raises:
            ValueError: If the answer is no choice, choices repeat, an open question has no accepted answer or one with
                choices has some, or a bucket or split is unknown.
        """
        if not self.choices and (not self.answer or self.answers[:1] != [self.answer]):
            raise ValueError(f"question {self.question_id}: an open one needs accepted answers, the answer first")
        if self.choices and (self.answer not in self.choices or len(set(self.choices)) != len(self.choices)):
            raise ValueError(f"question {self.question_id}: the answer must be one of the choices, each listed once")
        if self.choices and self.answers:
            raise ValueError(f"question {self.question_id}: it has choices, so that its answer says which is right")
        if self.size_bucket not in get_args(SizeBucket) or self.split not in get_args(Split):
            raise ValueError(
                f"question {self.question_id}: unknown bucket {self.size_bucket!r} or split {self.split!r}"
            )

    @property
    def correct(self) -> int:
        """Index of the right choice.

        Raises:
            ValueError: If the question is open.
        """
        return self.choices.index(self.answer)

    @property
    def accepted(self) -> list[str]:
        """The answers that are right: the one choice, or all that an open question accepts."""
        return self.answers or [self.answer]

    @property
    def chance(self) -> float:
        """Accuracy of a guess; 0 of an open question."""
        return 1 / len(self.choices) if self.choices else 0.0


@dataclass(frozen=True)
class Questions(Artifact):
    """Held-out pictures and the questions asked about them."""

    type: ClassVar[str] = "Questions"
    schema: ClassVar[int] = 4

    def images(self) -> dict[str, bytes]:
        """JPEG bytes by image_id, in stored order."""
        return read_images(self.path)

    def annotations(self) -> dict[str, ImageAnnotation]:
        """What the pictures show, by image_id; those of a source without annotations have none."""
        return read_annotations(self.path)

    def suites(self) -> dict[str, list[Question]]:
        """The questions by suite, suites and questions in stored order."""
        suites: dict[str, list[Question]] = {}
        for question in self.questions():
            suites.setdefault(question.suite, []).append(question)
        return suites

    def questions(self, split: Split | None = None) -> list[Question]:
        """The questions of a split, or all of them, in stored order.

        Raises:
            ArtifactError: If the file is no table of questions.
        """
        path = self.path / QUESTIONS
        try:
            table = pq.read_table(path)
            if table.schema != _SCHEMA:
                raise ValueError(f"it has other columns than {_SCHEMA.names}")
            rows = [Question(**row) for row in table.to_pylist()]
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}") from None
        return [row for row in rows if split in (None, row.split)]


def write_questions(
    directory: Path,
    images: Iterable[tuple[str, bytes]],
    questions: Iterable[Question],
    annotations: Iterable[ImageAnnotation] = (),
) -> None:
    """Writes the files of the artifact.

    Args:
        directory: Where they go.
        images: image_id and JPEG bytes of each picture.
        questions: What is asked about them.
        annotations: What they show, where it is known.

    Raises:
        ValueError: If a picture comes twice.
    """
    write_images(directory, images)
    write_annotations(directory, annotations)
    table = pa.Table.from_pylist([asdict(question) for question in questions], schema=_SCHEMA)
    pq.write_table(table, directory / QUESTIONS, compression="none")


def size_bucket(share: float) -> SizeBucket:
    """The bucket of an object by the share of its picture's pixels on which it is seen."""
    if share < _MEDIUM:
        return "small"
    return "medium" if share < _LARGE else "large"
