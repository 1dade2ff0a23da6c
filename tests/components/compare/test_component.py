"""The fan-in as KFP does it, out of a loop within a loop: runs keep their recipe, and the table has all of them."""

import builtins
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from kfp import compiler, components, dsl, local

from inkling.components.compare.component import compare, compare_part


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def answer(
    recipe: dsl.Input[dsl.Dataset], size: str, answers: dsl.Output[dsl.Dataset], language_model: dsl.Output[dsl.Model]
) -> None:
    """Hands on the answers and the language model of a size that lie somewhere."""
    import shutil
    from pathlib import Path

    shutil.copytree(Path(recipe.path) / f"{size}-answers", answers.path)
    shutil.copytree(Path(recipe.path) / f"{size}-model", language_model.path)


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def given(place: str, recipe: dsl.Output[dsl.Dataset]) -> None:
    """Hands on a recipe that lies somewhere."""
    import shutil

    shutil.copytree(place, recipe.path)


@dsl.pipeline(name="fan-in")
def fan_in(texts: list, variants: list, pretrained: dict, baseline: str):  # type: ignore[no-untyped-def,type-arg]
    def score(text, recipe):  # type: ignore[no-untyped-def]
        with dsl.ParallelFor(items=variants, parallelism=2) as run:
            one = answer(recipe=recipe, size=run.size)
            other = answer(recipe=recipe, size=run.size)
        scored = None
        for label, task in (("mlp", one), ("pool", other)):
            earlier = {"earlier": scored} if scored else {}
            scored = compare_part(
                config="{}",
                labels={"adapt.connector": label},
                pretrained=pretrained,
                answers=dsl.Collected(task.outputs["answers"]),
                language_models=dsl.Collected(one.outputs["language_model"]),
                text=text,
                **earlier,
            ).outputs["scored"]
        return scored

    unread = score(json.dumps({"mixture.recipe": "no pretraining"}), given(place=baseline).outputs["recipe"])
    with dsl.ParallelFor(items=texts, parallelism=2) as text:
        scored = score(text.labels, given(place=text.place).outputs["recipe"])
    compare(config="{}", scored=dsl.Collected(scored), more=unread)


@pytest.mark.filterwarnings("ignore")
def test_runs_out_of_two_loops_keep_their_labels(
    answers_of: Callable[..., Path],
    model_of: Callable[..., Path],
    pretrained_of: Callable[..., dict[str, dict[str, str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # KFP indents what is printed by replacing `print`; threads of its loops put one another's replacement back.
    monkeypatch.setattr(builtins, "print", print)
    rights = {"mix6": 30, "mix0": 12, "no pretraining": 8}
    models = []
    for name, right in rights.items():
        for more, size in enumerate(("tiny", "laptop")):
            answers_of(tmp_path / name / f"{size}-answers", right + more)
            models.append(model_of(tmp_path / name / f"{size}-model", right / 10 + more, preset=size))
    pretrained = pretrained_of(*models, axes=("preset",))
    compiler.Compiler().compile(fan_in, str(tmp_path / "pipeline.yaml"))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"))
    components.load_component_from_file(str(tmp_path / "pipeline.yaml"))(
        texts=[
            {"labels": json.dumps({"mixture.recipe": name}), "place": str(tmp_path / name)} for name in ("mix6", "mix0")
        ],
        variants=[{"size": size} for size in ("tiny", "laptop")],
        pretrained=pretrained,
        baseline=str(tmp_path / "no pretraining"),
    )
    (scores,) = (tmp_path / "root").glob("*/compare/scores/scores.json")
    found = json.loads(scores.read_text())["runs"]
    runs = [(name, connector, size) for name in rights for connector in ("mlp", "pool") for size in ("tiny", "laptop")]
    axes = ("mixture.recipe", "adapt.connector", "pretrain.preset")
    assert [tuple(row["labels"][axis] for axis in axes) for row in found] == runs
    (page,) = (tmp_path / "root").glob("*/compare/page")
    said = page.read_text()
    assert "12 runs, 1 seeds a point" in said and "adapt.connector=pool" in said
    assert not re.findall(r"https?:|<script|<link|<img|src=", said)
    shares = [row["suites"]["scenes"]["visual"]["value"] for row in found]
    assert shares == [pytest.approx((rights[name] + (size == "laptop")) / 40) for name, _, size in runs]
    losses = [row["heldout"]["nats_per_token"]["value"] for row in found]
    assert losses == [pytest.approx(rights[name] / 10 + (size == "laptop"), abs=0.05) for name, _, size in runs]
