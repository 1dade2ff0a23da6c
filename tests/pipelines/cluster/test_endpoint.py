"""Submitting, watching, reading and ending a run, against an endpoint that checks every request."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.pipelines import profiles
from inkling.pipelines.cli import app
from inkling.pipelines.cluster.endpoint import Endpoint, EndpointError
from inkling.pipelines.ir import compile_for_cluster, version_name

TOKEN = "a-valid-token"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("compiled")
    compile_for_cluster(profiles.load("cluster"), directory)
    return directory / "pipeline.yaml"


def _submit(kubeflow: Any, ir: Path, token: str | None = TOKEN) -> str:
    profile = profiles.load("cluster")
    return Endpoint(kubeflow.url, token).submit(
        ir, {"config": profile}, "first", PlacementConfig.parse(profile), "inkling"
    )


def test_a_run_is_submitted_watched_read_and_ended(kubeflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_KFP_ENDPOINT", kubeflow.url)
    monkeypatch.setenv("INKLING_KFP_TOKEN", TOKEN)
    runner = CliRunner()
    submitted = runner.invoke(app, ["submit", "--profile", "gpu", "--set", "seed=3"], catch_exceptions=False)
    run_id = submitted.output.splitlines()[-1]
    run = kubeflow.runs[run_id]
    assert run["service_account"] == "inkling-pipeline"
    assert yaml.safe_load(run["runtime_config"]["parameters"]["config"])["seed"] == 3
    status = runner.invoke(app, ["status", run_id], catch_exceptions=False).output
    assert status.index("preflight") < status.index("pretrain")
    assert "RUNNING" in status and "SUCCEEDED" in status
    logs = runner.invoke(app, ["logs", run_id, "--task", "pretrain"], catch_exceptions=False).output
    assert logs == "pretrain: pretrain-pod says: working\n"
    assert len(runner.invoke(app, ["logs", run_id], catch_exceptions=False).output.splitlines()) == 2
    runner.invoke(app, ["cancel", run_id], catch_exceptions=False)
    assert run["state"] == "CANCELING"


def test_the_watch_over_a_served_model_is_scheduled(kubeflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_KFP_TOKEN", TOKEN)
    command = ["submit", "--pipeline", "monitor", "--set", "monitor.max_blind=0.5", "--endpoint", kubeflow.url]
    runner = CliRunner()
    done = runner.invoke(app, [*command, "--cron", "0 0 6 * * *"], catch_exceptions=False)
    recurring = kubeflow.recurring[done.output.splitlines()[-1]]
    assert recurring["trigger"] == {"cron_schedule": {"cron": "0 0 6 * * *"}}
    assert (recurring["mode"], recurring["max_concurrency"], recurring["no_catchup"]) == ("ENABLE", "1", True)
    assert yaml.safe_load(recurring["runtime_config"]["parameters"]["config"])["monitor"] == {"max_blind": 0.5}
    assert not kubeflow.runs
    with pytest.raises(ConfigError, match=r"--cron '0 6 \* \* \*' has 5 fields; Kubeflow Pipelines reads 6: second"):
        runner.invoke(app, [*command, "--cron", "0 6 * * *"], catch_exceptions=False)


def test_the_same_pipeline_is_uploaded_once(kubeflow: Any, compiled: Path, tmp_path: Path) -> None:
    first, second = _submit(kubeflow, compiled), _submit(kubeflow, compiled)
    assert first != second
    uploads = kubeflow.uploads
    changed = tmp_path / "pipeline.yaml"
    changed.write_text(compiled.read_text().replace("8.0", "4.0"))
    _submit(kubeflow, changed)
    assert kubeflow.uploads == uploads + 1
    assert {version_name(path) for path in (compiled, changed)} <= {one["name"] for one in kubeflow.versions.values()}
    assert (len(kubeflow.experiments), len(kubeflow.pipelines), len(kubeflow.runs)) == (1, 1, 3)


def test_where_artifacts_go_is_part_of_the_run(kubeflow: Any, compiled: Path) -> None:
    assert kubeflow.runs[_submit(kubeflow, compiled)]["runtime_config"]["pipeline_root"] == "s3://inkling/runs"


@pytest.mark.parametrize("token", [None, "an-old-token"])
def test_a_refused_token_is_reported(kubeflow: Any, compiled: Path, token: str | None) -> None:
    with pytest.raises(EndpointError, match=r"refuses the token \(401\).*INKLING_KFP_TOKEN"):
        _submit(kubeflow, compiled, token)


def test_an_unknown_run_and_an_unknown_task_are_reported(kubeflow: Any, compiled: Path) -> None:
    endpoint = Endpoint(kubeflow.url, TOKEN)
    for ask in (endpoint.state, endpoint.cancel, lambda run: list(endpoint.logs(run))):
        with pytest.raises(EndpointError, match="does not know run 'nobody'"):
            ask("nobody")
    with pytest.raises(EndpointError, match="no task 'pretrian'; it has: preflight, pretrain"):
        list(endpoint.logs(_submit(kubeflow, compiled), "pretrian"))


def test_an_endpoint_that_is_not_there_is_reported() -> None:
    with pytest.raises(EndpointError, match=r"no Kubeflow Pipelines answers at http://127\.0\.0\.1:1 "):
        Endpoint("http://127.0.0.1:1", None).state("any")


@pytest.mark.parametrize(("url", "words"), [(None, "no endpoint"), ("kubeflow:8888", "must begin with http")])
def test_no_endpoint_and_a_wrong_address_are_reported(
    url: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INKLING_KFP_ENDPOINT", raising=False)
    with pytest.raises(ConfigError, match=words):
        CliRunner().invoke(app, ["status", "run", *(["--endpoint", url] if url else [])], catch_exceptions=False)


def test_the_endpoint_of_these_tests_refuses_what_the_api_does_not_know(kubeflow: Any, tmp_path: Path) -> None:
    endpoint = Endpoint(kubeflow.url, TOKEN)
    bad = tmp_path / "bad.yaml"
    bad.write_text("pipelineInfo: {name: bad}\ncomponentz: {}\n")
    with pytest.raises(EndpointError, match="answered 400.*componentz"):
        _submit(kubeflow, bad)
    with pytest.raises(EndpointError, match="answered 400.*unknown field"):
        endpoint._call(
            endpoint._client.call_api, "/apis/v2beta1/runs", "POST", body={"job": 1}, auth_settings=["Bearer"]
        )
