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

    Args:
        config: The stage's configuration.
        language_model: Where the LanguageModel artifact lies.
        conversations: Where the Conversations artifact lies.
        features: Where the Features artifact lies.
        output: Where the MultimodalModel artifact shall lie.

    Raises:
        ArtifactError: If an input is not what was written.
        ValueError: If the features are not those of the conversations' images, or a stage has nothing to train on.
    """
    language, talk, grids = (
        LanguageModel.open(language_model),
        Conversations.open(conversations),
        Features.open(features),
    )
    inputs = {"language_model": language, "conversations": talk, "features": grids}
    return produce(
        MultimodalModelArtifact, output, config, inputs, lambda draft: _make(config, language, talk, grids, draft)
    )


def _make(
    config: AdaptConfig, language_model: LanguageModel, conversations: Conversations, features: Features, draft: Draft
) -> None:
    import torch

    from inkling.components.adapt.recipes import find_recipe
    from inkling.components.adapt.train import Lesson, train
    from inkling.components.artifacts.multimodal_model import write_multimodal_model

    torch.set_num_threads(config.threads)
    images, grid = list(conversations.images()), features.view("conversations")
    if len(images) != len(grid):
        raise ValueError(
            f"{features.path} has features of {len(grid)} images, {conversations.path} has {len(images)} images: "
            "they do not belong together"
        )
    turns: dict[str, list[Turn]] = {image: [] for image in images}
    for turn in conversations.turns():
        turns[turn.image_id].append(turn)
    lesson = Lesson(images, torch.from_numpy(grid[:]), turns)
    model, account, rows = train(config, language_model.network(), language_model.tokenizer(), lesson, draft.work)
    recipe = find_recipe(config.recipe)
    told = {"name": config.recipe, "about": recipe.about, "departures": list(recipe.departures), "stages": account}
    write_multimodal_model(draft.path, model, language_model.path, features, told, rows)
