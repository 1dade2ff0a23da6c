"""The compiled IR: golden files, the platform spec, Kubernetes-native objects and pod policies.

The golden files hold the IR without the source of the components, which changes with every stage and says nothing of
the pipeline. After a change that is meant, write them again:

    python tests/pipelines/test_ir.py
"""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

import inkling
from inkling.components.shared.config import ConfigError
from inkling.pipelines import profiles
from inkling.pipelines.cli import app
from inkling.pipelines.ir import (
    compile_for_cluster,
    compile_monitor_for_cluster,
    compile_pipeline,
    compile_study_for_cluster,
    compile_table_for_cluster,
    optional_stages,
    read_ir,
    refuse_local_data,
    version_name,
)
from inkling.pipelines.study import file as study_file
from inkling.pipelines.study.plan import StudyPlan

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(inkling.__file__).parent.parent / "shared" / "crds"
LABELLED = "mixture.recipe={labels: {reasoning: 0.6}}"
CASES = {
    "visual-prior.gpu": ("gpu", []),
    "visual-prior.cluster": ("cluster", []),
    "visual-prior-labelled.cluster": ("cluster", [LABELLED]),
    "study.gpu": ("gpu", []),
    "study.cluster": ("cluster", []),
    "study-table.cluster": ("cluster", []),
    "monitor.cluster": ("cluster", []),
}
CLUSTER = "visual-prior.cluster"
TABLES = [f"minio://mlpipeline/v2/artifacts/study/{run}/compare/run_scores" for run in ("one", "two", "three")]


def compile_case(case: str, directory: Path) -> Path:
    """Compiles a case and returns its IR with the platform spec."""
    profile, overrides = CASES[case]
    text = profiles.load(profile, overrides)
    plan = StudyPlan.of(study_file.load("interpolation"), text) if case.startswith("study") else None
    if plan and case.startswith("study-table"):
        compile_table_for_cluster(plan, TABLES, text, directory)
    elif plan:
        compile_study_for_cluster(plan, text, directory)
    elif case.startswith("monitor"):
        compile_monitor_for_cluster(text, directory)
    else:
        compile_for_cluster(text, directory)
    return directory / "pipeline.yaml"


def stripped(path: Path) -> str:
    """The IR and the platform spec without the source of the components."""
    documents = list(yaml.load_all(path.read_text(), yaml.CSafeLoader))
    for executor in documents[0]["deploymentSpec"]["executors"].values():
        if "container" in executor:
            executor["container"]["command"] = ["..."]
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cluster")
    compile_case(CLUSTER, directory)
    return directory


@pytest.mark.parametrize("case", CASES)
def test_the_compiled_pipeline_is_the_golden_one(case: str, cluster: Path, tmp_path: Path) -> None:
    path = cluster / "pipeline.yaml" if case == CLUSTER else compile_case(case, tmp_path)
    assert stripped(path) == (GOLDEN / f"{case}.yaml").read_text(), "see the head of this file"


def test_compiling_again_gives_the_same_bytes(cluster: Path, tmp_path: Path) -> None:
    compile_for_cluster(profiles.load("cluster"), tmp_path)
    for path in cluster.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_preflight_comes_first_and_the_epilogue_last_whatever_happens(tmp_path: Path) -> None:
    compile_for_cluster(profiles.load("cluster", ["corpus.parts=1", "mixture.parts=1"]), tmp_path)
    ir = read_ir(tmp_path / "pipeline.yaml")
    epilogue = ir["root"]["dag"]["tasks"]["epilogue"]
    assert epilogue["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    tasks = ir["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert [name for name, task in tasks.items() if not task.get("dependentTasks")] == ["preflight"]
    assert "retryPolicy" not in tasks["preflight"]
    assert tasks["pretrain"]["retryPolicy"]["maxRetryCount"] == 3


def test_a_placement_reaches_the_platform_spec(cluster: Path) -> None:
    ir, platform = yaml.load_all((cluster / "pipeline.yaml").read_text(), yaml.CSafeLoader)
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    pretrain = executors["exec-pretrain"]
    assert pretrain["nodeSelector"]["labels"] == {"inkling/pool": "gpu"}
    assert pretrain["emptyDirMounts"][0]["sizeLimit"] == "16Gi"
    assert pretrain["podMetadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "inkling-gpu"
    assert all(secret.get("optional") for secret in executors["exec-preflight"]["secretAsEnv"])
    assert not any(secret.get("optional") for secret in pretrain["secretAsEnv"])
    assert all(executor["securityContext"]["runAsNonRoot"] for executor in executors.values())
    resources = ir["deploymentSpec"]["executors"]["exec-pretrain"]["container"]["resources"]
    assert resources["accelerator"]["resourceType"] == "nvidia.com/gpu"


def test_a_stage_whose_ranks_have_pods_of_their_own_holds_no_accelerator(tmp_path: Path) -> None:
    ranks = [
        "pretrain.strategy=ddp", "pretrain.processes=8", "pretrain.batch=8",
        "pretrain.launch={scheduler: kubernetes, storage: {uri: 's3://inkling/ranks'}}",
        "placement.stages.pretrain.accelerator.count=8",
        f"placement.images={{inkling/train-gpu: 'registry.example/train@sha256:{'a' * 64}'}}",
    ]  # fmt: skip
    compile_for_cluster(profiles.load("cluster", ranks), tmp_path)
    ir, platform = yaml.load_all((tmp_path / "pipeline.yaml").read_text(), yaml.CSafeLoader)
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors["exec-pretrain"]["nodeSelector"]["labels"] == {"inkling/pool": "cpu"}
    assert "accelerator" not in ir["deploymentSpec"]["executors"]["exec-pretrain"]["container"]["resources"]
    assert executors["exec-adapt"]["nodeSelector"]["labels"] == {"inkling/pool": "gpu"}


def test_no_secret_value_and_no_placement_stands_in_the_local_ir(tmp_path: Path) -> None:
    compile_pipeline(tmp_path / "pipeline.yaml")
    documents = list(yaml.load_all((tmp_path / "pipeline.yaml").read_text(), yaml.CSafeLoader))
    assert len(documents) == 1
    assert "resources" not in json.dumps(documents)


def test_suites_are_read_between_the_scenes_and_the_encoder(tmp_path: Path) -> None:
    compile_pipeline(tmp_path / "pipeline.yaml", ["suites"])
    groups = read_ir(tmp_path / "pipeline.yaml")["components"].values()
    tasks = next(group["dag"]["tasks"] for group in groups if "suites" in group.get("dag", {}).get("tasks", {}))
    sources = {
        name: [
            one["taskOutputArtifact"]["producerTask"]
            for key, one in task.get("inputs", {}).get("artifacts", {}).items()
            if key in ("questions", "scenes")
        ]
        for name, task in tasks.items()
    }
    assert sources["suites"] == sources["corpus"] == ["scenes"], "adding a suite does not change the text"
    for name in ("encode", "evaluate", "evaluate-2", "export", "rehearse", "analyze"):
        assert sources[name] == ["suites"]


def test_only_a_profile_that_names_other_suites_has_the_stage() -> None:
    scenes = {"name": "mine", "artifact": "questions"}
    for read, needed in ((["scenes", "transfer"], False), (["scenes"], True), ([{"suite": "scenes", **scenes}], True)):
        stages = optional_stages(profiles.load("tiny", [f"suites.read={json.dumps(read)}"]))
        assert stages == ({"suites", "probe"} if needed else {"probe"})
    assert optional_stages(profiles.load("tiny")) == {"probe"}
    assert not optional_stages(profiles.load("tiny", ["probe.probes=[]"]))


def test_data_of_this_machine_are_refused_for_a_cluster(tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text('{"q": "?", "i": "", "a": "x", "b": "y", "r": "A"}\n')
    columns = {"question": "q", "image": "i", "choices": ["a", "b"], "answer": "r"}
    suite = {"suite": "mmbench", "data": str(data), "columns": columns, "splits": {}, "where": {}}
    read = f"suites.read={json.dumps([suite])}"
    profile = profiles.load("gpu", [read])
    with pytest.raises(ConfigError, match=r"suites.read names what lies on this machine \(.*rows.jsonl\)"):
        refuse_local_data(profile)
    result = CliRunner().invoke(
        app, ["compile", "--profile", "gpu", "--output", str(tmp_path / "compiled"), "--set", read]
    )
    assert result.exit_code
    assert not (tmp_path / "compiled").exists()
    refuse_local_data(profiles.load("gpu"))


@pytest.mark.parametrize("setting", ["corpus.catalogue", "corpus.benchmarks", "mixture.tokenizer", "encode.encoder"])
def test_what_pods_cannot_have_is_refused_by_setting_before_anything_is_written(setting: str, tmp_path: Path) -> None:
    values = {
        "corpus.catalogue": ["packages", _catalogue(tmp_path)],
        "corpus.benchmarks": [_written(tmp_path / "questions.jsonl", '{"question": "?"}\n')],
        "mixture.tokenizer": _tokenizer(tmp_path),
        "encode.encoder": {"type": "hugging-face", "path": _encoder(tmp_path / "clip")},
    }
    given = f"{setting}={json.dumps(values[setting])}"
    refused = rf"{setting} names what lies on this machine \({tmp_path}.*\), where pods cannot read it"
    with pytest.raises(ConfigError, match=refused):
        refuse_local_data(profiles.load("gpu", [given]))
    output = tmp_path / "compiled"
    result = CliRunner().invoke(app, ["compile", "--profile", "gpu", "--output", str(output), "--set", given])
    assert result.exit_code and not output.exists()
    (tmp_path / "study.yaml").write_text(
        json.dumps({"title": "one", "source": "here", "axes": {setting: {"mine": values[setting]}}})
    )
    command = ["study", str(tmp_path / "study.yaml"), "--profile", "gpu", "--output", str(output)]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, ConfigError) and re.search(refused, str(result.exception))
    assert not output.exists()


def _written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def _catalogue(folder: Path) -> str:
    (folder / "notes.txt").write_text("a quiet river " * 500)
    entry = {"quality": "real", "description": "notes", "licence": "CC0", "files": ["notes.txt"]}
    return _written(folder / "mine.yaml", json.dumps({"notes": entry}))


def _encoder(folder: Path) -> str:
    folder.mkdir()
    _written(
        folder / "config.json", json.dumps({"model_type": "clip_vision_model", "image_size": 56, "patch_size": 14})
    )
    _written(folder / "model.safetensors", "")
    return str(folder)


def _tokenizer(folder: Path) -> str:
    from inkling.components.mixture.tokenizer import train_tokenizer

    train_tokenizer([f"a quiet river {number:b} garden" for number in range(500)], 300).save(
        str(folder / "tokenizer.json")
    )
    return str(folder / "tokenizer.json")


def _schema(item: dict[str, Any]) -> dict[str, Any]:
    path = SCHEMAS / f"{item['apiVersion'].replace('/', '_')}_{item['kind']}.json.gz"
    if not path.exists():
        pytest.skip(f"no schema of {item['kind']}: {path.name} is not in shared/crds beside the checkout")
    return json.loads(gzip.decompress(path.read_bytes()))["openAPIV3Schema"]


def test_pipeline_and_version_are_valid_and_hold_the_same_ir(cluster: Path) -> None:
    import jsonschema

    pipeline, version = yaml.load_all((cluster / "resources.yaml").read_text(), yaml.CSafeLoader)
    ir, platform = yaml.load_all((cluster / "pipeline.yaml").read_text(), yaml.CSafeLoader)
    assert (pipeline["kind"], version["kind"]) == ("Pipeline", "PipelineVersion")
    assert version["spec"]["pipelineName"] == pipeline["metadata"]["name"] == "visual-prior"
    assert (version["spec"]["pipelineSpec"], version["spec"]["platformSpec"]) == (ir, platform)
    for item in (pipeline, version):
        jsonschema.validate(item, _schema(item))


def test_a_version_is_named_by_what_it_holds_as_the_endpoint_names_it(cluster: Path, tmp_path: Path) -> None:
    def named(directory: Path) -> str:
        _, version = yaml.load_all((directory / "resources.yaml").read_text(), yaml.CSafeLoader)
        assert version["metadata"]["name"] == version_name(directory / "pipeline.yaml")
        return version["metadata"]["name"]

    first = named(cluster)
    assert re.fullmatch(r"visual-prior-[0-9a-f]{12}", first)
    for number, (overrides, same) in enumerate((([], True), (["placement.stages.pretrain.memory=97Gi"], False))):
        compile_for_cluster(profiles.load("cluster", overrides), tmp_path / str(number))
        assert (named(tmp_path / str(number)) == first) is same


def test_pod_policies_are_valid_and_set_what_kfp_cannot(cluster: Path) -> None:
    policies = list(yaml.load_all((cluster / "pod-policies.yaml").read_text(), yaml.CSafeLoader))
    for policy in policies:
        kubernetes_validate.validate(policy, "1.36", strict=True)
    text = json.dumps(next(policy for policy in policies if policy["metadata"]["name"] == "inkling-pretrain"))
    assert "inkling-training" in text
    assert "ephemeral-storage" in text
    policies[0]["spec"]["matchConstrains"] = policies[0]["spec"].pop("matchConstraints")
    with pytest.raises(kubernetes_validate.ValidationError, match="matchConstrains"):
        kubernetes_validate.validate(policies[0], "1.36", strict=True)


def test_policies_of_two_namespaces_do_not_replace_each_other(cluster: Path, tmp_path: Path) -> None:
    compile_for_cluster(profiles.load("cluster", ["placement.namespace=other"]), tmp_path)
    ours, others = (
        {one["metadata"]["name"] for one in yaml.load_all((path / "pod-policies.yaml").read_text(), yaml.CSafeLoader)}
        for path in (cluster, tmp_path)
    )
    assert ours and others and not ours & others


def test_images_by_tag_are_reported(tmp_path: Path) -> None:
    digest = f"registry.example/inkling/serve@sha256:{'b' * 64}"
    images = yaml.safe_dump({"inkling/serve": digest}, default_flow_style=True).strip()
    told = compile_for_cluster(profiles.load("gpu", [f"placement.images={images}"]), tmp_path).unpinned
    assert told == ("inkling/train-cpu:0.1.0", "inkling/train-gpu:0.1.0")
    assert digest in (tmp_path / "pipeline.yaml").read_text()


if __name__ == "__main__":
    import tempfile

    GOLDEN.mkdir(exist_ok=True)
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            (GOLDEN / f"{name}.yaml").write_text(stripped(compile_case(name, Path(folder))))
