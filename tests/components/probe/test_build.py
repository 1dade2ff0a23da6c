"""Probes measure a model through the stage, with intervals and null distributions, and are refused by name."""

from pathlib import Path

import pytest

from inkling.components.artifacts.conversations import Conversations, Turn, write_conversations
from inkling.components.artifacts.questions import Questions
from inkling.components.probe.build import build_probe
from inkling.components.probe.config import ProbeConfig
from inkling.components.probe.contract import Probe
from inkling.components.probe.probes.word_match import WordMatch
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import Manifest, Provenance


@pytest.fixture
def taught(served, tmp_path: Path) -> Path:
    """Instructions about the pictures of the questions."""
    asked, path = Questions.open(served.questions), tmp_path / "conversations"
    turns = [
        Turn(
            one.question_id, one.image_id, "instruct", one.category, one.family, "perception", one.question, one.answer
        )
        for one in asked.questions()
    ]
    path.mkdir()
    write_conversations(path, asked.images().items(), turns)
    made = Provenance(stage="test", key="0", code="0", packages={}, config={}, inputs={})
    Manifest.describe(path, Conversations.type, Conversations.schema, made).write(path)
    return path


def test_every_family_is_measured_beside_its_null_distribution(
    served, taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WordMatch, "shown", Probe.shown)  # as a probe shows that leaves its rows to nobody else
    probes = [{"type": "word_match", "permutations": 50}, {"type": "linear", "permutations": 50}]
    config = ProbeConfig.parse({"probe": {"probes": probes}, "threads": 1})
    inputs = served.multimodal_model, taught, served.questions, served.features
    made = build_probe(config, *inputs, tmp_path / "measurements")
    found, shown = made.measurements(), made.shown()
    assert list(shown) == ["word_match"] and shown["word_match"].rows == found["word_match"]
    assert shown["word_match"].title == "word_match" and shown["word_match"].counted == "questions"
    questions = Questions.open(served.questions).questions("test")
    for rows in found.values():
        assert {row["name"] for row in rows} == {question.family for question in questions}
        for row in rows:
            assert row["count"] == sum(question.family == row["name"] for question in questions)
            assert 0 <= row["null_low"] <= row["null_high"] <= 1
            assert row["low"] is None or row["low"] <= row["value"] <= row["high"]
    layers = [part + reading for reading in ("", ", mean of places") for part in ("image features", "image tokens")]
    assert [row["layer"] for row in found["linear"]] == layers
    assert len(found["linear"][0]["details"]["right"]) == len(questions)
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
