"""Applying again with another image, or another overlay, is not refused; where it is, the guide says so before."""

import copy
import itertools
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from compiled import compile_case
from overlays import MANIFESTS, OVERLAYS, ROOT, Object, render, render_folder
from upgrades import MODE, refused

PAIRS = [*itertools.permutations(OVERLAYS, 2)]
MODE_CHANGES = {pair for pair in PAIRS if "multi-node" in pair}
"""Between Standard and Knative: KServe refuses to change the mode of an InferenceService."""


def with_images(overlay: str, digest: str, folder: Path) -> tuple[Object, ...]:
    """An overlay with other images, as `kustomize edit set image` sets them."""
    folder.mkdir()
    images = [
        {"name": f"{registry}inkling/{name}", "newName": f"registry.example/inkling/{name}", "digest": digest}
        for registry in ("", "registry.example/")
        for name in ("serve", "train-gpu")
    ]
    path = os.path.relpath(MANIFESTS / "overlays" / overlay, folder.resolve())
    (folder / "kustomization.yaml").write_text(f"resources: [{path}]\nimages: {images}\n")
    return render_folder(folder)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_another_image_can_be_applied(overlay: str, tmp_path: Path) -> None:
    before, after = (with_images(overlay, f"sha256:{digit * 64}", tmp_path / digit) for digit in ("1", "2"))
    assert f"@sha256:{'1' * 64}" in str(before) and f"@sha256:{'1' * 64}" not in str(after)
    assert refused(before, after) == []


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_another_overlay_can_be_applied_or_the_guide_says_what_to_do_first(pair: tuple[str, str]) -> None:
    before, after = map(render, pair)
    mode = [f"InferenceService/inkling: metadata.annotations.{MODE}"]
    assert refused(before, after) == (mode if pair in MODE_CHANGES else [])
    assert "kubectl --namespace inkling delete inferenceservice inkling" in (ROOT / "docs/cluster.md").read_text()


def test_versions_of_pipelines_lie_beside_one_another() -> None:
    first, second = (
        list(yaml.load_all((compile_case(case) / "resources.yaml").read_text(), yaml.CSafeLoader))
        for case in ("visual-prior of gpu", "visual-prior of cluster")
    )
    assert refused(first, second) == []
    second[1]["metadata"]["name"] = first[1]["metadata"]["name"]
    assert refused(first, second) == [f"PipelineVersion/{first[1]['metadata']['name']}: spec"]


def planted(kind: str, **fields: Any) -> Object:
    api = {"Job": "batch/v1", "RoleBinding": "rbac.authorization.k8s.io/v1", "PriorityClass": "scheduling.k8s.io/v1"}
    return {
        "apiVersion": api.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": "x", "namespace": "inkling"},
        **fields,
    }


def claim(modes: list[str], size: str = "1Gi") -> Object:
    return planted("PersistentVolumeClaim", spec={"accessModes": modes, "resources": {"requests": {"storage": size}}})


def job(image: str) -> Object:
    return planted("Job", spec={"template": {"spec": {"containers": [{"image": image}]}}})


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (job("a"), job("b"), "Job/x: spec.template"),
        (claim(["ReadWriteOnce"]), claim(["ReadWriteMany"]), "PersistentVolumeClaim/x: spec"),
        (claim(["ReadWriteOnce"], "2Gi"), claim(["ReadWriteOnce"], "1Gi"), "PersistentVolumeClaim/x: smaller"),
        (planted("RoleBinding", roleRef="a"), planted("RoleBinding", roleRef="b"), "RoleBinding/x: roleRef"),
        (planted("PriorityClass", value=1), planted("PriorityClass", value=2), "PriorityClass/x: value"),
        (
            planted("Service", spec={"clusterIP": "None"}),
            planted("Service", spec={"ports": []}),
            "Service/x: spec.clusterIP",
        ),
    ],
)
def test_a_field_that_never_changes_is_found(before: Object, after: Object, fault: str) -> None:
    assert refused([before], [after]) == [fault]
    assert refused([before], [copy.deepcopy(before)]) == []
    renamed = {**after, "metadata": {"name": "another", "namespace": "inkling"}}
    assert refused([before], [renamed]) == []


def test_a_claim_may_grow() -> None:
    assert refused([claim(["ReadWriteOnce"])], [claim(["ReadWriteOnce"], "4Gi")]) == []


def test_no_clock_runs_before_there_is_a_bundle(objects: list[Object]) -> None:
    assert not [item for item in objects if item["kind"] == "Job"]
    (evaluation,) = (item for item in objects if item["kind"] == "CronJob")
    assert evaluation["spec"]["suspend"] is True
    made = f"create job --from=cronjob/{evaluation['metadata']['name']}"
    assert made in (ROOT / "docs" / "cluster.md").read_text()
