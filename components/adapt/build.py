"""Making a MultimodalModel: checks of the inputs, then the training that a recipe describes."""

from pathlib import Path

from inkling.components.adapt.config import AdaptConfig
from inkling.components.artifacts.conversations import Conversations, Turn
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.shared.store.store import Draft, produce


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
        ValueError: If the features are not those of the conversations' images, or a phase has nothing to train on.
    """
    language, talk, seen = (
        LanguageModel.open(language_model),
        Conversations.open(conversations),
        Features.open(features),
    )
    inputs = {"language_model": language, "conversations": talk, "features": seen}
    return produce(
        MultimodalModelArtifact, output, config, inputs, lambda draft: _make(config, language, talk, seen, draft)
    )


def _make(
    config: AdaptConfig, language_model: LanguageModel, conversations: Conversations, features: Features, draft: Draft
) -> None:
    import torch

    from inkling.components.adapt.data import TEXT_ONLY, Lesson
    from inkling.components.adapt.drop import dropped
    from inkling.components.adapt.train import train
    from inkling.components.artifacts.multimodal_model import write_multimodal_model

    torch.set_num_threads(config.threads)
    recipe, images = config.resolved(), list(conversations.images())
    views = {name: features.view("conversations", name) for name in recipe.connector.views}
    for view in views.values():
        if len(images) != len(view):
            raise ValueError(
                f"{features.path} has features of {len(view)} images, {conversations.path} has {len(images)} images: "
                "they do not belong together"
            )
    turns: dict[str, list[Turn]] = {image: [] for image in (*images, TEXT_ONLY)}
    for turn in conversations.turns():
        turns[turn.image_id].append(turn)
    turns, counts = dropped(turns, config.drop, config.seed)
    lesson = Lesson(images, views, turns, language_model.tokenizer())
    adapted = train(config, language_model.network(), lesson, draft.scratch)
    record = {**recipe.model_dump(mode="json"), "phases": adapted.phases}
    if not config.drop.nothing:
        record["instruction_turns"] = counts
    write_multimodal_model(draft.path, adapted.model, language_model.path, features, record, adapted.rows)
