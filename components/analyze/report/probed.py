"""Where what the encoder sees gets lost: a linear probe of features and image tokens beside the model's own answers."""

from collections.abc import Mapping
from typing import Any

from inkling.components.analyze.probed import CONNECTOR, EITHER, ENCODER, LANGUAGE, UNKNOWN
from inkling.components.analyze.report.vision import MODELS
from inkling.components.analyze.report.wording import count, percent, points_interval
from inkling.components.shared.report.html import Html, bullets, element, join, paragraph, section, table
from inkling.components.shared.report.numbers import with_interval

_LIMITS = {
    UNKNOWN: "the probe finds nothing in the features, so it does not tell what the limit is",
    ENCODER: "the model is not clearly below the probe of the features: the encoder is the limit, or the data",
    CONNECTOR: "the image tokens hold less than the features: the connector is the limit",
    LANGUAGE: "the image tokens hold what the model does not answer: the language model is the limit",
    EITHER: "the features hold what the model does not answer: connector or language model is the limit, or both",
}


def was_probed(findings: dict[str, Any]) -> bool:
    """Whether the linear probe found instructions to learn from, or words were matched."""
    suites = findings["suites"].values()
    return any(families for suite in suites for key in ("probed", "word_match") for families in suite[key].values())


def probed_section(findings: dict[str, Any]) -> Html:
    """For each suite and model a table, and a sentence a family."""
    return section(
        "probe",
        "Where does it get lost?",
        paragraph(
            "A linear probe was trained, a family of questions at a time, on the instructions that the model was "
            "taught with: on the encoder's image features, and on the image tokens that the connector makes of them. "
            "It reads them at all places at once, or their mean over the places, which needs fewer examples for what "
            "does not depend on where a thing lies. Where it does better with the question's words, it has a map for "
            "each word. Which reading (bold) and which map it is was chosen on the training examples, each left out in "
            "turn. The prior-only guesser takes the choice that training answered most often, and sees nothing. The "
            "probe is linear: features may hold more than it reads."
        ),
        *(
            _model(suite, model, families)
            for suite in findings["suites"].values()
            for model, families in suite["probed"].items()
            if families
        ),
        *_matched(findings["suites"]),
    )


def _matched(suites: Mapping[str, Any]) -> list[Html]:
    """What word match chooses, beside the model's own answers; nothing where words were not matched."""
    tables = [
        table(
            f"{suite['title']}, {MODELS[model]}: the model's answers with the image beside word match in per cent, and "
            "the difference in points, with 95 % intervals",
            ("Family", "Visual", "Word match", "If shuffled", "Visual - word match", "Chance"),
            [_match_row(name, suite["scores"]["test"][model]["families"][name], one) for name, one in families.items()],
        )
        for suite in suites.values()
        for model, families in suite["word_match"].items()
        if families
    ]
    explained = paragraph(
        "Word match chooses the choice whose words' input embeddings are most similar to the image tokens, and runs no "
        "layer of the language model. Where the model answers clearly less, it lost what the connector knows; the "
        "questions that words alone can answer are those of objects, kinds, colours and signs."
    )
    return [element("h3", "Word match"), explained, *tables] if tables else []


def _match_row(name: str, score: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        name,
        with_interval(score["views"]["visual"]),
        with_interval(found),
        f"{percent(found['null_low'])} to {percent(found['null_high'])}",
        points_interval(found["model_minus_match"]),
        percent(score["chance"]),
    )


def _model(suite: Mapping[str, Any], model: str, families: Mapping[str, Any]) -> Html:
    scores, title = suite["scores"]["test"][model]["families"], f"{suite['title']}, {MODELS[model]}"
    return join(
        element("h3", title),
        table(
            f"{title}: the model's answers with the image beside a linear probe and a prior-only guesser in per cent, "
            "with 95 % intervals",
            (
                *("Family", "Read", "Visual", "Probe, image features", "If shuffled", "Probe, image tokens"),
                *("If shuffled", "Prior-only guesser", "Chance", "Map of", "Examples"),
            ),
            [
                _row(name, reading, scores[name], found)
                for name, found in families.items()
                for reading in found["readings"]
            ],
            text_columns=2,
        ),
        table(
            f"{title}: differences from the linear probe in percentage points, same questions, with 95 % intervals",
            ("Family", "Visual - image features", "Visual - image tokens", "Image tokens - image features"),
            [(name, *map(points_interval, found["differences"].values())) for name, found in families.items()],
        ),
        bullets(f"{name} ({found['kept']}): {_LIMITS[found['limit']]}." for name, found in families.items()),
    )


def _row(name: str, reading: str, score: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    row = [name, element("strong", reading) if reading == found["kept"] else reading]
    row += [with_interval(score["views"]["visual"])]
    for layer in (read := found["readings"][reading]):
        row += [
            with_interval(read[layer]),
            f"{percent(read[layer]['null_low'])} to {percent(read[layer]['null_high'])}",
        ]
    row += [
        with_interval(found["prior"]),
        percent(score["chance"]),
        read["features"]["reads"],
        count(found["examples"]),
    ]
    return tuple(row)
