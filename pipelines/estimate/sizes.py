"""Bytes of each artifact of a run and the device hours of its stages, from its settings.

Sizes follow from the settings where they can: weights are 4 bytes, a token is 2 or 4, an image's features are the views
that are kept. Connector, fusion, encoder and language model say their own weights and image tokens. What depends on the
text and the images was measured on runs of the profiles `tiny` and `laptop` at seed 0.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.passes import TextLengths, trained_tokens
from inkling.components.artifacts.indexed import token_type
from inkling.components.corpus.config import CorpusConfig
from inkling.components.encode.config import EncodeConfig
from inkling.components.mixture.config import MixtureConfig
from inkling.components.mixture.recipe_types import LabelRecipe, PathRecipe
from inkling.components.mixture.recipes import shares
from inkling.components.pretrain.config import PretrainConfig
from inkling.components.pretrain.preflight import plan_of
from inkling.components.scenes.config import TRANSFER_SHARE, ScenesConfig
from inkling.components.shared.launch.resources import estimate
from inkling.models.training.devices import Device

# Measured in the artifacts of the profiles `tiny` and `laptop`, seed 0.
_CORPUS_BYTES_PER_WORD = 1.7
_TOKENS_PER_WORD = 1.5  # 1.67 with a vocabulary of 2,048, 1.45 with 4,096
_TOKENIZER_BYTES_PER_ENTRY = 25
_BYTES_PER_PICTURE = 10_000  # with its turns or questions and its annotations
_CAPTION_TOKENS, _INSTRUCTION_TOKENS, _QUESTION_TOKENS = 26, 54, 18
_DOCUMENT_TOKENS = 30  # of an interleaved document, for each of its pictures: 28.6 in `laptop`
_BYTES_PER_ANSWER, _SUMMARY_BYTES, _REPORT_BYTES, _REHEARSAL_BYTES, _SCORES_BYTES = 25, 141_000, 1.1e6, 8_000, 1e6
# What `scenes` makes of a scene of each family: the suites `scenes` and `transfer`; and `evaluate` of a question.
_PICTURES_PER_SCENE, _QUESTIONS_PER_SCENE = 11 + 2 * TRANSFER_SHARE, 13 + 3 * TRANSFER_SHARE
_VIEWS, _VIEWS_WITH_IMAGE = 3, 2
_NO_DEVICE = Device("none", "cpu", 0.0, (1.0, 1.0), 1.0)


def artifact_bytes(profile: Mapping[str, Any]) -> dict[str, float]:
    """Bytes of each artifact of a run, by its name; what takes little, labels and runs' right answers, is left out."""
    corpus, mixture, scenes = CorpusConfig.parse(profile), MixtureConfig.parse(profile), ScenesConfig.parse(profile)
    pretrain, adaptation = PretrainConfig.parse(profile), AdaptConfig.parse(profile).resolved()
    encode = EncodeConfig.parse(profile)
    views, encoder = encode.encoder.all_views, 4.0 * encode.encoder.num_params()
    kept = sum(tokens * channels for tokens, channels in (views[name] for name in encode.views))
    pictures, questions = (
        per * (scenes.validation + scenes.test) for per in (_PICTURES_PER_SCENE, _QUESTIONS_PER_SCENE)
    )
    tokenizer = _TOKENIZER_BYTES_PER_ENTRY * mixture.vocabulary
    plan = plan_of(pretrain, mixture.vocabulary, _NO_DEVICE)
    parameters, width = plan.parameters, plan.language.hidden_size
    statistics = 2 * sum(views[name][1] for name in adaptation.connector.views)  # mean and deviation of each channel
    connector = 4 * (adaptation.connector.num_params(views, width) + statistics)
    fusion = 4 * adaptation.fusion.num_params(plan.language)
    embedding = 4 * mixture.vocabulary * width
    words = corpus.words_per_source * len(corpus.sources)
    recipe = mixture.recipe
    sources = len(corpus.sources) if isinstance(recipe, LabelRecipe | PathRecipe) else len(shares(recipe))
    read_words = corpus.words_per_source * (sources + corpus.heldout * (len(corpus.sources) - sources))
    answers = _SUMMARY_BYTES + _BYTES_PER_ANSWER * _VIEWS * questions
    return {
        "corpus": _CORPUS_BYTES_PER_WORD * words,
        "tokens": _TOKENS_PER_WORD * read_words * token_type(mixture.vocabulary).itemsize + tokenizer,
        "conversations": float(_BYTES_PER_PICTURE * scenes.taught),
        "questions": float(_BYTES_PER_PICTURE * pictures),
        "features": (4.0 if encode.precision == "fp32" else 2.0) * (scenes.taught + pictures) * kept + encoder,
        "language_model": (1 + len(pretrain.exports)) * (4.0 * parameters + tokenizer),
        "multimodal_model": 4.0 * parameters + tokenizer + connector + fusion,
        "answers": float(answers),
        "bundle": 4.0 * parameters + embedding + connector + fusion + encoder + tokenizer + _SUMMARY_BYTES,
        "rehearsal": float(_REHEARSAL_BYTES),
        "findings": _REPORT_BYTES,
        "scores": _SCORES_BYTES,
    }


def device_hours(profile: Mapping[str, Any], kind: Device, no_pretraining: bool) -> dict[str, float]:
    """Hours of a device that the stages of one run take, from the operations of the language model.

    A forward pass without a backward pass takes a third of both; what objectives read beside the turns is counted. The
    encoder's work is that of `encode`.

    Args:
        profile: The checked settings.
        kind: The kind of device.
        no_pretraining: Whether the run is of the no-pretraining baseline.
    """
    config, scenes = PretrainConfig.parse(profile), ScenesConfig.parse(profile)
    plan = plan_of(config, MixtureConfig.parse(profile).vocabulary, kind)
    evaluated = (
        _QUESTIONS_PER_SCENE
        * (scenes.validation + scenes.test)
        * (_VIEWS * _QUESTION_TOKENS + _VIEWS_WITH_IMAGE * _image_positions(profile))
    )
    return {
        "pretrain": 0.0 if no_pretraining else estimate(plan, kind).device_hours,
        "adapt": estimate(replace(plan, tokens=round(adapted_tokens(profile))), kind).device_hours,
        "evaluate": estimate(replace(plan, tokens=round(evaluated)), kind).device_hours / 3,
    }


def adapted_tokens(profile: Mapping[str, Any], until: str | None = None) -> float:
    """Tokens that the language model is trained on in a run's adaptation, as `trained_tokens` counts.

    Args:
        profile: The checked settings.
        until: The last phase that is counted; all are if None.
    """
    scenes, image = ScenesConfig.parse(profile), _image_positions(profile)
    per_turn = {
        "caption": _CAPTION_TOKENS,
        "instruct": _INSTRUCTION_TOKENS / (1 - scenes.text_only),
        "interleaved": _DOCUMENT_TOKENS,
    }
    total = 0.0
    for phase in AdaptConfig.parse(profile).resolved().phases:
        turns = sum(per_turn[kind] for kind in phase.data)
        lengths = TextLengths(turns, _QUESTION_TOKENS, _CAPTION_TOKENS)
        total += scenes.taught * trained_tokens(phase.active, lengths, image, phase.epochs, phase.blind)
        if phase.name == until:
            break
    return total


def _image_positions(profile: Mapping[str, Any]) -> int:
    """Positions of the sequence that an image takes."""
    adaptation, views = AdaptConfig.parse(profile).resolved(), EncodeConfig.parse(profile).encoder.all_views
    return adaptation.fusion.positions(adaptation.connector.image_tokens(views))
