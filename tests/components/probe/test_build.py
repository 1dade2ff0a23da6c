"""Probes measure a model through the stage, with intervals and null distributions, and are refused by name."""

from pathlib import Path

import pytest

from inkling.components.artifacts.questions import Questions
from inkling.components.probe.build import build_probe
from inkling.components.probe.config import ProbeConfig
from inkling.components.shared.config import ConfigError


def test_every_family_is_measured_beside_its_null_distribution(served, tmp_path: Path) -> None:
    config = ProbeConfig.parse({"probe": {"probes": [{"type": "word_match", "permutations": 50}], "threads": 1}})
    inputs = served.multimodal_model, served.questions, served.features
    found = build_probe(config, *inputs, tmp_path / "measurements").measurements()
    rows = {row["name"]: row for row in found["word_match"]}
    questions = Questions.open(served.questions).questions("test")
    assert set(rows) == {question.family for question in questions}
    for name, row in rows.items():
        assert row["count"] == sum(question.family == name for question in questions)
        assert 0 <= row["null_low"] <= row["null_high"] <= 1
        assert row["low"] is None or row["low"] <= row["value"] <= row["high"]
    again = build_probe(config, *inputs, tmp_path / "again" / "measurements").measurements()
    assert again == found


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        (["curiosity"], r"unknown probe 'curiosity'.*word_match"),
        ([{"type": "word_match", "heat": 1}], r"unknown key .*heat.*temperature"),
        (["word_match", {"type": "word_match", "temperature": 1}], "named twice"),
    ],
)
def test_probes_that_cannot_be_used_are_refused(probes: list[object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ProbeConfig.parse({"probe": {"probes": probes}})
