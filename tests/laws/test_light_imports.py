"""Deciding whether a stage must run is instant: what decides it imports no heavy package."""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = (
    "evidently",
    "feast",
    "kserve",
    "lightning",
    "nemo",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "torch",
    "transformers",
)
_PROBE = """
import importlib, json, sys
modules, heavy = json.loads(sys.argv[1]), set(json.loads(sys.argv[2]))
found = {}
for module in modules:
    before = set(sys.modules)
    importlib.import_module(module)
    if new := heavy & set(sys.modules) - before:
        found[module] = sorted(new)
print(json.dumps(found))
"""


def heavy_imports(modules: list[str], directory: Path) -> dict[str, list[str]]:
    """Heavy packages that come along when modules are imported one after the other, in a process of their own."""
    command = [sys.executable, "-c", _PROBE, json.dumps(modules), json.dumps(HEAVY)]
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_stages_are_light_to_import(root: Path, stages: list[str], tmp_path: Path) -> None:
    light = [f"inkling.components.{stage}.{module}" for stage in stages for module in ("config", "component", "build")]
    artifacts = [f"inkling.components.artifacts.{path.stem}" for path in (root / "components/artifacts").glob("*.py")]
    assert not heavy_imports([*artifacts, *light, "inkling.pipelines.cli"], tmp_path)


def test_specs_of_plugins_are_light_to_read(tmp_path: Path) -> None:
    seams = {"connectors": "CONNECTORS", "fusion": "FUSIONS", "language": "LANGUAGE_MODELS", "vision": "ENCODERS"}
    for folder, registry in seams.items():
        reads = f"from inkling.models.{folder} import {registry}\n{registry}.names()\n"
        (tmp_path / f"read_{folder}.py").write_text(reads)
    assert not heavy_imports([f"read_{folder}" for folder in seams], tmp_path)


def test_a_heavy_import_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("import json\nimport onnxruntime\n")
    assert heavy_imports(["json", "planted"], tmp_path) == {"planted": ["onnxruntime"]}
