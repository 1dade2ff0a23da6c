"""vLLM is given the folder of a bundle that `export` writes for it, and nothing that it would look for elsewhere."""

from overlays import Object, named, render

from inkling.components.artifacts.bundle import LLAVA


def container() -> Object:
    (found,) = named(render("vllm"), "InferenceService", "inkling-vllm")["spec"]["predictor"]["containers"]
    return found


def test_it_reads_the_llava_folder_of_the_bundle_that_is_served_beside_it() -> None:
    objects = render("vllm")
    beside = named(objects, "InferenceService")["spec"]["predictor"]["model"]["storageUri"]
    (volume,) = (
        one["persistentVolumeClaim"]
        for one in named(objects, "InferenceService", "inkling-vllm")["spec"]["predictor"]["volumes"]
        if "persistentVolumeClaim" in one
    )
    (mount,) = (one for one in container()["volumeMounts"] if one["name"] == "model")
    claim, _, bundle = beside.removeprefix("pvc://").partition("/")
    assert volume == {"claimName": claim, "readOnly": True}
    assert mount["subPath"] == f"{bundle}/{LLAVA}" and mount["readOnly"]
    assert f"--model={mount['mountPath']}" in container()["args"]


def test_it_asks_no_hub_and_answers_where_the_probes_ask() -> None:
    environment = {one["name"]: one["value"] for one in container()["env"]}
    assert environment["HF_HUB_OFFLINE"] == "1"
    (port,) = (one["containerPort"] for one in container()["ports"])
    assert f"--port={port}" in container()["args"]
    probes = [container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert probes == [{"path": "/health", "port": port}] * 3
