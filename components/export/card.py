"""The model card: what the model is, what it is for, what it was made of, how well it answers, and where it fails."""

import textwrap
from collections.abc import Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
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
    rounded: dict[str, Any] | None,
    pictures: list[str],
    suites: Sequence[Suite],
    answers: Sequence[Answer],
) -> str:
    """The text of the bundle's `README.md`.

    Args:
        model: The exported network.
        artifact: Where it came from.
        encoder: Its vision encoder.
        summary: The content of `evaluation.json`.
        parity: The content of `parity.json`.
        rounded: The content of `int8.json`; None where weights are float32.
        pictures: Whom the licences of the pictures ask to name.
        suites: The suites that it was asked, with what may be said of a model that answers them.
        answers: Its answers to the test questions.
    """
    sections = [
        _head(model, artifact, encoder),
        _use(suites),
        _data(artifact, pictures),
        _recipe(artifact.recipe()),
        _scores(summary),
        _blind(summary, answers),
        _parity(parity),
        *([_int8(rounded)] if rounded else []),
        _limits(model, encoder, suites),
    ]
    return "\n\n".join(sections) + "\n"


def _head(model: MultimodalModel, artifact: MultimodalModelArtifact, encoder: EncoderSpec) -> str:
    language = model.language.config
    sizes = [_parameters(part) for part in (model.language, model.connector, model.encoder)]
    shape = f"{language.num_hidden_layers} layers, hidden size {language.hidden_size}"
    views = ", ".join(f"`{view}`" for view in model.connector.inputs)
    connector = f"`{model.connector.spec.type}`, {model.connector.image_tokens} image tokens from the views {views}"
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
    text = artifact.recipe().get("text")
    rows = [
        f"| {name} | {use['share']:.1%} | {use['tokens']:,} | {use['epochs']:.2g} |"
        for name, use in (text or {}).items()
    ]
    read = "\n".join(["| text | share | tokens read | epochs |", "| --- | --- | --- | --- |", *rows])
    if not rows:
        read = "Nothing: it is the no-pretraining baseline." if text is not None else "Not recorded by the model."
    inputs = "\n".join(f"- {name}: `{digest}`" for name, digest in sorted(artifact.manifest.provenance.inputs.items()))
    credits = "\n".join(f"- {entry}" for entry in pictures)
    return f"""## Data and licences

What its language model had read before it was adapted, by shard of its text:

{read}

Digests of what it was adapted from:

{inputs}

Some licences of the text, the pictures and the encoder ask for attribution or for the same licence: heed them before
you pass the weights on. Those of the text stand in the Corpus artifact's `ATTRIBUTION.md`. The pictures were made from:

{credits}"""


def _recipe(recipe: dict[str, Any]) -> str:
    rows = [
        [
            phase["name"],
            ", ".join(phase["data"]),
            ", ".join(f"{one['type']} ({one['weight']:g})" for one in phase["objectives"]),
            ", ".join(phase["train"]),
            f"{phase['steps']:,} x {phase['batch']}",
            f"{phase['learning_rate']:g}",
            f"{phase['blind']:.0%}",
        ]
        for phase in recipe["phases"]
    ]
    departures = "\n".join(f"- {departure}" for departure in recipe["departures"]) or "- none"
    return f"""## Recipe

Adapted by `{recipe["name"]}`, phase by phase; *blind* is the share of turns that are shown without their image:

| phase | data | objectives (weight) | trains | steps x batch | learning rate | blind |
| --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(f"| {' | '.join(row)} |" for row in rows)}

Its departures from the paper that it follows:

{departures}"""


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


def _blind(summary: dict[str, Any], answers: Sequence[Answer]) -> str:
    given = {(one.question_id, one.view): (one.choice, one.text) for one in answers}
    lines = []
    for name, suite in summary["suites"].items():
        asked = [one.question_id for one in answers if (one.suite, one.view) == (name, "visual")]
        same = sum(given[key, "visual"] == given[key, "blind"] for key in asked) / len(asked)
        gained = with_interval(suite["splits"]["test"]["mean"]["differences"]["visual_minus_blind"], "+.1%", 1)
        lines.append(f"- {suite['title']}: visual minus blind {gained}; {same:.1%} of the answers are the same in both")
    words = (
        "Asked without an image it answers all the same, from what its text and the questions' wording made likely; "
        "the server states the view of every answer. What the image adds to the share of right answers, and how often "
        "it changes nothing:"
    )
    return f"## Blind behaviour\n\n{_wrapped(words)}\n\n{chr(10).join(lines)}"


def _parity(parity: dict[str, Any]) -> str:
    lines = "\n".join(
        f"- {view}: {found['questions']:,} questions, {found['logits']:,} logits, largest difference "
        f"{found['largest_difference']:.1e}, same choice on all"
        for view, found in parity["views"].items()
    )
    return f"## ONNX against torch\n\n{lines}"


def _int8(rounded: dict[str, Any]) -> str:
    before, after = (rounded["mebibytes"][weights] for weights in ("float32", "int8"))
    rows = [
        [
            f"{suite}, {view}",
            f"{found['questions']:,}",
            f"{found['chance']:.1%}",
            *(with_interval(found[weights], ".1%", 1) for weights in ("float32", "int8")),
            with_interval(found["difference"], "+.1%", 1),
            f"{found['same_choice']:.1%}",
        ]
        for suite, views in rounded["suites"].items()
        for view, found in views.items()
    ]
    words = (
        "The graphs were compared with torch in float32; then their matrices were rounded to 8 bits a weight: "
        f"{before:.1f} MiB became {after:.1f}. The scores above are those of float32 weights. What the rounding costs "
        "in right answers, on the test questions answered by likelihood, with 95 % intervals clustered by image, the "
        "difference paired by question:"
    )
    return f"""## 8-bit weights

{_wrapped(words)}

| questions | number | chance | float32 | int8 | difference | same choice |
| --- | --- | --- | --- | --- | --- | --- |
{chr(10).join(f"| {' | '.join(row)} |" for row in rows)}"""


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
