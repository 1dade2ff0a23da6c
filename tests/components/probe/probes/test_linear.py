"""The linear probe finds what was planted in image features, and says what the connector has lost of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inkling.components.artifacts.conversations import Conversations, Turn, write_conversations
from inkling.components.artifacts.features import Features, write_encoder, write_shard
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.probe.contract import Measurement, Subject
from inkling.components.probe.probes import PROBES
from inkling.components.probe.probes.linear import FEATURES, MEAN_FEATURES, MEAN_TOKENS, TOKENS, probe_features
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import Manifest, Provenance
from inkling.models.vision import ENCODERS

WORDS = ["tree", "car", "bird", "shoe"]
TAUGHT, ASKED, CHANNELS = 120, 80, 16


def seal(kind: type[Artifact], directory: Path) -> None:
    """Writes the manifest of the files that a test has written."""
    made = Provenance(stage="test", key="0", code="0", packages={}, config={}, inputs={})
    Manifest.describe(directory, kind.type, kind.schema, made).write(directory)


def turn(number: int, family: str, answer: str) -> Turn:
    return Turn(f"t{number}-{family}", f"t{number}", "instruct", "General", family, "perception", "What?", answer)


def question(number: int, family: str, answer: str) -> Question:
    image = f"q{number}"
    return Question(f"{image}-{family}", image, image, "What?", WORDS, answer, "General", family, "none", "test")


def planted(tokens: int, channels: int) -> tuple[list[Turn], list[Question], np.ndarray, np.ndarray]:
    """Features (images, tokens, channels) of which some tell what is in the picture and none its colour."""
    random = np.random.default_rng(0)
    shown, colours = ([WORDS[int(k)] for k in random.integers(4, size=TAUGHT + ASKED)] for _ in range(2))
    grid = random.normal(size=(TAUGHT + ASKED, tokens, channels)).astype(np.float32)
    for row, word in enumerate(shown):
        grid[row, :, WORDS.index(word)] += 4.0
    said = {"object": shown, "colour": colours}
    turns = [turn(k, family, answers[k]) for family, answers in said.items() for k in range(TAUGHT)]
    asked = [question(k, family, answers[TAUGHT + k]) for family, answers in said.items() for k in range(ASKED)]
    return turns, [*asked, question(0, "untaught", "tree")], grid[:TAUGHT], grid[TAUGHT:]


class Connector(nn.Module):
    """A connector that hands on its features, or only those that tell nothing."""

    inputs: ClassVar[dict[str, tuple[int, int]]] = {"grid": (1, CHANNELS)}

    def __init__(self, first: int) -> None:
        """Keeps the channels from the given one on."""
        super().__init__()
        self._first = first

    def forward(self, grid: Tensor) -> Tensor:
        """Some channels of the features."""
        return grid[:, :, self._first :]


def measured(first: int) -> dict[tuple[str, str], Measurement]:
    """What the probe finds where the connector keeps channels from the given one on, by family and layer."""
    return found_in(Connector(first), *planted(*Connector.inputs["grid"]))


def found_in(
    connector: Connector, turns: list[Turn], questions: list[Question], taught: np.ndarray, asked: np.ndarray
) -> dict[tuple[str, str], Measurement]:
    """What the probe finds in features (images, tokens, channels), by family and layer."""

    def reader(grid: np.ndarray) -> Callable[[Sequence[str]], dict[str, Tensor]]:
        return lambda images: {"grid": torch.from_numpy(grid[[int(image[1:]) for image in images]])}

    model: Any = SimpleNamespace(connector=connector)
    tokenizer: Any = None
    subject = Subject(model, tokenizer, questions, reader(asked), turns, reader(taught))
    probe = PROBES.read({"type": "linear", "permutations": 50}).build()
    return {(row.name, row.layer): row for row in probe.measure(subject, np.random.default_rng(0))}


def test_what_the_features_hold_is_found_on_both_sides_of_a_connector_that_keeps_it() -> None:
    found = measured(first=0)
    assert {name for name, _ in found} == {"object", "colour"}, "a family without examples is left out"
    for layer in (FEATURES, TOKENS, MEAN_FEATURES, MEAN_TOKENS):
        seen, unseen = found["object", layer], found["colour", layer]
        assert seen.low is not None
        assert seen.low > seen.null_high
        assert unseen.null_low <= unseen.value <= unseen.null_high
        assert (seen.count, seen.images, seen.suite, seen.details["examples"]) == (ASKED, ASKED, "scenes", TAUGHT)
        assert sum(seen.details["right"].values()) == round(seen.value * ASKED)


def test_what_the_connector_loses_is_found_before_it_alone() -> None:
    found = measured(first=4)
    assert found["object", FEATURES].value > 0.9
    lost = found["object", TOKENS]
    assert lost.null_low <= lost.value <= lost.null_high


def test_the_mean_of_places_finds_what_lies_at_any_of_them() -> None:
    random = np.random.default_rng(2)
    tokens, said = 16, [WORDS[int(k)] for k in random.integers(4, size=TAUGHT + ASKED)]
    grid = random.normal(size=(TAUGHT + ASKED, tokens, CHANNELS)).astype(np.float32)
    for row, word in enumerate(said):
        grid[row, random.integers(tokens), WORDS.index(word)] += 12.0
    turns = [turn(k, "size", said[k]) for k in range(TAUGHT)]
    asked = [question(k, "size", said[TAUGHT + k]) for k in range(ASKED)]
    found = found_in(Connector(first=0), turns, asked, grid[:TAUGHT], grid[TAUGHT:])
    places, mean = found["size", FEATURES], found["size", MEAN_FEATURES]
    assert mean.low is not None and places.high is not None
    assert mean.low > places.high
    assert mean.details["left_out"] < places.details["left_out"], "the training examples tell which reading is better"


@pytest.fixture
def artifacts(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The same as artifacts, without a model."""
    folders = {name: tmp_path / name for name in ("features", "conversations", "questions")}
    for folder in folders.values():
        folder.mkdir()
    spec = ENCODERS.read("tiny-random")
    turns, questions, taught, asked = planted(*spec.views["grid"])
    write_encoder(folders["features"], spec, spec.build(["grid"]).state_dict(), ["grid"])
    write_shard(folders["features"], "conversations", 0, {"grid": taught})
    write_shard(folders["features"], "questions", 0, {"grid": asked})
    write_conversations(folders["conversations"], ((f"t{k}", b"picture %d" % k) for k in range(TAUGHT)), turns)
    write_questions(folders["questions"], ((f"q{k}", b"picture %d" % k) for k in range(ASKED)), questions)
    for name, kind in (("features", Features), ("conversations", Conversations), ("questions", Questions)):
        seal(kind, folders[name])
    return folders["features"], folders["conversations"], folders["questions"]


def test_stored_features_are_probed_without_a_model(artifacts: tuple[Path, Path, Path]) -> None:
    found = probe_features(*artifacts)
    assert set(found) == {"object", "colour"}
    assert found["object"].accuracy.value > 0.9
    assert found["object"].prior.high is not None
    assert found["object"].prior.high < found["object"].accuracy.value
    assert (found["object"].examples, found["object"].chance) == (TAUGHT, 0.25)
