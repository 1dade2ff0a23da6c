"""The rehearsal's answers and rates: what is compared is the same, what differs is seen, what is missing is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from parts import answers, random_model, serving
from parts.serving import Serving
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from unit import Row

SIZES = yaml.safe_load(Path(__file__).with_name("sizes.yaml").read_text())["rehearsal"]["served"]
ASKED = {**SIZES["answers"], "device": "cpu", "threads": 1}
PART = Serving()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    folder = tmp_path_factory.mktemp("served")
    units = sorted(
        PART.units(SIZES, folder / "data", folder / "work"), key=lambda unit: not unit.name.startswith("answers")
    )
    return [Row("served", unit.name, 1.0, unit.run()) for unit in units]


def test_answers_have_leads_that_rounding_does_not_turn(rows: list[Row]) -> None:
    text = PART.tables(rows)
    for row, engine in zip(rows, ("torch", "onnx"), strict=False):
        found = row.figures
        assert found["right"] is True
        assert found["same"] == found["questions"] == SIZES["answers"]["questions"]
        assert found["nats"] <= found["tolerance"] < found["lead"]
        assert f"| answers, {engine} | micro, random weights | cpu | 32 | 32 |" in text


def test_engines_are_asked_the_same(tmp_path: Path) -> None:
    graphs, network = answers._asked_graphs(ASKED, tmp_path / "none", tmp_path), answers._asked_network(ASKED)
    found = answers.compare(replace(graphs, ways=(graphs.ways[0], network.ways[0])), 16, 8)
    assert found["same"] == 16 and 0 < found["logits"] < 1e-4


def test_answers_of_other_weights_are_found_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers._asked_network(ASKED)
    monkeypatch.setattr(random_model, "SHARPNESS", 4.04)
    nearly = answers.compare(replace(asked, ways=(asked.ways[0], answers._asked_network(ASKED).ways[0])), 16, 8)
    assert nearly["same"] == 16 and nearly["nats"] > 1e-3 and nearly["logits"] > 1e-3
    monkeypatch.setattr(random_model, "SHARPNESS", -4.0)
    assert (
        answers.compare(replace(asked, ways=(asked.ways[0], answers._asked_network(ASKED).ways[0])), 16, 8)["same"] < 16
    )


def test_all_engines_say_the_same_and_each_has_a_rate(rows: list[Row]) -> None:
    network = rows[2]
    text = PART.tables(rows)
    for streams in ("1", "4"):
        engines = network.figures["streams"][streams]
        assert list(engines) == ["onnx", "torch", "transformers"]
        for name, one in engines.items():
            assert one["same"] == 1.0 and one["rate"] > 10
            assert (
                f"| {streams} | {name} | {one['rate']:,.0f} | {one['rate'] / engines['transformers']['rate']:.2f} |"
                in text
            )


def test_tokens_that_differ_are_counted() -> None:
    assert serving._same_tokens([[1, 2], [3, 4]], [[1, 2], [3, 5]]) == 0.75


def test_the_kits_bundle_is_asked_where_there_is_one(tmp_path: Path) -> None:
    bundle = random_model.export(random_model.random_model(ASKED), tmp_path)
    Tokenizer(WordLevel({str(number): number for number in range(512)}, "0")).save(str(bundle / "tokenizer.json"))
    settings = {"context": 128, "image": {"image_size": 224}}
    (bundle / "preprocessing.json").write_text(json.dumps(settings))
    found = answers.answers("onnx", {**ASKED, "preset": "not used"}, bundle, tmp_path / "work")
    assert found["model"] == "the kit's bundle" and found["questions"] == 32
    assert not (tmp_path / "work").exists()


def test_a_runtime_without_cuda_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(RuntimeError, match=r"no CUDAExecutionProvider .*install onnxruntime-gpu"):
        answers.answers("onnx", {**ASKED, "device": "cuda"}, tmp_path / "none", tmp_path)


def test_an_engine_that_the_machine_lacks_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "lacking", lambda modules: [name for name in modules if name == "onnxruntime"])
    asked, network, onnx = PART.units(SIZES, tmp_path, tmp_path)
    assert [unit.modules for unit in (asked, onnx)] == [(), ("onnx", "onnxruntime")]
    assert (network.name, network.modules) == ("micro, fp32, without onnx", ())
    assert list(network.run()["streams"]["4"]) == ["torch", "transformers"]


def test_what_failed_leaves_the_rest_its_table(rows: list[Row]) -> None:
    text = PART.tables([Row("served", "answers, onnx", 1.0, {}, "no CUDA"), rows[2]])
    assert "same choice" not in text and "| micro, fp32 | 4 | torch |" in text
