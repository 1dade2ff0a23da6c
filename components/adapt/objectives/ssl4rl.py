"""Self-supervised rewards after SSL4RL: questions about a picture that was changed, whose answers need no label.

Guo et al., 2025, arXiv 2510.16416 (PKU-ML/SSL4RL was read). A picture is turned, two quarters change places, or one
fills it; what was done is asked, answers are drawn, and GRPO rewards the right ones: five draws, weight 0.01 of the
divergence from the phase's start. Ours: features are changed, not pixels, so that what lies in a cell stays upright;
answers are drawn of the four that there are, without reasoning. `learn: answers`, cross-entropy, is the control.

System: SSL4RL
Paper: arXiv 2510.16416
Not reproduced: reasoning before the answer; pictures changed before they are encoded; its task of two views.
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec

Task = Literal["turned", "swapped", "quarter"]


class Ssl4rlSpec(ObjectiveSpec):
    """Rewards for saying what was done to a picture."""

    type: Literal["ssl4rl"] = "ssl4rl"
    target: ClassVar[str] = "inkling.components.adapt.objectives.ssl4rl:Ssl4rl"
    needs: ClassVar[frozenset[str]] = frozenset({"image", "changed", "changed_before"})

    tasks: tuple[Task, ...] = Field(("turned", "swapped", "quarter"), min_length=1, description="what may be done")
    learn: Literal["rewards", "answers"] = Field("rewards", description="from drawn answers, or from the right one")
    draws: int = Field(5, ge=2, description="answers that are drawn to a question")
    divergence: float = Field(0.01, ge=0, description="weight of the divergence from the model as the phase found it")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """What is learned from; once before, the question with its draws."""
        return Pass("question", 2), Pass("question", 2, learns=False, once=True)


from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inkling.components.adapt.batches import Fields, features
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective
from inkling.components.adapt.preference import PackedQuestion, batches_of, log_likelihoods, question_of, views_of
from inkling.components.adapt.rollout import draw, policy_loss
from inkling.models.multimodal import ImageFeatures, MultimodalModel
from inkling.models.regions import side_of
from inkling.models.training.batches import Batch

_QUARTERS = ("first", "second", "third", "fourth")
ASKED: dict[Task, tuple[str, tuple[str, str, str, str]]] = {
    "turned": ("Which way does the top of the picture point?", ("up", "left", "down", "right")),
    "swapped": ("Which quarter has changed places with the first?", _QUARTERS),
    "quarter": ("Which quarter of a picture is this?", _QUARTERS),
}
"""What is asked after each change, and the answers to its four kinds, in their order."""


class Ssl4rl(Objective):
    """The mean over the images of a batch, each of which was changed in one way."""

    reaches_language: ClassVar[bool] = True

    def __init__(self, spec: Ssl4rlSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """`image`: number of each image (images,); `changed`: its task and kind, drawn by that number (images, 2).

        Raises:
            ValueError: If the features are no square grid.
        """
        tasks = self._spec.tasks
        self._orders = {name: orders(tasks, side_of(view.shape[1])) for name, view in lesson.features.items()}
        self._questions = [question_of(lesson, 0, *ASKED[task]) for task in tasks]
        numbers = [crc32(image.encode()) for image in lesson.images]
        changed = [np.random.default_rng(number).integers((len(tasks), 4)) for number in numbers]
        return Fields(images={"image": torch.tensor(numbers), "changed": torch.from_numpy(np.stack(changed))})

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`changed_before`: log-probability of each answer to each image's question (images, 4)."""
        changed, before = self.fields(lesson).images["changed"], torch.zeros(len(lesson.images), 4)
        tasks = changed[:, 0].tolist()
        rows = [PackedQuestion(row, self._questions[task].sequence, row) for row, task in enumerate(tasks)]
        model.eval()
        with torch.no_grad():
            for several in batches_of(rows, "answering what was changed"):
                places = [one.row for one in several]
                shown = views_of(lesson, places, model.language.device)
                before[places] = self._log_probabilities(model, shown, changed[places]).float().cpu()
        return Fields(images={"changed_before": before})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean in nats; zero for a batch without images."""
        views = features(batch)
        if views is None:
            return torch.zeros(())
        found, right = self._log_probabilities(model, views, batch["changed"]), batch["changed"][:, 1:]
        if self._spec.learn == "answers":
            return -found.gather(1, right).mean()
        seed = int(torch.randint(2**31, (1,)))
        chosen = draw(found, self._spec.draws, batch["image"].tolist(), seed)
        rewards = (chosen == right).float()
        return policy_loss(found, chosen, rewards, batch["changed_before"], self._spec.divergence).mean()

    def _log_probabilities(self, model: MultimodalModel, views: ImageFeatures, changed: Tensor) -> Tensor:
        """Log-probability of each answer among the four, of images changed in these ways (images, 4)."""
        shown = {}
        for name, view in views.items():
            order = self._orders[name].to(view.device)[changed[:, 0], changed[:, 1]]  # (images, tokens)
            shown[name] = view.gather(1, order[:, :, None].expand_as(view))
        questions = [self._questions[task] for task in changed[:, 0].tolist()]
        return log_likelihoods(model, shown, questions).log_softmax(1)


def orders(tasks: tuple[Task, ...], side: int) -> Tensor:
    """Which token stands in the place of each, for each task and kind, int64 (tasks, 4, side x side)."""
    grid, half = np.arange(side * side).reshape(side, side), side // 2
    found = [[_CHANGES[task](grid, half, kind).ravel() for kind in range(4)] for task in tasks]
    return torch.from_numpy(np.stack(found))


def _turned(grid: NDArray[np.int64], _: int, kind: int) -> NDArray[np.int64]:
    return np.rot90(grid, kind).copy()  # to the left


def _swapped(grid: NDArray[np.int64], half: int, kind: int) -> NDArray[np.int64]:
    down, across = divmod(kind, 2)
    starts, found = (one * (len(grid) - half) for one in (down, across)), grid.copy()
    other = tuple(slice(start, start + half) for start in starts)
    found[:half, :half], found[other] = grid[other], grid[:half, :half]
    return found


def _quarter(grid: NDArray[np.int64], half: int, kind: int) -> NDArray[np.int64]:
    down, across = (one * (len(grid) - half) for one in divmod(kind, 2))
    places = np.arange(len(grid)) * half // len(grid)
    return grid[down + places][:, across + places]


_CHANGES = {"turned": _turned, "swapped": _swapped, "quarter": _quarter}
