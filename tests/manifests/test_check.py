"""`inkling check` asks a cluster for what each component of an overlay states, and says what is missing and why."""

import json
from pathlib import Path

import pytest
import yaml
from api_server import ApiServer
from overlays import MANIFESTS, OVERLAYS
from typer.testing import CliRunner, Result

from inkling.components.shared.config import ConfigError
from inkling.pipelines.cli import app
from inkling.pipelines.cluster.cluster_api import ClusterApiError
from inkling.pipelines.cluster.needs import Need, needs

OVERLAY = MANIFESTS / "overlays"
MAY_LOOK = [{"apiGroups": [""], "resources": ["nodes", "configmaps"], "verbs": ["get", "list"]}]


def gives(server: ApiServer, need: Need) -> None:
    """Lets the cluster have what is needed."""
    stated = need.stated
    if "api" in stated:
        kinds = server.objects.setdefault(f"/apis/{stated['api']}", {"resources": []})["resources"]
        kinds.append({"kind": stated["kind"]})
    elif "nodeLabel" in stated:
        server.objects["/api/v1/nodes"] = {"items": [{"metadata": {"name": "a"}}]}
    else:
        place = stated["configMap"]
        path = f"/api/v1/namespaces/{place['namespace']}/configmaps/{place['name']}"
        server.objects[path] = {"data": {place["key"]: place["contains"].replace(" ", "  ")}}


def check(overlay: str | Path) -> Result:
    return CliRunner().invoke(app, ["check", str(OVERLAY / overlay)])


@pytest.fixture
def asked(server: ApiServer) -> ApiServer:
    server.rules = MAY_LOOK
    return server


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_where_everything_is_there_every_line_is_good(asked: ApiServer, overlay: str) -> None:
    for need in needs(OVERLAY / overlay):
        gives(asked, need)
    result = check(overlay)
    *lines, following = result.output.splitlines()
    assert result.exit_code == 0, result.output
    assert len(lines) == len(needs(OVERLAY / overlay)) and all(line.startswith("good ") for line in lines)
    assert f"kubectl apply --dry-run=server -k {OVERLAY / overlay}" in following


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_thing_that_is_missing_is_said_with_its_reason(asked: ApiServer, overlay: str) -> None:
    wanted = needs(OVERLAY / overlay)
    for absent in wanted:
        asked.objects.clear()
        for need in wanted:
            if need.stated != absent.stated and not ("nodeLabel" in need.stated and "nodeLabel" in absent.stated):
                gives(asked, need)
        result = check(overlay)
        assert result.exit_code == 1
        assert f"missing   {absent.component}: {absent} ({absent.why})" in result.output.splitlines()


def test_a_setting_is_found_without_quotes_and_not_where_it_is_commented_out(asked: ApiServer) -> None:
    need = next(need for need in needs(OVERLAY / "multi-node") if "- " in str(need.stated.get("configMap")))
    gives(asked, need)
    (found,) = (item for item in asked.objects.values() if "data" in item)
    (key,) = found["data"]
    found["data"][key] = "frameworks:\n- pod\n"
    assert f"good      {need.component}: {need}" in check("multi-node").output
    found["data"][key] = "frameworks:\n  # - pod\n"
    assert f"missing   {need.component}: {need}" in check("multi-node").output


def test_what_the_account_may_not_look_at_is_said_and_not_called_missing(asked: ApiServer) -> None:
    for need in needs(OVERLAY / "multi-node"):
        gives(asked, need)
    asked.rules = []
    result = check("multi-node")
    assert result.exit_code == 0
    assert "not seen  kueue: a node with the label inkling/pool=gpu" in result.output


def test_what_is_no_overlay_and_what_is_no_cluster_are_refused(server: ApiServer, tmp_path: Path) -> None:
    assert "name an overlay" in str(check(tmp_path).exception) and isinstance(check(tmp_path).exception, ConfigError)
    config = json.loads(server.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
    server.kubeconfig.write_text(yaml.safe_dump(config))
    result = check("laptop")
    assert isinstance(result.exception, ClusterApiError)
    assert "no API server answers at http://127.0.0.1:1" in str(result.exception)
    result = CliRunner().invoke(app, ["check", str(OVERLAY / "laptop"), "--context", "gone"])
    assert "the kubeconfig cannot be used" in str(result.exception)
