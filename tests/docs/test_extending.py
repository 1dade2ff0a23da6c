"""Every example of docs/extending.md is applied as it stands to a copy of this tree, and works there."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import inkling

ROOT = Path(inkling.__file__).resolve().parent
TEXT = (ROOT / "docs" / "extending.md").read_text()
DIFFS = re.findall(r"^```diff\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
PLUG_INS = ("glu", "mean-color", "summary", "token_variance", "tsv", "first_word")


def block(kind: str) -> str:
    """The one fenced block of a language."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return found


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of the package with every diff applied."""
    folder = tmp_path_factory.mktemp("extended")
    copy = folder / "inkling"
    kept = ("__init__.py", "components", "docs", "models", "pipelines", "tests", "pyproject.toml")
    copy.mkdir()
    for name in kept:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    for diff in DIFFS:
        applied = subprocess.run(
            ["git", "apply", "-"], cwd=copy, input=diff, text=True, capture_output=True, check=False,
            env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder)},
        )  # fmt: skip
        assert applied.returncode == 0, applied.stderr
    return folder


def python(folder: Path, *arguments: str) -> str:
    """What Python prints where the copy is the package."""
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder / "inkling",
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_each_example_is_one_new_file() -> None:
    for diff in DIFFS:
        assert re.findall(r"^\+\+\+ b/(.*)$", diff, re.MULTILINE) == re.findall(r"^diff --git a/(\S+)", diff)
        assert "new file mode" in diff
    assert len(DIFFS) == 8


def test_plug_ins_keep_the_contracts_of_their_seams(extended: Path) -> None:
    told = python(
        extended, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts", "-k", " or ".join(PLUG_INS)
    )
    passed = int(re.findall(r"(\d+) passed", told)[0])
    assert passed > 30
    assert re.findall(r"(\d+) skipped", told) == ["2"]  # token_variance looks at images alone, a whole batch of them


def test_the_loader_reads_captions_with_their_pictures(extended: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "green").save(tmp_path / "a.png")
    (tmp_path / "captions.tsv").write_text("a.png\ta green square\n")
    program = (
        "import sys\n"
        "from inkling.components.scenes.build import build_conversations\n"
        "from inkling.components.scenes.config import ScenesConfig\n"
        "source = {'type': 'tsv', 'path': sys.argv[1] + '/captions.tsv', 'images': sys.argv[1]}\n"
        "made = build_conversations(ScenesConfig.parse({'scenes': {'conversations': source}}), sys.argv[1] + '/made')\n"
        "print([turn.answer for turn in made.turns()], len(made.images()))\n"
    )
    assert python(extended, "-c", program, str(tmp_path)).endswith("['a green square'] 1\n")


def test_the_probe_measures_something_known(extended: Path) -> None:
    program = (
        "import numpy as np, inkling\n"
        "from inkling.components.probe.probes import PROBES\n"
        "from inkling.components.probe.probes.effective_rank import effective_rank\n"
        "random = np.random.default_rng(0)\n"
        "flat = random.normal(size=(500, 1)) @ random.normal(size=(1, 8))\n"
        "print(inkling.__file__, PROBES.read('effective_rank').draws)\n"
        "print(round(effective_rank(flat), 2), round(effective_rank(random.normal(size=(5000, 8))), 1))\n"
    )
    where, numbers = python(extended, "-c", program).splitlines()
    assert where == f"{extended}/inkling/__init__.py 100"
    one, all_eight = map(float, numbers.split())
    assert one == pytest.approx(1.0, abs=0.05)
    assert all_eight == pytest.approx(8.0, abs=0.1)


def test_the_study_is_listed_and_makes_its_runs(extended: Path) -> None:
    assert "pooling" in python(extended, "-m", "inkling.pipelines", "study", "list")


def test_the_suite_is_read(extended: Path, tmp_path: Path) -> None:
    stored = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(stored, "PNG")
    row = {**json.loads(block("json")), "image": base64.b64encode(stored.getvalue()).decode()}
    other = {**row, "question": "Which of these is it?", "answer": "a plum"}
    Image.new("RGB", (8, 8), "purple").save(stored := io.BytesIO(), "PNG")
    other["image"] = base64.b64encode(stored.getvalue()).decode()
    (tmp_path / "fruit.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(other)}\n")
    (tmp_path / "fruit.yaml").write_text(block("yaml"))
    program = (
        "import sys\n"
        "from inkling.components.suites.config import SuitesConfig\n"
        "config = SuitesConfig.parse({'suites': {'read': [sys.argv[1]]}})\n"
        "print([suite.title for suite in config.read], config.needed)\n"
    )
    assert python(extended, "-c", program, str(tmp_path / "fruit.yaml")) == "['Fruit'] True\n"
