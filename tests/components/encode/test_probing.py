"""A linear probe finds in stored features what was planted there, and nothing where nothing is."""

from pathlib import Path

import numpy as np
import pytest

from inkling.components.artifacts.conversations import Conversations, Turn, write_conversations
from inkling.components.artifacts.features import Features, write_encoder, write_shard
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.encode.probing import probe_features
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.models.vision import ENCODERS

WORDS = ["tree", "car", "bird", "shoe"]


def seal(kind: type[Artifact], directory: Path) -> None:
    """Writes the manifest of the files that a test has written."""
    made = Provenance(stage="test", key="0", code="0", packages={}, config={}, inputs={})
    Manifest.describe(directory, kind.type, kind.schema, made).write(directory)


def turn(number: int, family: str, answer: str) -> Turn:
    return Turn(f"t{number}-{family}", f"t{number}", "instruct", "General", family, "perception", "What?", answer)


def question(number: int, family: str, answer: str) -> Question:
    image = f"q{number}"
    return Question(f"{image}-{family}", image, image, "What?", WORDS, answer, "General", family, "none", "test")


@pytest.fixture
def artifacts(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Features of which some channels tell what is in the picture and none its colour; 120 pictures to learn from."""
    random = np.random.default_rng(0)
    folders = {name: tmp_path / name for name in ("features", "conversations", "questions")}
    for folder in folders.values():
        folder.mkdir()
    spec = ENCODERS.read("tiny-random")
    tokens, channels = spec.views["grid"]
    write_encoder(folders["features"], spec, spec.build(["grid"]).state_dict(), ["grid"])
    shown: dict[str, list[str]] = {}
    for split, count in (("conversations", 120), ("questions", 80)):
        shown[split] = [WORDS[int(k)] for k in random.integers(4, size=count)]
        grid = random.normal(size=(count, tokens, channels)).astype(np.float32)
        for row, word in enumerate(shown[split]):
            grid[row, :, WORDS.index(word)] += 4.0
        write_shard(folders["features"], split, 0, {"grid": grid}, "fp32")  # type: ignore[arg-type]
    colours = [WORDS[int(k)] for k in random.integers(4, size=200)]
    turns = [turn(k, "object", word) for k, word in enumerate(shown["conversations"])]
    turns += [turn(k, "colour", colours[k]) for k in range(120)]
    asked = [question(k, "object", word) for k, word in enumerate(shown["questions"])]
    asked += [question(k, "colour", colours[120 + k]) for k in range(80)]
    write_conversations(folders["conversations"], ((f"t{k}", b"picture %d" % k) for k in range(120)), turns)
    write_questions(folders["questions"], ((f"q{k}", b"picture %d" % k) for k in range(80)), asked)
    for name, kind in (("features", Features), ("conversations", Conversations), ("questions", Questions)):
        seal(kind, folders[name])
    return folders["features"], folders["conversations"], folders["questions"]


def test_what_features_hold_is_read_off_and_what_they_lack_is_not(artifacts: tuple[Path, Path, Path]) -> None:
    found = probe_features(*artifacts, families=("object", "colour", "sign"))
    assert set(found) == {"object", "colour"}, "a family without questions is left out"
    assert found["object"].accuracy.value > 0.9
    assert found["object"].prior.high < found["object"].accuracy.low
    assert found["colour"].accuracy.low < 0.25 < found["colour"].accuracy.high
    assert (found["object"].examples, found["object"].chance) == (120, 0.25)
