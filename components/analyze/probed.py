"""What probes say of the models, and what the linear one reads off, beside what the model answered."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.measurements import FEATURES, MEAN_FEATURES, MEAN_TOKENS, TOKENS, Measurements
from inkling.components.shared.statistics.intervals import paired_difference

UNKNOWN, ENCODER, CONNECTOR, LANGUAGE, EITHER = "unknown", "encoder", "connector", "language", "either"
"""Where a family's answers are limited, as far as the probe can tell."""
PLACES, MEAN = "all places", "mean of places"
"""How the probe reads features and image tokens, the layers of each reading."""
_READINGS = {PLACES: (FEATURES, TOKENS), MEAN: (MEAN_FEATURES, MEAN_TOKENS)}


def shown(measured: Mapping[str, Measurements | None]) -> dict[str, Any]:
    """What each probe shows of the models that were probed: what a `Shown` says, and the rows of each model."""
    found: dict[str, Any] = {}
    for model, measurements in measured.items():
        for probe, one in (measurements.shown() if measurements else {}).items():
            said = dataclasses.asdict(one)
            rows = said.pop("rows")
            found.setdefault(probe, {**said, "models": {}})["models"][model] = rows
    return found


def probed(rows: Sequence[Mapping[str, Any]], suite: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """For each family that was probed what was read off, and the paired differences from what the model answered.

    Args:
        rows: The rows of the linear probe.
        suite: Name of the suite.
        answers: The model's answers to its test questions, all views.
    """
    visual = {one.question_id: one for one in answers if one.view == "visual"}
    layers: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row["suite"] == suite:
            layers.setdefault(row["name"], {})[row["layer"]] = row
    return {family: _family(found, visual) for family, found in layers.items()}


def matched(rows: Sequence[Mapping[str, Any]], suite: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """For each family how often word match chooses rightly, and by how much the model itself does better.

    Args:
        rows: The rows of word match.
        suite: Name of the suite.
        answers: The model's answers to its test questions, all views.
    """
    visual = {one.question_id: one for one in answers if one.view == "visual"}
    found = {}
    for row in rows:
        if row["suite"] == suite:
            names = sorted(row["details"]["right"])
            difference = paired_difference(
                [visual[name].correct for name in names],
                [row["details"]["right"][name] for name in names],
                [visual[name].image_id for name in names],
            )
            kept = ("value", "low", "high", "null_low", "null_high")
            found[row["name"]] = {
                **{key: row[key] for key in kept}, "model_minus_match": dataclasses.asdict(difference)
            }  # fmt: skip
    return found


def _family(layers: Mapping[str, Mapping[str, Any]], visual: Mapping[str, Answer]) -> dict[str, Any]:
    """What was read off a family, by the reading that does better when each training example is left out."""
    kept = min(_READINGS, key=lambda reading: layers[_READINGS[reading][0]]["details"]["left_out"])
    features, tokens = (layers[layer] for layer in _READINGS[kept])
    names = sorted(features["details"]["right"])
    images = [visual[name].image_id for name in names]
    answered = [visual[name].correct for name in names]
    read, passed = ([row["details"]["right"][name] for name in names] for row in (features, tokens))
    differences = {
        "model_minus_features": dataclasses.asdict(paired_difference(answered, read, images)),
        "model_minus_tokens": dataclasses.asdict(paired_difference(answered, passed, images)),
        "tokens_minus_features": dataclasses.asdict(paired_difference(passed, read, images)),
    }
    return {
        "readings": {
            reading: {"features": _layer(layers[one]), "tokens": _layer(layers[other])}
            for reading, (one, other) in _READINGS.items()
        },
        "kept": kept,
        "prior": features["details"]["prior"],
        "examples": features["details"]["examples"],
        "differences": differences,
        "limit": limit(features, differences),
    }


def _layer(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("value", "low", "high", "null_low", "null_high")
    return {**{key: row[key] for key in kept}, "reads": row["details"]["reads"]}


def limit(features: Mapping[str, Any], differences: Mapping[str, Mapping[str, Any]]) -> str:
    """Where the answers to a family are limited, as far as the intervals tell.

    Unknown where the probe does no better off the features than its null distribution; the encoder where the model is
    not clearly below the probe of the features; else the part behind which the loss is clear.
    """
    if features["value"] <= features["null_high"]:
        return UNKNOWN
    if not _below(differences["model_minus_features"]):
        return ENCODER
    connector, language = (_below(differences[name]) for name in ("tokens_minus_features", "model_minus_tokens"))
    if connector == language:
        return EITHER
    return CONNECTOR if connector else LANGUAGE


def _below(difference: Mapping[str, Any]) -> bool:
    return difference["high"] is not None and bool(difference["high"] < 0)
