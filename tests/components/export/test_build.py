"""The bundle: what is in it, that its graphs answer as the network, and that a wrong one does not pass."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.export.build import build_bundle
from inkling.components.export.config import ExportConfig
from inkling.components.export.graphs import export_graphs
from inkling.components.export.parity import Parity, ParityError, embed_images
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest
from inkling.models.connectors import CONNECTORS
from inkling.models.fusion import FUSIONS
from inkling.models.fusion.prefix import PrefixFusion, PrefixSpec
from inkling.models.inference.onnx_engine import DECODER, EMBEDDING, VISION, OnnxEngine
from inkling.models.inference.torch_engine import TorchEngine
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.vision import ENCODERS


def check(served, graphs: Path, tolerance: float = 1e-3):
    model, questions = MultimodalModelArtifact.open(served.multimodal_model), Questions.open(served.questions)
    features, answers = Features.open(served.features), Answers.open(served.answers)
    sessions = OnnxEngine(graphs, 96, 1, "cpu")
    images = embed_images(
        sessions, questions.images(), {"grid": features.view("questions")}, features.encoder.preprocessing, 2
    )
    recorded = {(answer.question_id, answer.view): answer for answer in answers.answers()}
    parity = Parity(
        sessions, TorchEngine(MultimodalModel.load(model.path)), model.tokenizer(), images, recorded, tolerance
    )
    return parity.check(questions.questions(), 4, 2)


def copied_graphs(served, directory: Path) -> Path:
    for name in (VISION, EMBEDDING, DECODER):
        shutil.copyfile(served.bundle / name, directory / name)
    return directory


def change_weight(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    graph = onnx.load(path)
    weight = max(graph.graph.initializer, key=lambda one: np.prod(one.dims))
    weight.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(weight)).astype(np.float32), weight.name))
    path.write_bytes(graph.SerializeToString())


def test_holds_what_a_server_needs(served):
    bundle = Bundle.open(served.bundle)
    described = {"tokenizer.json", "preprocessing.json", "README.md", "evaluation.json", "parity.json"}
    assert set(bundle.manifest.files) == {VISION, EMBEDDING, DECODER, *described}
    assert bundle.preprocessing()["context"] == 96
    assert bundle.preprocessing()["image"] == {"image_size": 224, "mean": 127.0, "scale": 128.0, "crop": False}
    assert bundle.evaluation() == Answers.open(served.answers).summary()


def test_compares_every_question_in_both_served_views(served):
    views = Bundle.open(served.bundle).parity()["views"]
    assert {view: found["questions"] for view, found in views.items()} == {"visual": 12, "blind": 12}
    assert all(0 < found["largest_difference"] < 1e-4 for found in views.values())


def test_card_says_use_data_scores_and_limits(served):
    card = Bundle.open(served.bundle).card()
    headings = (
        "Intended use",
        "Data and licences",
        "Recipe",
        "Scores",
        "Blind behaviour",
        "ONNX against torch",
        "Limits",
    )
    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == list(headings)
    assert "| novels | 100.0% | 1,234 | 0.5 |" in card
    assert "| none | caption | next_token (1) | connector | 0 x 8 | 0.001 | 10% |" in card
    assert "nothing was trained" in card
    assert "CC-BY-SA-4.0" in card
    test = Answers.open(served.answers).summary()["suites"]["scenes"]["splits"]["test"]["mean"]["views"]["visual"]
    assert f"{test['value']:.1%} [{test['low']:.1%}, {test['high']:.1%}]" in card
    answers = Answers.open(served.answers).answers(split="test")
    chosen = {
        view: {one.question_id: one.choice for one in answers if one.view == view} for view in ("visual", "blind")
    }
    same = np.mean([chosen["blind"][key] == choice for key, choice in chosen["visual"].items()])
    assert f"{same:.1%} of the answers are the same in both" in card


def test_same_bytes_in_another_process(served, tmp_path):
    program = (
        "import sys; from inkling.components.export.build import build_bundle as b;"
        "from inkling.components.export.config import ExportConfig as C; b(C(threads=1, batch_size=5), *sys.argv[1:])"
    )
    inputs = [served.multimodal_model, served.questions, served.features, served.answers]
    subprocess.run(
        [sys.executable, "-c", program, *map(str, inputs), str(tmp_path / "again")], check=True, cwd=tmp_path
    )
    assert Manifest.read(tmp_path / "again").files == Manifest.read(served.bundle).files


def test_graphs_hold_no_path_of_this_machine(served):
    for name in (VISION, EMBEDDING, DECODER):
        content = (served.bundle / name).read_bytes()
        assert b".py" not in content
        assert str(Path.cwd()).encode() not in content


@pytest.mark.parametrize("graph", [VISION, EMBEDDING, DECODER])
def test_wrong_weight_is_named_with_its_question(served, tmp_path, graph):
    directory = copied_graphs(served, tmp_path)
    change_weight(directory / graph, lambda weight: weight * 1.02)
    with pytest.raises(ParityError, match=r"question colour-\d+ \((visual|blind)\): a logit .* differs"):
        check(served, directory)


def test_other_choice_is_named_even_within_the_tolerance(served, tmp_path):
    directory = copied_graphs(served, tmp_path)
    change_weight(directory / DECODER, lambda weight: -weight)
    with pytest.raises(ParityError, match=r"question colour-\d+ \(visual\): the exported graph chooses"):
        check(served, directory, tolerance=1e9)


def test_not_a_number_does_not_pass(served, tmp_path):
    directory = copied_graphs(served, tmp_path)
    change_weight(directory / DECODER, lambda weight: weight * np.nan)
    with pytest.raises(ParityError, match="differs from torch's by nan"):
        check(served, directory)


def test_answers_to_other_questions_are_refused(served, tmp_path):
    few = Answers.open(served.answers)
    other = tmp_path / "answers"
    other.mkdir()
    write_answers(other, few.answers()[:5], few.summary())
    made = few.manifest.provenance
    Manifest.describe(other, Answers.type, Answers.schema, made).write(other)
    with pytest.raises(ParityError, match="the answers hold none to it"):
        build_bundle(
            ExportConfig(threads=1),
            served.multimodal_model,
            served.questions,
            served.features,
            other,
            tmp_path / "bundle",
        )
    assert not (tmp_path / "bundle").exists()


def test_changed_byte_of_a_bundle_is_refused_by_name(served, tmp_path):
    copy = tmp_path / "bundle"
    shutil.copytree(served.bundle, copy)
    path = copy / DECODER
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=DECODER):
        Bundle.open(copy)


def test_parity_file_is_plain_json(served):
    assert json.loads((served.bundle / "parity.json").read_text())["same_choice"] is True


def test_config_refuses_what_it_does_not_know():
    with pytest.raises(ConfigError, match=r"export\.tolerances"):
        ExportConfig.parse("export: {tolerances: 1}")


def test_features_of_other_images_are_refused(served):
    questions, features = Questions.open(served.questions), Features.open(served.features)
    with pytest.raises(ValueError, match="of 11 images, the questions have 12"):
        embed_images(
            None, questions.images(), {"grid": features.view("questions")[1:]}, features.encoder.preprocessing, 1
        )


def test_a_fusion_that_the_graphs_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    language = load_preset("tiny")
    connector = CONNECTORS.read("mlp").build({"grid": (4, 6)}, language.hidden_size)
    model = MultimodalModel(language.build(40, 0), connector, FUSIONS.read("cross_attention").build(language))
    with pytest.raises(ValueError, match="cannot hold the fusion 'cross_attention'"):
        export_graphs(model, 224, tmp_path)
    assert not list(tmp_path.iterdir())


class MeanSpec(PrefixSpec):
    """A position for the mean image token."""

    def positions(self, image_tokens: int) -> int:
        """One."""
        return 1


class MeanFusion(PrefixFusion):
    """Keeps the mean of the image tokens."""

    def remember(self, image_tokens: torch.Tensor) -> dict[str, torch.Tensor]:
        """The mean image token (batch, 1, hidden_size)."""
        return {"image_tokens": image_tokens.mean(1, keepdim=True)}


def test_what_a_fusion_keeps_of_an_image_comes_out_of_the_graph_by_name_and_answers_alike(tmp_path: Path) -> None:
    spec, language = ENCODERS.read("tiny-random"), load_preset("tiny")
    connector = CONNECTORS.read("mlp").build({"grid": spec.views["grid"]}, language.hidden_size)
    torch.nn.init.normal_(connector.positions)
    fusion = MeanFusion(MeanSpec(), language)
    model = MultimodalModel(language.build(40, 0), connector, fusion, encoder=spec.build(["grid"])).eval()
    size = spec.preprocessing.image_size
    export_graphs(model, size, tmp_path)
    outputs = onnxruntime.InferenceSession(str(tmp_path / "vision.onnx")).get_outputs()
    assert [one.name for one in outputs] == ["image_tokens"]
    pixels = np.random.default_rng(0).normal(size=(2, 3, size, size)).astype(np.float32)
    exported = OnnxEngine(tmp_path, 64, 1, "cpu")
    with torch.inference_mode():
        seen = {"grid": model.encoder(torch.from_numpy(pixels))[0]}
        expected = TorchEngine(model).prefill([[5, 6, 7], [8, 9]], seen).logits
    kept = exported.embed_images(pixels)
    assert kept.shape == (2, 1, language.hidden_size)
    found = exported.prefill([[5, 6, 7], [8, 9]], kept).logits
    np.testing.assert_allclose(found, expected, atol=1e-4)

    fusion.remember = lambda tokens: {"keys": tokens, "values": tokens}
    with pytest.raises(ValueError, match="keeps keys, values of an image, and the ONNX decoder takes image_tokens"):
        export_graphs(model, size, tmp_path / "other")


def test_the_vision_graph_cuts_crops_out_of_the_whole_picture(tmp_path: Path) -> None:
    spec, language, view = ENCODERS.read("tiny-random"), load_preset("tiny"), "quarters.grid"
    connector = CONNECTORS.read({"type": "mlp", "view": view}).build(spec.all_views, language.hidden_size)
    model = MultimodalModel(language.build(40, 0), connector, encoder=spec.build([view])).eval()
    size = spec.preprocessing_of([view]).image_size
    export_graphs(model, size, tmp_path)
    pixels = np.random.default_rng(0).normal(size=(3, 3, size, size)).astype(np.float32)
    with torch.inference_mode():
        expected = connector(*model.encoder(torch.from_numpy(pixels)))
    assert expected.shape == (3, 64, language.hidden_size)
    np.testing.assert_allclose(OnnxEngine(tmp_path, 96, 1, "cpu").embed_images(pixels), expected, atol=1e-5)
