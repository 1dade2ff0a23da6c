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

from inkling.components.adapt import config as config_module
from inkling.components.adapt import train as training
from inkling.components.adapt.build import build_adapt
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.parts import TrainableError
from inkling.components.adapt.recipes import find_recipe
from inkling.components.adapt.train import Lesson
from inkling.components.adapt.turns import caption_of
from inkling.components.adapt.words import caption_words
from inkling.components.artifacts.conversations import Conversations, write_conversations
from inkling.components.artifacts.features import Features, write_encoder, write_shard
from inkling.components.artifacts.language_model import LanguageModel, write_language_model
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.models.inference.likelihood import choose
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.training.fit import Fitted
from inkling.models.vision import ENCODERS

_PROGRAM = Path(__file__).with_name("killed.py")
_specification = importlib.util.spec_from_file_location("killed", _PROGRAM)
killed = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(killed)

COLOURS = ("red", "green", "blue")
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
    turns = [turn for image in lesson.images for turn in lesson.turns[image]]
    write_conversations(folder / "conversations", [(image, b"") for image in lesson.images], turns)
    sign(folder / "conversations", Conversations)
    encoder = ENCODERS.read({"type": "tiny-random", "grid": 2, "channels": lesson.grid.shape[2]})
    write_encoder(folder / "features", encoder, {"weight": torch.ones(2)}, ["grid"])
    write_shard(folder / "features", "conversations", 0, {"grid": lesson.grid.numpy()})
    sign(folder / "features", Features)


@pytest.fixture
def inputs(tmp_path: Path, lesson: Lesson, language: Callable[[], LlamaForCausalLM], tokenizer: Tokenizer) -> Path:
    """A folder with the inputs."""
    write_inputs(tmp_path, lesson, language(), tokenizer)
    return tmp_path


def test_a_build_killed_inside_any_stage_goes_on_to_the_same_bits(inputs: Path) -> None:
    undisturbed = killed.build(inputs, "undisturbed")
    ended = subprocess.run([sys.executable, str(_PROGRAM), str(inputs)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for stage in ("start", "align", "instruct"):
        work = inputs / stage / ".multimodal_model.work"
        assert list((work / stage).rglob("step-0000000?")), "it was killed after a checkpoint"
        assert not (inputs / stage / "multimodal_model").exists()
        again = killed.build(inputs, stage)
        assert again.digest == undisturbed.digest
        assert again.manifest.files == undisturbed.manifest.files
        assert not work.exists()


def test_what_is_written_can_be_read_and_tells_what_trained(inputs: Path, lesson: Lesson) -> None:
    built = MultimodalModelArtifact.open(killed.build(inputs, "model").path)
    assert {name.split("/")[0] for name in built.manifest.files} == {
        "config.json", "connector", "encoder.json", "language", "recipe.json", "tokenizer.json", "training.jsonl"
    }  # fmt: skip
    recipe = built.recipe()
    assert recipe["name"] == "laptop"
    assert recipe["departures"]
    names = {stage["name"]: set(stage["trainable"]) for stage in recipe["stages"]}
    connector = {name for name, _ in built.model().named_parameters() if name.startswith("connector.")}
    assert names["start"] == names["align"] == connector
    assert names["instruct"] == {name for name, _ in built.model().named_parameters()}
    rows = built.training()
    for stage in recipe["stages"]:
        steps = [row.step for row in rows if row.stage == stage["name"]]
        assert steps == list(range(1, stage["steps"] + 1))
        assert stage["steps"] == stage["epochs"] * (24 // min(24, stage["batch"]))
    assert rows[0].loss > next(row for row in rows if row.stage == "start" and row.step == 6).loss
    encoder = json.loads((built.path / "encoder.json").read_text())
    assert encoder["digest"] == Features.open(inputs / "features").encoder_digest
    assert built.config()["image_tokens"] == lesson.grid.shape[1]


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


def test_it_learns_to_see(
    lesson: Lesson,
    language: Callable[[], LlamaForCausalLM],
    tokenizer: Tokenizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast = find_recipe("laptop").model_copy(
        update={"stages": tuple(one.model_copy(update={"learning_rate": 5e-3}) for one in find_recipe("laptop").stages)}
    )
    monkeypatch.setattr(config_module, "find_recipe", lambda name: fast)
    config = AdaptConfig(seed=0, threads=1, hidden=16, epochs={"start": 40, "align": 0, "instruct": 150})
    model, _, _ = training.train(config, language(), tokenizer, lesson, tmp_path)
    prompt, choices = prompt_ids(tokenizer, "Which colour?"), [answer_ids(tokenizer, colour) for colour in COLOURS]
    seen = TorchEngine(model).score([prompt] * 24, [choices] * 24, {"grid": lesson.grid})
    assert np.mean([choose(scores) == index % 3 for index, scores in enumerate(seen)]) > 0.9


def test_a_stage_that_changes_what_it_froze_is_refused(
    lesson: Lesson,
    language: Callable[[], LlamaForCausalLM],
    tokenizer: Tokenizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def meddling(model, *arguments, **settings):
        with torch.no_grad():
            model.language.model.norm.weight.add_(1)
        return Fitted([], {})

    monkeypatch.setattr(training, "fit", meddling)
    with pytest.raises(TrainableError, match="stage 'start' changed parameters that it froze"):
        training.train(AdaptConfig.parse(killed.PROFILE), language(), tokenizer, lesson, tmp_path)


def test_features_of_other_images_are_refused(inputs: Path, lesson: Lesson) -> None:
    (inputs / "features" / "conversations" / "grid.00000.safetensors").unlink()
    (inputs / "features" / "manifest.json").unlink()

    write_shard(inputs / "features", "conversations", 0, {"grid": lesson.grid[:7].numpy()})
    sign(inputs / "features", Features)
    with pytest.raises(ValueError, match="has features of 7 images, .* has 24 images: they do not belong together"):
        killed.build(inputs, "model")


def test_a_changed_byte_of_an_input_is_refused_by_name(inputs: Path) -> None:
    path = inputs / "conversations" / "conversations.json"
    path.write_text(path.read_text().replace("red", "rad", 1))
    with pytest.raises(ArtifactError, match=r"conversations\.json is not what was written"):
        killed.build(inputs, "model")


def test_images_without_turns_of_a_stage_are_refused(lesson: Lesson, tokenizer: Tokenizer) -> None:
    captions = {image: [turn for turn in turns if turn.kind == "caption"] for image, turns in lesson.turns.items()}
    muted = Lesson(lesson.images, lesson.grid, captions)
    stage = find_recipe("laptop").stages[-1].model_copy(update={"data": ("instruct",)})
    words = caption_words([caption_of(captions[image]) for image in lesson.images], tokenizer)
    with pytest.raises(ValueError, match="stage 'instruct' trains on instruct turns, but no image has any"):
        training.stage_batches(stage, muted, words, tokenizer, 4, [0])


def test_the_component_runs_the_build(inputs: Path) -> None:
    from inkling.components.adapt.component import adapt

    places = {
        name: type("Place", (), {"path": str(inputs / name)})
        for name in ("language_model", "conversations", "features")
    }
    output = type("Place", (), {"path": str(inputs / "run" / "multimodal_model")})
    adapt.python_func(json.dumps(killed.PROFILE), **places, multimodal_model=output)
    assert MultimodalModelArtifact.open(output.path).recipe()["name"] == "laptop"
