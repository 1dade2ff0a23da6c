"""Making a MultimodalModel: checks of the inputs, then the training that a recipe describes."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.adapt.config import AdaptConfig
from inkling.components.artifacts.conversations import Conversations, Turn
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.interleaved import InterleavedDocument
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.store import Draft, produce

if TYPE_CHECKING:
    from inkling.components.adapt.data import Lesson

MODULE = "inkling.components.adapt.rank"


def build_adapt(
    config: AdaptConfig,
    language_model: str | Path,
    conversations: str | Path,
    features: str | Path,
    output: str | Path,
) -> MultimodalModelArtifact:
    """Builds a multimodal model, or reuses the one that was built of the same inputs.

    Raises:
        ArtifactError: If an input is not what was written.
        ConfigError: If memory, disk or the hours allowed do not suffice; the message names the phase and what to do.
        ValueError: If the features are not those of the conversations' images, or a phase has nothing to train on.
    """
    parts = LanguageModel.open(language_model), Conversations.open(conversations), Features.open(features)
    inputs = dict(zip(("language_model", "conversations", "features"), parts, strict=True))
    return produce(MultimodalModelArtifact, output, config, inputs, lambda draft: _make(config, *parts, draft))


def lesson_of(
    config: AdaptConfig, language_model: LanguageModel, conversations: Conversations, features: Features
) -> "tuple[Lesson, dict[str, dict[str, int]]]":
    """What an adaptation learns from, and how many images and, by tag, instruction turns there were and it leaves out.

    Raises:
        ConfigError: If a picture of a document, with the text behind it, is longer than the language model reads.
        ValueError: If the features are not those of the conversations' images, or more turns are to be left out than
            there are.
    """
    from inkling.components.adapt.data import TEXT_ONLY, Lesson
    from inkling.components.adapt.documents import fitted, phase_documents
    from inkling.components.adapt.drop import dropped, kept_images

    images = list(conversations.images())
    views = {name: features.view("conversations", name) for name in config.resolved().connector.views}
    for view in views.values():
        if len(images) != len(view):
            raise ValueError(
                f"{features.path} has features of {len(view)} images, {conversations.path} has {len(images)} images: "
                "they do not belong together"
            )
    counts = {}
    if config.drop.images:
        kept = kept_images(images, config.drop, config.seed)
        counts["images"] = {"were": len(images), "dropped": len(images) - len(kept)}
        images, views = [images[place] for place in kept], {name: view.of(kept) for name, view in views.items()}
    turns: dict[str, list[Turn]] = {image: [] for image in (*images, TEXT_ONLY)}
    for turn in conversations.turns():
        if turn.image_id in turns:
            turns[turn.image_id].append(turn)
    left, by_tag = dropped(turns, config.drop, config.seed)
    recipe, tokenizer, documents = config.resolved(), language_model.tokenizer(), list[InterleavedDocument]()
    if any(phase.reads_documents for phase in recipe.phases):
        positions = recipe.image_positions({name: (view.shape[1], view.shape[2]) for name, view in views.items()})
        context = language_model.spec().max_position_embeddings
        documents = list(fitted(conversations.documents(), tokenizer, positions, context))
    for phase in recipe.phases:
        phase_documents(phase, documents)  # that there are none is said before the first phase trains
    return Lesson(images, views, left, tokenizer, cache(conversations.annotations), documents), counts | by_tag


def _make(
    config: AdaptConfig, language_model: LanguageModel, conversations: Conversations, features: Features, draft: Draft
) -> None:
    import torch

    from inkling.components.adapt.language_kept import losses_after
    from inkling.components.adapt.preflight import check
    from inkling.components.adapt.train import Adapted, train
    from inkling.components.artifacts.multimodal_model import write_multimodal_model
    from inkling.components.shared.launch.train import train_on_ranks
    from inkling.models.multimodal import MultimodalModel

    torch.set_num_threads(config.threads)
    lesson, counts = lesson_of(config, language_model, conversations, features)
    check(config, language_model.spec(), lesson, draft.scratch)
    if config.strategy != "single":
        inputs = {"language_model": language_model, "conversations": conversations, "features": features}
        train_on_ranks(config, MODULE, inputs, draft.scratch)
    begun = None
    if before := _before(config, language_model, conversations, features, draft):
        begun = Adapted(MultimodalModel.load(before.path), before.recipe()["phases"], before.training())
    adapted = train(config.alone(), language_model.network(), lesson, draft.scratch, begun=begun)
    text = {name: asdict(use) for name, use in language_model.shards().items()}
    record = {**config.resolved().model_dump(mode="json"), "phases": adapted.phases, "text": text}
    if not config.drop.nothing:
        record["left_out"] = counts
    kept = losses_after(adapted.model, language_model)
    write_multimodal_model(draft.path, adapted.model, language_model.path, features, record, adapted.rows, kept)


def _before(
    config: AdaptConfig, language_model: LanguageModel, conversations: Conversations, features: Features, draft: Draft
) -> MultimodalModelArtifact | None:
    """The model after the phase `keep_after`, made or found in the store; None where each run trains all phases.

    Raises:
        ConfigError: If an objective of a phase up to there has a head, which is not stored.
    """
    if config.keep_after is None or config.strategy != "single":
        return None
    from inkling.components.adapt.objectives.contract import Objective

    shorter = config.until(config.keep_after)
    for phase in shorter.recipe.phases:
        for spec in phase.active:
            if spec.load_target().head is not Objective.head:
                raise ConfigError(
                    f"phase '{phase.name}' trains the head of {spec.type}, which is not stored with a model: let "
                    "adapt.keep_after name an earlier phase, or leave it out"
                )
    inputs = language_model.path, conversations.path, features.path
    return build_adapt(shorter, *inputs, draft.scratch / "before" / "multimodal_model")
