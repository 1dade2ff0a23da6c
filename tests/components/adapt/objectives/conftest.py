"""What the tests of objectives share: a model whose connector hands its features through, and objectives that learn."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from inkling.components.adapt.batches import Fields
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson, phase_batches
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.train import add_heads, new_model
from inkling.models.connectors import CONNECTORS
from inkling.models.connectors.contract import Connector
from inkling.models.fusion import FUSIONS
from inkling.models.language import spec_of
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedSequence, TokenSegment, collate

HIDDEN_SIZE, IMAGE_TOKENS = 16, 2


class Through(Connector):
    """Image tokens are the image features."""

    def contents(self, *views: Tensor) -> Tensor:
        return views[0]


@pytest.fixture
def model(language: Callable[[], LlamaForCausalLM]) -> MultimodalModel:
    """A model whose image tokens are the features, at positions that add nothing."""
    network = language()
    connector = Through(CONNECTORS.read("mlp"), {"grid": (IMAGE_TOKENS, HIDDEN_SIZE)}, HIDDEN_SIZE)
    return MultimodalModel(network, connector, FUSIONS.read("prefix").build(spec_of(network)))


@pytest.fixture
def batch_of() -> Callable[..., dict[str, Tensor]]:
    """Makes batches: a sequence with an answer for each image, and its features unless there are none."""

    def make(grid: Tensor | None, count: int = 1, **fields: Tensor) -> dict[str, Tensor]:
        count = count if grid is None else len(grid)
        sequence = PackedSequence([TokenSegment([0, 9]), TokenSegment([11, 1], parent=0, scored=True)])
        turns = vars(collate([sequence] * count, 0 if grid is None else IMAGE_TOKENS))
        return {**turns, **fields} if grid is None else {**turns, **fields, "features.grid": grid}

    return make


@pytest.fixture
def embeddings(model: MultimodalModel) -> Tensor:
    """The model's input embeddings (vocabulary, hidden_size)."""
    return model.language.get_input_embeddings().weight.detach()


@pytest.fixture
def noise() -> Callable[..., Tensor]:
    """Draws numbers from a normal distribution, the same ones for the same shape."""
    return lambda *shape: torch.randn(*shape, generator=torch.Generator().manual_seed(0))


RECIPE = AdaptConfig.parse({"adapt": {"connector": {"type": "mlp", "intermediate_size": 16}}}).resolved()


class Ready:
    """An objective with all that it needs to learn from a lesson: a model with its head, and batches with images.

    Attributes:
        lesson, model, objective: As a phase has them.
        fields: Those of the objective.
    """

    def __init__(self, lesson: Lesson, language: LlamaForCausalLM, stated: dict[str, object], batch: int) -> None:
        spec = OBJECTIVES.read(stated)
        settings = {"objectives": (spec,), "batch": batch, "blind": 0.0}
        phase = RECIPE.phases[2].model_copy(update=settings)
        self.lesson, self.objective = lesson, spec.build()
        asked = self.objective.fields(lesson)
        self.model = new_model(RECIPE, language, lesson.features, seed=0)
        add_heads(self.model, RECIPE.model_copy(update={"phases": (phase,)}), [[self.objective]], lesson, seed=0)
        self.fields = Fields.merged([asked, self.objective.prepare(self.model, lesson)])
        self.batches = phase_batches(phase, lesson, self.fields, self.model.image_positions, [0])

    @property
    def head(self) -> nn.Module:
        """The head of the objective."""
        return self.model.get_submodule(f"heads.{self.objective._spec.type}")

    @property
    def grid(self) -> Tensor:
        """The features of all images (images, tokens, channels)."""
        return torch.from_numpy(self.lesson.features["grid"])

    def loss(self, step: int = 0) -> Tensor:
        """The loss of a step's batch."""
        return self.objective.loss(self.model, self.batches.batch(step))

    def learn(self, steps: int, rate: float) -> list[float]:
        """Trains everything for some steps; returns the losses."""
        optimiser, losses = torch.optim.Adam(self.model.requires_grad_(True).parameters(), lr=rate), []
        for step in range(steps):
            optimiser.zero_grad()
            loss = self.loss(step)
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        return losses


@pytest.fixture
def ready(lesson: Lesson, language: Callable[[], LlamaForCausalLM]) -> Callable[..., Ready]:
    """Makes an objective of a name ready to learn, from the lesson or from another one."""

    def make(name: str, other: Lesson | None = None, batch: int = 8, **settings: object) -> Ready:
        return Ready(other or lesson, language(), {"type": name, **settings}, batch)

    return make
