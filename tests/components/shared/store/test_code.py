"""Which files a module needs, and what of them counts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.shared.store.code import ROOT, code_digest, content_digest, needed_files

STAGE = "inkling.stage.build"
BUILD = '''"""Builds."""
from inkling.stage.parts import part
from inkling.components.shared.runtime import progress

def build(size):
    """Returns a part."""
    # which is twice as large
    return part(2 * size)
'''
PARTS = """from pathlib import Path
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from inkling.stage import seldom

_WORDS = Path(__file__).with_name("words.yaml")
_CHOICES = Path(__file__).with_name("recipes.yaml")

def part(size: int = Field(1, description="how large")):
    import inkling.stage.late
    return size
"""
FILES = {
    "stage/__init__.py": "",
    "stage/build.py": BUILD,
    "stage/parts.py": PARTS,
    "stage/late.py": "import json\n",
    "stage/seldom.py": "",
    "stage/other.py": "",
    "stage/words.yaml": "# words\nred: 1\nblue: 2\n",
    "stage/recipes.yaml": "mix0: 1\n",
    "stage/notes.yaml": "{}",
    "components/__init__.py": "",
    "components/shared/__init__.py": "",
    "components/shared/runtime/progress.py": "import inkling.stage.other\n",
}
NEEDED = {"stage/__init__.py", "stage/build.py", "stage/parts.py", "stage/late.py", "stage/words.yaml"}


@pytest.fixture
def digest_with(tmp_path: Path) -> Callable[..., str]:
    """Returns a function that gives the digest of the stage's code with other contents of some files."""
    trees = iter(range(100))

    def digest(**changed: str) -> str:
        root = tmp_path / str(next(trees))
        stems = {Path(name).stem: name for name in FILES if name.startswith("stage/")}
        for name, text in {**FILES, **{stems[stem]: text for stem, text in changed.items()}}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return code_digest([STAGE], root)

    return digest


def test_a_module_needs_what_it_imports_and_declares_and_nothing_else(
    digest_with: Callable[..., str], tmp_path: Path
) -> None:
    digest_with()
    found = {path.relative_to(tmp_path / "0").as_posix() for path in needed_files([STAGE], tmp_path / "0")}
    assert found == NEEDED


@pytest.mark.parametrize(
    "changed",
    [
        {"build": BUILD.replace("# which is twice as large", "# of double size")},
        {"build": BUILD.replace('"""Builds."""', '"""Builds a part."""').replace("Returns a part", "A part")},
        {"build": BUILD.replace("part(2 * size)", "part(\n        2 * size\n    )")},
        {"parts": PARTS.replace("how large", "the part's size")},
        {"words": "# more words\nred:   1\nblue: 2\n"},
        {"recipes": "mix0: 2\n"},
        {"seldom": "print()"},
        {"other": "print()"},
        {"notes": "{a: 1}"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_changes_no_result_changes_no_digest(digest_with: Callable[..., str], changed: dict[str, str]) -> None:
    assert digest_with(**changed) == digest_with()


@pytest.mark.parametrize(
    "changed",
    [
        {"build": BUILD.replace("2 * size", "3 * size")},
        {"parts": PARTS.replace("Field(1", "Field(2")},
        {"late": "import yaml\n"},
        {"words": "red: 1\nblue: 3\n"},
        {"words": "blue: 2\nred: 1\n"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_can_change_a_result_changes_the_digest(digest_with: Callable[..., str], changed: dict[str, str]) -> None:
    assert digest_with(**changed) != digest_with()


def test_other_data_counts_by_its_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("# a")
    second.write_text("# b")
    assert content_digest(first) != content_digest(second)


def test_every_stage_needs_its_own_code_and_no_other_stage() -> None:
    from inkling.pipelines.profiles import OPTIONAL, STAGES

    stages = {*STAGES, *OPTIONAL}
    for stage in stages:
        needed = needed_files([f"inkling.components.{stage}.build"])
        folders = {path.relative_to(ROOT).parts[1] for path in needed if "components" in path.relative_to(ROOT).parts}
        assert folders & stages == {stage}
