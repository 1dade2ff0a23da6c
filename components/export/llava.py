"""A vision transformer with LLaVA's projector, written as transformers' own `LlavaForConditionalGeneration`.

The folder loads without any code of ours, with its processor: what serves LLaVA serves it.
"""

from pathlib import Path

import torch
from torch import Tensor
from transformers import (
    CLIPImageProcessorPil,
    GenerationConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from inkling.models.connectors.llava import LlavaConnector
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.prompt import prompt_text
from inkling.models.sequence.special_tokens import BOS, BOS_ID, EOS, EOS_ID, IMAGE_TAG, PAD, PAD_ID
from inkling.models.vision.contract import Encoder
from inkling.models.vision.preprocess import Preprocessing

_TOLERANCE = 1e-3
_LAST, _LAYERS = "patches", "layers."
_ASKED = "{question}"
_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message.role == 'user' %}"
    "{% if message.content is string %}{% set parts = [{'type': 'text', 'text': message.content}] %}"
    "{% else %}{% set parts = message.content %}{% endif %}"
    "{% for part in parts %}{% if part.type == 'image' %}<image>{% endif %}{% endfor %}"
    "BEFORE{% for part in parts %}{% if part.type == 'text' %}{{ part.text | trim }}{% endif %}{% endfor %}AFTER"
    "{% elif message.role == 'assistant' %} {{ message.content | trim }}{{ eos_token }}{% endif %}{% endfor %}"
)
"""A request with an image or without, in the words of `prompt_text`, which stand in place of BEFORE and AFTER."""


def refuse(model: MultimodalModel) -> str | None:
    """Why transformers' LLaVA cannot hold a model; None if it can."""
    if not isinstance(model.connector, LlavaConnector):
        return f"its connector is '{model.connector.spec.type}', not 'llava'"
    if model.fusion.spec.type != "prefix":
        return f"its fusion is '{model.fusion.spec.type}', not 'prefix'"
    if not isinstance(model.encoder, Encoder) or model.encoder.tower is None:
        return "its encoder is no vision transformer of transformers"
    (view,) = model.connector.inputs
    if _layer(view) is None:
        return f"its connector reads the view '{view}', not patches after a block, such as 'layers.-2'"
    if view == _LAST and not model.encoder.tower.config.model_type.startswith("clip"):
        return f"its connector reads '{_LAST}' behind the encoder's last norm, LLaVA before: read 'layers.-2'"
    return None


def write_llava(model: MultimodalModel, pixels: Preprocessing, tokenizer: Path, directory: Path) -> float:
    """Writes a model as LLaVA with its processor, and compares the two on a picture of noise.

    Args:
        model: A model that `refuse` does not refuse, in evaluation mode.
        pixels: How an image becomes the pixels of its encoder.
        tokenizer: Its `tokenizer.json`.
        directory: Where the folder is made.

    Returns:
        The largest difference of a logit between both.

    Raises:
        ValueError: If they differ by more than a thousandth.
    """
    theirs = _network(model)
    processor = _processor(pixels, tokenizer, theirs.config)
    difference = _difference(model, theirs, pixels)
    if difference > _TOLERANCE:
        raise ValueError(
            f"written as LlavaForConditionalGeneration the model's logits differ by {difference:.2g}: it runs "
            f"the encoder '{theirs.config.vision_config.model_type}' otherwise there; set export.llava to false"
        )
    theirs.save_pretrained(directory)
    processor.save_pretrained(directory)
    return difference


@torch.no_grad()
def _network(model: MultimodalModel) -> LlavaForConditionalGeneration:
    """The network in transformers' LLaVA; its vocabulary has one entry more, for the places of the image."""
    assert isinstance(model.connector, LlavaConnector)
    assert isinstance(model.encoder, Encoder)
    tower, language = model.encoder.tower, model.language
    vocabulary = language.config.vocab_size
    config = LlavaConfig(
        vision_config=tower.config.to_dict(),
        text_config={**language.config.to_dict(), "vocab_size": vocabulary + 1},
        image_token_index=vocabulary,
        image_seq_length=model.connector.image_tokens,
        vision_feature_layer=_layer(next(iter(model.connector.inputs))),
        vision_feature_select_strategy="default" if model.encoder.class_token else "full",
        tie_word_embeddings=language.config.tie_word_embeddings,
    )
    theirs = LlavaForConditionalGeneration(config).eval()
    theirs.model.vision_tower.load_state_dict(tower.state_dict())
    theirs.model.multi_modal_projector.load_state_dict(model.connector.folded())
    # The image's entry is never a target: it takes the row of padding, which no answer is either.
    grown = {name: _grown(name, weight, vocabulary) for name, weight in language.model.state_dict().items()}
    theirs.model.language_model.load_state_dict(grown)
    theirs.lm_head.weight.copy_(_grown("weight", language.lm_head.weight, vocabulary))
    theirs.generation_config = GenerationConfig(bos_token_id=BOS_ID, eos_token_id=EOS_ID, pad_token_id=PAD_ID)
    return theirs


def _layer(view: str) -> int | None:
    """The block, counted from the end, whose patches a view holds as LLaVA takes them; None for another view."""
    if view == _LAST:
        return -1
    number = view.removeprefix(_LAYERS)
    return int(number) if view.startswith(_LAYERS) and number.lstrip("-").isdecimal() else None


def _grown(name: str, weight: Tensor, vocabulary: int) -> Tensor:
    """A weight of the vocabulary, (vocabulary, hidden_size), with a row more; any other as it is."""
    if name.endswith("weight") and weight.ndim == 2 and len(weight) == vocabulary:
        return torch.cat([weight, weight[PAD_ID : PAD_ID + 1]])
    return weight


def _processor(pixels: Preprocessing, tokenizer: Path, config: LlavaConfig) -> LlavaProcessor:
    """Images and text to the network's inputs, in the words that it was trained with."""
    text = PreTrainedTokenizerFast(
        tokenizer_file=str(tokenizer), bos_token=BOS, eos_token=EOS, pad_token=PAD,
        additional_special_tokens=[IMAGE_TAG], padding_side="left",
    )  # fmt: skip
    side = {"height": pixels.image_size, "width": pixels.image_size}
    image = CLIPImageProcessorPil(
        size={"shortest_edge": pixels.image_size} if pixels.crop else side,
        do_center_crop=pixels.crop,
        crop_size=side,
        image_mean=[value / 255 for value in _channels(pixels.mean)],
        image_std=[value / 255 for value in _channels(pixels.scale)],
        resample=3,
    )
    before, after = prompt_text(_ASKED).removeprefix(BOS).split(_ASKED)
    return LlavaProcessor(
        image_processor=image,
        tokenizer=text,
        patch_size=config.vision_config.patch_size,
        vision_feature_select_strategy=config.vision_feature_select_strategy,
        num_additional_image_tokens=int(config.vision_feature_select_strategy == "default"),
        image_token=IMAGE_TAG,
        chat_template=_TEMPLATE.replace("BEFORE", before).replace("AFTER", after),
    )


def _channels(value: float | tuple[float, float, float]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,) * 3


@torch.inference_mode()
def _difference(model: MultimodalModel, theirs: LlavaForConditionalGeneration, pixels: Preprocessing) -> float:
    """The largest difference of a logit after an image of noise and a few tokens."""
    assert model.encoder is not None
    random = torch.Generator().manual_seed(0)
    shown = torch.randn(1, 3, pixels.image_size, pixels.image_size, generator=random)
    text = torch.randint(PAD_ID + 1, model.language.config.vocab_size, (1, 6), generator=random)
    text[:, 0] = BOS_ID
    places = torch.full((1, model.connector.image_tokens), theirs.config.image_token_index)
    features = dict(zip(model.connector.inputs, model.encoder(shown), strict=True))
    ours = model.language(inputs_embeds=model.embed(model.remember(features), text)).logits
    ids = torch.cat([text[:, :1], places, text[:, 1:]], dim=1)
    found = theirs(input_ids=ids, pixel_values=shown).logits[..., :-1]
    return float((ours - found).abs().max())
