"""The linters are set so that a breach of the style is found, and the text is plain."""

import subprocess
import sys
from pathlib import Path

import pytest

DASHES_AND_QUOTES = "\u2012\u2013\u2014\u2015\u2018\u2019\u201c\u201d"
TEXT = (".py", ".md", ".yaml", ".toml", ".txt")


def typographic(files: list[Path]) -> list[str]:
    """Lines with dashes or quotes that no keyboard types."""
    return [
        f"{path}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if set(line) & set(DASHES_AND_QUOTES)
    ]


def ruff(root: Path, text: str) -> set[str]:
    """Codes of the rules that a library file with this text would break."""
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--no-cache", "--output-format=concise"]
    run = subprocess.run(
        [*command, "--stdin-filename", "components/planted.py", "-"],
        cwd=root, input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return {line.split()[1].rstrip(":") for line in run.stdout.splitlines() if line.startswith("components/planted.py")}


def test_text_is_plain(root: Path, sources: list[Path]) -> None:
    folders = ("components", "models", "pipelines", "manifests", "tests")
    texts = [path for folder in folders for path in (root / folder).rglob("*") if path.suffix in TEXT]
    texts += [path for path in root.iterdir() if path.suffix in TEXT or path.name in ("Makefile", "Dockerfile")]
    assert not typographic(texts)


def test_a_dash_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.md").write_text("plain\nnot \u2014 plain\n")
    assert typographic([tmp_path / "planted.md"]) == [f"{tmp_path / 'planted.md'}:2"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('"""A module."""\n\n\ndef public():\n    return 1\n', "D103"),
        ('"""A module."""\n\n\nclass Public:\n    pass\n', "D101"),
        ('"""A module."""\n\nimport pickle\n\nX = pickle.loads(b"")\n', "S301"),
        ('"""A module."""\n\nX = 1  # TO' + "DO: later\n", "FIX002"),
        ('"""A module."""\n\nX = 1\n# Y = X + 1\n', "ERA001"),
        ('"""A module."""\n\nX = "' + "x" * 120 + '"\n', "E501"),
        ('"""A module."""\n\nimport json\n\nX = json.dumps(float("nan"))\n', "TID251"),
        ('"""A module."""\n\nimport yaml\n\nX = yaml.load("", Loader=yaml.Loader)\n', "S506"),
    ],
)
def test_ruff_finds_a_breach(root: Path, text: str, rule: str) -> None:
    assert rule in ruff(root, text)


def test_mypy_finds_a_missing_annotation(root: Path, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("def double(x):\n    return 2 * x\n")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "planted.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert "missing a type annotation" in run.stdout
