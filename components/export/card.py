"""The model card: what the model is, what it is for, what it was made of, how well it answers, and where it fails."""

import textwrap
from collections.abc import Sequence
from typing import Any

from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.suite import Suite
from inkling.components.shared.report.numbers import with_interval
from inkling.models.multimodal import MultimodalModel
from inkling.models.spec import EncoderSpec


def model_card(
    model: MultimodalModel,
    artifact: MultimodalModelArtifact,
    encoder: EncoderSpec,
    summary: dict[str, Any],
    parity: dict[str, Any],
    pictures: list[str],
    suites: Sequence[Suite],
) -> str:
    """The text of the bundle's `README.md`.

    Args:
        model: The exported network.
        artifact: Where it came from.
        encoder: Its vision encoder.
        summary: The content of `evaluation.json`.
        parity: The content of `parity.json`.
        pictures: Whom the licences of the pictures ask to name.
        suites: The suites that it was asked, with what may be said of a model that answers them.
    """
    sections = [
        _head(model, artifact, encoder),
        _use(suites),
        _data(artifact, pictures),
        _scores(summary),
        _parity(parity),
        _limits(model, encoder, suites),
    ]
    return "\n\n".join(sections) + "\n"


def _head(model: MultimodalModel, artifact: MultimodalModelArtifact, encoder: EncoderSpec) -> str:
    language = model.language.config
    recipe = artifact.recipe()
    sizes = [_parameters(part) for part in (model.language, model.connector, model.encoder)]
    shape = f"{language.num_hidden_layers} layers, hidden size {language.hidden_size}"
    views = ", ".join(f"`{view}`" for view in model.connector.inputs)
    connector = f"`{model.connector.spec.type}`, {model.connector.image_tokens} image tokens from the views {views}"
    departures = "\n".join(f"- {departure}" for departure in recipe["departures"]) or "- none"
    return f"""---
library_name: onnx
pipeline_tag: image-text-to-text
language: en
tags: [inkling, visual-priors]
---

# Inkling: a small language model that was taught to see

| part | what | parameters |
| --- | --- | --- |
| language model | Llama, {shape}, vocabulary of {language.vocab_size:,} | {sizes[0]} |
| connector | {connector} | {sizes[1]} |
| fusion | `{model.fusion.spec.type}` | {_parameters(model.fusion)} |
| vision encoder, frozen | `{encoder.type}` | {sizes[2]} |

Adapted by the recipe `{recipe["name"]}`, whose departures from the paper that it follows are:

{departures}

Content digest of the model that was exported: `{artifact.digest}`."""


def _use(suites: Sequence[Suite]) -> str:
    use = [
        "Research on visual priors: what a language model trained on a known mixture of text already knows of the "
        "visible world.",
        *(suite.report.use for suite in suites if suite.report.use),
        "It is no assistant; it knows no facts to rely on, and nothing about people should be decided with it.",
    ]
    return f"""## Intended use

{_wrapped(" ".join(use))}

`vision.onnx` maps prepared pixels to decoder inputs, `embedding.onnx` token ids, `decoder.onnx` maps these, with a
key-value cache, to logits. The prompt is `<|bos|>`, then the image tokens (if any), then `Question: {{question}}
Answer:`; a choice scores the sum of the log-probabilities of ` {{choice}}<|eos|>`. `inkling serve` does all of this."""


def _data(artifact: MultimodalModelArtifact, pictures: list[str]) -> str:
    inputs = "\n".join(f"- {name}: `{digest}`" for name, digest in sorted(artifact.manifest.provenance.inputs.items()))
    credits = "\n".join(f"- {entry}" for entry in pictures)
    return f"""## Data and licences

Digests of what it was adapted from:

{inputs}

Some licences of the text, the pictures and the encoder ask for attribution or for the same licence: heed them before
you pass the weights on. Those of the text stand in the Corpus artifact's `ATTRIBUTION.md`. The pictures were made from:

{credits}"""


_SCORES = """## Scores

Share of right answers on the test split, 95 % intervals clustered by image. *Blind* gives no image, *mismatched*
another one, *blank*, where it was asked for, a plain grey one: only what *visual* has beyond all of them was seen."""


def _scores(summary: dict[str, Any]) -> str:
    return "\n\n".join([_SCORES, *map(_suite_scores, summary["suites"].values())])


def _suite_scores(suite: dict[str, Any]) -> str:
    views = list(suite["splits"]["test"]["mean"]["views"])
    lines = [f"| {' | '.join(_row(name, group))} |" for name, group in _groups(suite)]
    return f"""### {suite["title"]}, version {suite["version"]}

| questions | number | chance | {" | ".join(views)} |
| --- | --- | --- |{" --- |" * len(views)}
{chr(10).join(lines)}"""


def _groups(suite: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    split = suite["splits"]["test"]
    return [
        (f"**{suite['headline']['label']}**", split["mean"]),
        *split["categories"].items(),
        *((f"family: {name}", group) for name, group in split["families"].items()),
    ]


def _row(name: str, group: dict[str, Any]) -> list[str]:
    cells = [with_interval(share, ".1%", 1) for share in group["views"].values()]
    return [name, f"{group['questions']:,}", f"{group['chance']:.1%}", *cells]


def _parity(parity: dict[str, Any]) -> str:
    lines = "\n".join(
        f"- {view}: {found['questions']:,} questions, {found['logits']:,} logits, largest difference "
        f"{found['largest_difference']:.1e}, same choice on all"
        for view, found in parity["views"].items()
    )
    return f"## ONNX against torch\n\n{lines}"


def _limits(model: MultimodalModel, encoder: EncoderSpec, suites: Sequence[Suite]) -> str:
    shown = "".join(f"- {limit}\n" for limit in dict.fromkeys(one for suite in suites for one in suite.report.limits))
    context = model.language.config.max_position_embeddings
    size = encoder.preprocessing_of(list(model.connector.inputs)).image_size
    return f"""## Limits

- It reads {context} tokens at most, the {model.image_positions} of the image included.
- It was trained on single questions, not on conversations.
- Images are resized to {size} x {size} pixels; small things and small writing are lost.
- Of images unlike those that it was adapted on it answers too, mostly wrongly.
{shown}- It has no notion of not knowing, and no safeguards: text that it was trained on can come out again."""


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120)


def _parameters(module: Any) -> str:
    return f"{sum(parameter.numel() for parameter in module.parameters()):,}"
