"""The stage as a whole: what it writes, that it learns, that a killed build goes on to the same bits, bad input."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from inkling.components.adapt.build import build_adapt, lesson_of
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson
from inkling.components.artifacts.conversations import Conversations, write_conversations
from inkling.components.artifacts.features import Features, write_encoder, write_shard
from inkling.components.artifacts.language_model import LanguageModel, write_language_model
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.components.shared.store.store import STORE_VARIABLE
from inkling.models.multimodal import MultimodalModel
from inkling.models.vision import ENCODERS

_PROGRAM = Path(__file__).with_name("killed.py")
_specification = importlib.util.spec_from_file_location("killed", _PROGRAM)
killed = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(killed)

NOBODY = Provenance("test", "key", "code", {}, {}, {})


def sign(directory: Path, kind: type) -> None:
    """Gives a directory of files the manifest that makes it an artifact."""
    Manifest.describe(directory, kind.type, kind.schema, NOBODY).write(directory)


def write_inputs(folder: Path, lesson: Lesson, language: LlamaForCausalLM, tokenizer: Tokenizer) -> None:
    """Writes the three artifacts that the stage reads."""
    for name in ("language_model", "conversations", "features"):
        (folder / name).mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_language_model(folder / "language_model", language, folder / "tokenizer.json", [], {})
    sign(folder / "language_model", LanguageModel)
    turns = [turn for several in lesson.turns.values() for turn in several]
    pictures, shown = [(image, b"") for image in lesson.images], lesson.shown().values()
    write_conversations(folder / "conversations", pictures, turns, shown, lesson.documents)
    sign(folder / "conversations", Conversations)
    grid = lesson.features["grid"]
    encoder = ENCODERS.read({"type": "tiny-random", "grid": 2, "channels": grid.shape[2]})
    write_encoder(folder / "features", encoder, {"weight": torch.ones(2)}, ["grid"])
    write_shard(folder / "features", "conversations", 0, {"grid": grid})
    sign(folder / "features", Features)


@pytest.fixture
def inputs(tmp_path: Path, lesson: Lesson, language: Callable[[], LlamaForCausalLM], tokenizer: Tokenizer) -> Path:
    """A folder with the inputs."""
    write_inputs(tmp_path, lesson, language(), tokenizer)
    return tmp_path


@pytest.mark.parametrize(
    "recipe",
    ["laptop", *(pytest.param(name, marks=pytest.mark.soak) for name in ("vlora", "comp-lora", "objectives"))],
)
def test_a_build_killed_inside_any_phase_goes_on_to_the_same_bits(inputs: Path, recipe: str) -> None:
    undisturbed = killed.build(inputs, "undisturbed", recipe)
    program = [sys.executable, str(_PROGRAM), str(inputs), recipe]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for phase in ("start", "align", "instruct"):
        work = inputs / phase / ".multimodal_model.scratch"
        assert list((work / phase).rglob("step-0000000?")), "it was killed after a checkpoint"
        assert not (inputs / phase / "multimodal_model").exists()
        again = killed.build(inputs, phase, recipe)
        assert again.digest == undisturbed.digest
        assert again.manifest.files == undisturbed.manifest.files
        assert not work.exists()


def test_what_is_written_can_be_read_and_states_what_trained(inputs: Path, lesson: Lesson) -> None:
    built = MultimodalModelArtifact.open(killed.build(inputs, "model").path)
    assert {name.split("/")[0] for name in built.manifest.files} == {
        "config.json", "connector", "encoder.json", "language", "recipe.json", "tokenizer.json", "training.jsonl"
    }  # fmt: skip
    recipe = built.recipe()
    assert recipe["name"] == "laptop"
    assert recipe["departures"]
    assert recipe["connector"] == {"type": "mlp", "intermediate_size": 16}
    assert recipe["fusion"] == {"type": "prefix"}
    assert recipe["phases"][1]["objectives"][1] == {"type": "next_token", "weight": 1.0}
    names = {phase["name"]: set(phase["trainable"]) for phase in recipe["phases"]}
    connector = {
        name for name, _ in MultimodalModel.load(built.path).named_parameters() if name.startswith("connector.")
    }
    assert names["start"] == names["align"] == connector
    assert names["instruct"] == {name for name, _ in MultimodalModel.load(built.path).named_parameters()}
    rows = built.training()
    for phase in recipe["phases"]:
        steps = [row.step for row in rows if row.phase == phase["name"]]
        assert steps == list(range(1, phase["steps"] + 1))
        assert phase["steps"] == phase["epochs"] * (24 // min(24, phase["batch"]))
    assert rows[0].loss > next(row for row in rows if row.phase == "start" and row.step == 6).loss
    encoder = json.loads((built.path / "encoder.json").read_text())
    assert encoder["digest"] == Features.open(inputs / "features").encoder_digest
    assert built.config()["image_tokens"] == lesson.features["grid"].shape[1]


def test_language_stays_untouched_until_it_trains(inputs: Path) -> None:
    profile = {
        **killed.PROFILE,
        "adapt": {**killed.PROFILE["adapt"], "epochs": {"start": 6, "align": 5, "instruct": 0}},
    }
    parts = (inputs / part for part in ("language_model", "conversations", "features"))
    built = build_adapt(AdaptConfig.parse(profile), *parts, inputs / "model" / "multimodal_model")
    before, after = (
        load_file(path / "model.safetensors") for path in (inputs / "language_model", built.path / "language")
    )
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_images_that_are_left_out_teach_nothing(inputs: Path, lesson: Lesson) -> None:
    """Half of the images: the lesson is of the others alone, with their own features, their captions and questions."""
    stated = {**killed.PROFILE["adapt"], "drop": {"images": 0.5}, "epochs": {"start": 1, "align": 1, "instruct": 1}}
    config = AdaptConfig.parse({**killed.PROFILE, "adapt": stated})
    folders = [inputs / part for part in ("language_model", "conversations", "features")]
    opened = [kind.open(at) for kind, at in zip((LanguageModel, Conversations, Features), folders, strict=True)]
    half, counts = lesson_of(config, *opened)
    assert counts["images"] == {"were": 24, "dropped": 12} and len(half.images) == 12
    assert set(half.turns) - {""} == set(half.images) and all(len(half.turns[image]) == 2 for image in half.images)
    rows = [lesson.images.index(image) for image in half.images]
    np.testing.assert_array_equal(np.asarray(half.features["grid"]), lesson.features["grid"][rows])
    built = build_adapt(config, *folders, inputs / "model" / "multimodal_model")
    recipe = built.recipe()
    assert recipe["left_out"]["images"] == {"were": 24, "dropped": 12}
    assert recipe["left_out"]["perception"] == {"were": 12, "dropped": 0}
    assert [phase["steps"] for phase in recipe["phases"]] == [1, 1, 1]


def test_recipes_that_begin_alike_go_on_from_the_model_that_one_of_them_kept_to_the_same_bits(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(name: str, objectives: list[str], **settings: str) -> MultimodalModelArtifact:
        stated = {**killed.PROFILE["adapt"], "phases": {"instruct": {"objectives": objectives}}, **settings}
        config = AdaptConfig.parse({**killed.PROFILE, "adapt": stated})
        parts = (inputs / part for part in ("language_model", "conversations", "features"))
        return build_adapt(config, *parts, inputs / name / "multimodal_model")

    control, svco = ["next_token"], ["svco", "next_token"]
    whole = build("whole", svco)
    monkeypatch.setenv(STORE_VARIABLE, str(inputs / "store"))
    build("first", control, keep_after="align")
    assert "start: as it was trained before" in capsys.readouterr().out, "by the run itself, a moment ago"
    stored = [MultimodalModelArtifact.open(path) for path in (inputs / "store").glob("*/multimodal_model")]
    assert sorted(len(one.recipe()["phases"]) for one in stored) == [2, 3]
    second = build("second", svco, keep_after="align")
    assert second.manifest.files == whole.manifest.files and second.digest == whole.digest
    assert second.manifest.provenance.key == whole.manifest.provenance.key
    assert len([*(inputs / "store").glob("adapt-*")]) == 3, "what both go on from was made once"

    for settings, words in (
        ({"keep_after": "instruct"}, r"unknown phase to keep the model after.*Valid: align, start"),
        ({"keep_after": "align", "recipe": "lora"}, "its adapter"),
    ):
        with pytest.raises(ConfigError, match=words):
            build("refused", control, **settings)
    recipe = {**killed.OBJECTIVES, "phases": killed.OBJECTIVES["phases"][:2]}
    config = AdaptConfig.parse({"adapt": {"recipe": recipe, "keep_after": "start"}})
    with pytest.raises(ConfigError, match="phase 'start' trains the head of lexvla, which is not stored"):
        build_adapt(
            config, inputs / "language_model", inputs / "conversations", inputs / "features",
            inputs / "headed" / "multimodal_model",
        )  # fmt: skip


def test_features_of_other_images_are_refused(inputs: Path, lesson: Lesson) -> None:
    (inputs / "features" / "conversations" / "grid.00000.safetensors").unlink()
    (inputs / "features" / "manifest.json").unlink()
    write_shard(inputs / "features", "conversations", 0, {"grid": lesson.features["grid"][:7]})
    sign(inputs / "features", Features)
    with pytest.raises(ValueError, match="has features of 7 images, .* has 24 images: they do not belong together"):
        killed.build(inputs, "model")


def test_a_changed_byte_of_an_input_is_refused_by_name(inputs: Path) -> None:
    path = inputs / "conversations" / "conversations.json"
    path.write_text(path.read_text().replace("red", "rad", 1))
    with pytest.raises(ArtifactError, match=r"conversations\.json is not what was written"):
        killed.build(inputs, "model")


def test_the_component_runs_the_build(inputs: Path) -> None:
    from inkling.components.adapt.component import adapt

    places = {
        name: type("Place", (), {"path": str(inputs / name)})
        for name in ("language_model", "conversations", "features")
    }
    output = type("Place", (), {"path": str(inputs / "run" / "multimodal_model")})
    adapt.python_func(json.dumps(killed.PROFILE), **places, multimodal_model=output)
    assert MultimodalModelArtifact.open(output.path).recipe()["name"] == "laptop"
