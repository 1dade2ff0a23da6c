"""Running a recipe: phase after phase, each with its data, its objectives and its trainable set."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from inkling.components.adapt.adapters import AdapterSpec
from inkling.components.adapt.adapters.contract import Adapter
from inkling.components.adapt.batches import Fields, View
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson, phase_batches
from inkling.components.adapt.objectives.contract import HEADS, Objective
from inkling.components.adapt.recipe import AdaptationRecipe, Phase
from inkling.components.adapt.start import start_language
from inkling.components.adapt.trainable import TrainableError, assert_trainable, frozen_digest, set_trainable
from inkling.components.artifacts.multimodal_model import TrainingRow
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import Progress, note
from inkling.models.language import spec_of
from inkling.models.multimodal import MultimodalModel
from inkling.models.spec import ObjectiveSpec
from inkling.models.training.batches import Batch
from inkling.models.training.fit import fit
from inkling.models.training.job import CheckpointMirror, Execution, Loss, Optimization

FINAL_RATIO = 0.01
_ADAPTER = "adapter"  # what the part is called, in a recipe and in the model that trains


@dataclass(frozen=True)
class Adapted:
    """What an adaptation leaves.

    Attributes:
        model: The adapted model, in evaluation mode.
        phases: Each phase as the recipe states it, with its `steps`, and the `parameters` (their number) and
            `trainable` (their names) that trained.
        rows: The training log.
    """

    model: MultimodalModel
    phases: list[dict[str, Any]]
    rows: list[TrainingRow]


class Taught(nn.Module):
    """A model with the loss of a phase as its forward pass, so that ranks that share it gather what the loss reads."""

    def __init__(self, model: MultimodalModel, loss: Loss) -> None:
        """Takes the model, and what it is trained for."""
        super().__init__()
        self.model, self._loss = model, loss

    @property
    def trunk(self) -> nn.Module:
        """The part whose blocks ranks may gather one by one."""
        return self.model.language

    def forward(self, batch: Batch) -> Tensor:
        """The loss of a batch, or of a part of one."""
        with adapted(self.model):
            return self._loss(self.model, batch)


def adapted(model: MultimodalModel) -> AbstractContextManager[None]:
    """Lets a model run with its adapter, where it has one, for as long as the context lasts."""
    adapter = getattr(model, _ADAPTER, None)
    return adapter.attached(model.language) if adapter else nullcontext()


def train(
    config: AdaptConfig,
    language: LlamaForCausalLM,
    lesson: Lesson,
    work: Path,
    mirror: CheckpointMirror | None = None,
    begun: Adapted | None = None,
) -> Adapted:
    """Adapts a language model, alone or as one rank of several.

    Args:
        config: The stage's configuration.
        language: The language model; trained in place.
        lesson: What to learn from.
        work: Directory that outlives a kill.
        mirror: Its copy in object storage, where it does not.
        begun: What the first phases have left already, to go on from; without heads or adapter.

    Raises:
        ConfigError: If a phase trains a part that has no parameters.
        ValueError: If no image has turns of the kinds of a phase, or what an objective needs.
        TrainableError: If a parameter trained that must not, or the reverse.
    """
    recipe = config.resolved()
    with _reproducible():
        if not begun and (changed := start_language(language, recipe.language_start, config.seed)):
            note(f"the language model does not start as it was trained: {changed}")
        model = begun.model if begun else new_model(recipe, language, lesson.features, config.seed)
        adapter = None if recipe.adapter is None else _adapter(recipe.adapter, language, config.seed)
        if adapter is not None:
            model.add_module(_ADAPTER, adapter)
        taught = [_objectives(phase, lesson) for phase in recipe.phases]  # what lacks data is refused before training
        add_heads(model, recipe, [one for one, _ in taught], lesson, config.seed)
        phases, rows = ([*begun.phases], [*begun.rows]) if begun else ([], [])
        for index, (phase, (objectives, fields)) in enumerate(zip(recipe.phases, taught, strict=True)):
            if index < len(phases):
                note(f"{phase.name}: as it was trained before")
                continue
            seed = [config.seed, index]
            account, log = _train_phase(model, phase, objectives, fields, lesson, seed, config, work, mirror)
            phases.append(account)
            rows += log
        if hasattr(model, HEADS):
            delattr(model, HEADS)
        if adapter is not None:
            adapter.merge(language)
            delattr(model, _ADAPTER)
    model.requires_grad_(True)
    return Adapted(model.eval(), phases, rows)


def new_model(
    recipe: AdaptationRecipe, language: LlamaForCausalLM, views: Mapping[str, View], seed: int
) -> MultimodalModel:
    """A model with a connector and a fusion of seeded weights; the connector fits the features and the embeddings.

    Args:
        recipe: States both.
        language: The language model.
        views: Training features by view, each (images, tokens, channels).
        seed: Determines the weights; the global random state is left as it was.
    """
    inputs = {name: (view.shape[1], view.shape[2]) for name, view in views.items()}
    embeddings = language.get_input_embeddings().get_parameter("weight").detach()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        connector = recipe.connector.build(inputs, language.config.hidden_size)
        connector.match_embeddings(embeddings)
        fusion = recipe.fusion.build(spec_of(language))
    connector.learn_statistics(
        *(torch.from_numpy(np.asarray(views[name], np.float32)) for name in recipe.connector.views)
    )
    return MultimodalModel(language, connector, fusion)


def _adapter(spec: AdapterSpec, language: LlamaForCausalLM, seed: int) -> Adapter:
    """The adapter of a language model, with seeded weights; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adapter: Adapter = spec.build(language)
        return adapter


def _objectives(phase: Phase, lesson: Lesson) -> tuple[list[Objective], Fields]:
    """What a phase is trained for, and the fields that this needs of the lesson."""
    objectives: list[Objective] = [spec.build() for spec in phase.active]
    return objectives, Fields.merged(objective.fields(lesson) for objective in objectives)


def add_heads(
    model: MultimodalModel,
    recipe: AdaptationRecipe,
    objectives: Sequence[Sequence[Objective]],
    lesson: Lesson,
    seed: int,
) -> None:
    """Gives a model the heads of its objectives, with seeded weights; the global random state is left as it was.

    Args:
        model: What is to train.
        recipe: States the phases.
        objectives: Those of each phase that are active, in the order of the recipe.
        lesson: What it learns from.
        seed: Determines the weights.

    Raises:
        ConfigError: If two phases state an objective with a head differently but for its weight.
    """
    heads, specs = nn.ModuleDict(), dict[str, ObjectiveSpec]()
    for phase, several in zip(recipe.phases, objectives, strict=True):
        for spec, objective in zip(phase.active, several, strict=True):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                head = objective.head(model, lesson)
            if head is None:
                continue
            first = specs.setdefault(spec.type, spec)
            if spec.model_copy(update={"weight": first.weight}) != first:
                raise ConfigError(
                    f"phase '{phase.name}' states '{spec.type}' with other settings than a phase before it, but its "
                    "head is one: let only the weight differ"
                )
            if spec.type not in heads:
                heads[spec.type] = head
    if len(heads):
        model.add_module(HEADS, heads)


def _train_phase(
    model: MultimodalModel,
    phase: Phase,
    objectives: Sequence[Objective],
    fields: Fields,
    lesson: Lesson,
    seed: Sequence[int],
    config: AdaptConfig,
    work: Path,
    mirror: CheckpointMirror | None,
) -> tuple[dict[str, Any], list[TrainingRow]]:
    """Trains one phase; returns its account, as in `Adapted.phases`, and its log."""
    with adapted(model):
        fields = Fields.merged([fields, *(objective.prepare(model, lesson) for objective in objectives)])
    heads = [f"{HEADS}.{spec.type}" for spec in phase.active if spec.type in getattr(model, HEADS, ())]
    alone = model.connector.spec.reads_question
    batches = phase_batches(phase, lesson, fields, model.image_positions, seed, alone)
    steps = round(phase.epochs * batches.per_epoch)
    names = set_trainable(model, [*phase.train, *heads])
    assert_trainable(model, [*phase.train, *heads])
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    own = {part: f"{part} (at {rate:g})" for part, rate in phase.learning_rates.items()}
    parts = " and ".join(own.get(part, part) for part in (*phase.train, *heads))
    text = f", {batches.text_only:,} text-only sequences" if batches.text_only else ""
    note(f"{phase.name}: {parts} train ({len(names)} tensors, {trained:,} parameters), {steps} steps{text}")
    before = frozen_digest(model, heads)
    sharded = config.strategy == "fsdp2"
    taught = Taught(
        copy.deepcopy(model) if sharded else model, weighted([one.weight for one in phase.active], objectives)
    )
    fitted = fit(
        taught,
        lambda network, batch: network(batch),
        batches,
        optimization(phase, steps),
        work / phase.name,
        seed=seed[0],
        checkpoint_every=config.checkpoint_every,
        progress=lambda done: Progress(phase.name, total=steps, unit="steps", done=done),
        execution=Execution(config.strategy, config.accumulate(phase), config.precision, compile=False, sparse=True),
        mirror=mirror,
    )
    if sharded:
        from inkling.models.training.sharding import gathered

        shapes = model.state_dict()
        model.load_state_dict({name: one.reshape(shapes[name].shape) for name, one in gathered(taught.model).items()})
    if frozen_digest(model, heads) != before:
        raise TrainableError(f"phase '{phase.name}' changed parameters that it froze")
    account = {**phase.model_dump(mode="json"), "steps": steps, "parameters": trained, "trainable": names}
    if batches.text_only:
        account["text_only_sequences"] = batches.text_only
    return account, [TrainingRow(phase.name, row.step, row.loss, row.learning_rate) for row in fitted.rows]


def weighted(weights: Sequence[float], objectives: Sequence[Objective]) -> Loss:
    """The weighted sum of objectives, in their order, as the loss of a training run."""

    def loss(model: torch.nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, MultimodalModel)
        total = torch.zeros(())
        for weight, objective in zip(weights, objectives, strict=True):
            total = total + weight * objective.loss(model, batch)
        return total

    return loss


def optimization(phase: Phase, steps: int) -> Optimization:
    """How a phase is optimised."""
    return Optimization(
        steps=steps,
        learning_rate=phase.learning_rate,
        warmup_steps=min(round(phase.warmup * steps), max(steps - 1, 0)),
        final_ratio=FINAL_RATIO,
        weight_decay=phase.weight_decay,
        rates={f"model.{part}": rate / phase.learning_rate for part, rate in phase.learning_rates.items()},
    )


@contextmanager
def _reproducible() -> Iterator[None]:
    """Sums gradients in one order, whatever threads or a GPU do; fresh memory needs no filling for that."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it; read when a GPU is first used
    filling: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), filling.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    filling.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        filling.fill_uninitialized_memory = before[1]
