"""The fan-in as KFP does it: the answers of a loop arrive in the order of its items, and seeds as broken numbers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kfp import compiler, components, dsl, local

from inkling.components.compare.component import compare


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def answer(place: str, read: str, answers: dsl.Output[dsl.Dataset], language_model: dsl.Output[dsl.Model]) -> None:
    """Hands on answers and a language model that lie somewhere."""
    import shutil

    shutil.copytree(place, answers.path)
    shutil.copytree(read, language_model.path)


@dsl.pipeline(name="fan-in")
def fan_in(runs: list):  # type: ignore[no-untyped-def,type-arg]
    with dsl.ParallelFor(items=runs, parallelism=2) as run:
        one = answer(place=run.place, read=run.read)
    answers, models = dsl.Collected(one.outputs["answers"]), dsl.Collected(one.outputs["language_model"])
    compare(config="{}", runs=runs, answers=answers, language_models=models)


@pytest.mark.filterwarnings("ignore")
def test_the_answers_of_a_loop_come_in_its_order(
    answers_of: Callable[..., Path], model_of: Callable[..., Path], tmp_path: Path
) -> None:
    rights = {"mix6": 30, "mix0": 12, "nothing": 8}
    runs = [
        {
            "recipe": name, "size": "tiny", "seed": 0, "place": str(answers_of(tmp_path / name, right)),
            "read": str(model_of(tmp_path / f"{name}-model", right / 10)),
        }
        for name, right in rights.items()
    ]  # fmt: skip
    compiler.Compiler().compile(fan_in, str(tmp_path / "pipeline.yaml"))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))
    components.load_component_from_file(str(tmp_path / "pipeline.yaml"))(runs=runs)
    (scores,) = (tmp_path / "root").glob("*/compare/scores/scores.json")
    found = json.loads(scores.read_text())["runs"]
    assert {row["recipe"]: row["views"]["visual"]["value"] for row in found} == {
        name: pytest.approx(right / 40) for name, right in rights.items()
    }
    losses = {row["recipe"]: row["heldout"]["nats_per_token"]["value"] for row in found}
    assert losses == {name: pytest.approx(right / 10, abs=0.05) for name, right in rights.items()}
