"""Each reader turns its package's layout into documents, and says what is missing otherwise."""

import json
import struct
import zlib
from collections.abc import Callable, Iterable
from zipfile import ZipFile

import pytest

from inkling.components.corpus.document import Document
from inkling.components.corpus.readers import READERS, load_reader
from inkling.components.corpus.readers.archive import ReadError

Wheel = Callable[[str, dict[str, str]], ZipFile]


def read(wheel: Wheel, reader: str, files: dict[str, str]) -> list[Document]:
    return list(load_reader(reader)(wheel("package", files), lambda names: sorted(names)))


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


def test_summaries_of_wanted_topics(wheel: Wheel) -> None:
    articles = {"Ant": {"extract": "Small.", "topic": "Biology"}, "Oboe": {"extract": "Loud.", "topic": "Arts"}}
    archive = wheel("package", {"data/summaries_en-us.json": json.dumps(articles)})
    documents = list(load_reader("summaries")(archive, sorted, lambda topic: topic == "Arts"))
    assert documents == [Document("Oboe", "Oboe\n\nLoud.")]


def test_licences_in_english_without_their_header(wheel: Wheel) -> None:
    files = {
        "data/licenses/b.LICENSE": "---\nkey: b\n---\n\nYou may.\n\nYou must not.\n",
        "data/licenses/d.LICENSE": "---\nkey: d\nlanguage: de\n---\n\nSie duerfen.\n",
        "data/licenses/e.LICENSE": "---\nkey: e\n---\n",
    }
    assert read(wheel, "licences", files) == [Document("data/licenses/b.LICENSE", "You may.\n\nYou must not.")]


def test_phenotypes_that_are_defined_and_in_use(wheel: Wheel) -> None:
    stanzas = [
        'id: HP:1\nname: Pallor\ndef: "Skin is \\"pale\\"." [x]\n',
        "id: HP:2\nname: Undefined\n",
        'id: HP:3\nname: Old\ndef: "Once." [x]\nis_obsolete: true\n',
        'id: HP:4\nname: Rash\ndef: "Red spots." [x]\n\n[Typedef]\nid: x\nname: relation\n',
    ]
    text = "format-version: 1.2\n" + "".join(f"\n[Term]\n{stanza}" for stanza in stanzas)
    assert read(wheel, "phenotypes", {"package/hp.obo": text}) == [
        Document("0", 'Pallor\nSkin is "pale".\n\nRash\nRed spots.')
    ]


def test_diagnoses_with_their_notes_and_subdivisions(wheel: Wheel) -> None:
    inner = "<diag><name>A1.0</name><desc>Mild</desc></diag>"
    outer = f"<diag><name>A1</name><desc>Fever</desc><includes><note>heat</note></includes>{inner}</diag>"
    text = f"<ICD10CM.tabular><chapter><section>{outer}</section></chapter></ICD10CM.tabular>"
    assert read(wheel, "diagnoses", {"data/icd10c-tabular-2026.xml": text}) == [
        Document("A1", "A1 Fever\n- heat\nA1.0 Mild")
    ]


def test_dialogues_without_repeated_exchanges(wheel: Wheel) -> None:
    exchanges = [["Who?", "Nobody."], ["When?", 1963], ["Who?", "Nobody."]]
    text = json.dumps({"categories": ["x"], "conversations": exchanges})
    (document,) = read(wheel, "dialogues", {"corpus/data/english/x.yml": text})
    assert document.text == "Who?\nNobody.\n\nWhen?\n1963"


def test_factbook(wheel: Wheel) -> None:
    profile = {
        "Introduction": {"Background": {"text": "Old &amp; new.<br><br>Then <b>more</b>."}},
        "Geography": {"Area": {"total ": {"text": "5 sq km"}, "note": "  "}},
    }
    (document,) = read(wheel, "factbook", {"package/data/europe/xx.json": json.dumps(profile)})
    assert document.text == "Introduction\nBackground: Old & new.\nThen more.\n\nGeography\nArea, total: 5 sq km"
    archive = wheel("package", {"package/data/europe/xx.json": json.dumps(profile)})
    (part,) = load_reader("factbook")(archive, sorted, lambda section: section == "Geography")
    assert part == Document(document.name, "Geography\nArea, total: 5 sq km")
    assert list(load_reader("factbook")(archive, sorted, lambda section: False)) == []


def test_dictionary_pages_hold_neighbouring_entries(wheel: Wheel) -> None:
    def entry(word: str) -> dict[str, object]:
        sense = {"part_of_speech": "n.", "definitions": [{"text": "A thing.  [1913 Webster]"}], "cs": None}
        return {"entry": word, "pos": [sense]}

    words = [f"a{i:02}" for i in range(25)]
    documents = read(wheel, "dictionary", {"x/data/en/words_A.json": json.dumps({word: entry(word) for word in words})})
    assert [len(document.text.split("\n\n")) for document in documents] == [20, 5]
    assert documents[0].text.startswith("a00 (n.) A thing.\n\na01 (n.)")


@pytest.mark.parametrize("text", ["(Zool.) It bites.", "An herb (Viola tricolor).", "Of the genus Haliotis."])
def test_the_dictionary_knows_natural_history(wheel: Wheel, text: str) -> None:
    entries = {
        word: {"entry": word, "pos": [{"part_of_speech": "n.", "definitions": [{"text": prose}]}]}
        for word, prose in {"abbey": "A house (London).", "ox": text}.items()
    }
    archive = wheel("package", {"x/data/en/words_A.json": json.dumps(entries)})
    halves = [
        [document.text for document in load_reader("dictionary")(archive, sorted, lambda kind, half=half: kind == half)]
        for half in ("general", "natural history")
    ]
    assert halves == [["abbey (n.) A house (London)."], [f"ox (n.) {text}"]]


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


def test_wordnet_pages_hold_entries_of_one_kind(wheel: Wheel) -> None:
    lines = [
        "  1 This is a licence",
        '00003553 05 n 02 zebra 0 striped_horse 0 000 | a striped animal; "it ran"  ',
        "00003554 13 n 01 bread 0 000 | food  ",
    ]
    files = {"usr/share/wordnet/data.noun": "\n".join(lines), "usr/share/wordnet/data.verb": lines[1] + "\n"}
    zebra = 'zebra, striped horse: a striped animal; "it ran"'
    assert sorted(document.text for document in read(wheel, "wordnet", files)) == ["bread: food", zebra, zebra]
    (animals,) = load_reader("wordnet")(wheel("package", files), sorted, lambda kind: kind == "animal")
    assert animals == Document("usr/share/wordnet/data.noun#animal.0", zebra)


def test_fortunes_without_their_indices(wheel: Wheel) -> None:
    sayings = "One.\n%\nTwo,\nlines.\n%\n"
    files = {f"usr/share/games/fortunes/{name}": sayings for name in ("art", "art.dat", "art.u8", "disclaimer")}
    assert read(wheel, "fortunes", files) == [Document("usr/share/games/fortunes/art#0", "One.\n\nTwo,\nlines.")]


def test_webpages_a_paragraph_a_line(wheel: Wheel) -> None:
    page = "<html><head><title>T</title><style>x</style></head><body><h1>A &amp; B</h1><p>It\nis <i>so</i>.</p></body>"
    documents = read(wheel, "webpages", {"x/a.html": page, "x/b.html": "<p> </p>"})
    assert documents == [Document("x/a.html", "A & B\nIt is so.")]


def serialized(lines: list[str], version: int = 3) -> bytes:
    """A vector of strings as R writes it into a data base."""
    head = b"X\n" + struct.pack(">iii", version, 0, 0) + (struct.pack(">i", 5) + b"UTF-8") * (version == 3)
    strings = (struct.pack(">ii", 0x40009, len(line.encode())) + line.encode() for line in lines)
    raw = head + struct.pack(">ii", 16, len(lines)) + b"".join(strings)
    return struct.pack(">i", len(raw)) + zlib.compress(raw)


@pytest.mark.parametrize("version", [2, 3])
def test_novels_by_chapter(wheel: Wheel, version: int) -> None:
    novels = [["EMMA", "", "CHAPTER I", "", "She.", "Chapter II", "He."], ["PERSUASION", "Chapter 1", "Caf\u00e9."]]
    archive = wheel(
        "package", {"lib/data/Rdata.rdb": "".join(serialized(n, version).decode("latin-1") for n in novels)}
    )
    raw = b"".join(serialized(novel, version) for novel in novels)
    archive.read = lambda name: raw  # type: ignore[method-assign, assignment]
    assert list(load_reader("novels")(archive, sorted)) == [
        Document("Emma#2", "CHAPTER I\n\nShe."),
        Document("Emma#5", "Chapter II\nHe."),
        Document("Persuasion#1", "Chapter 1\nCaf\u00e9."),
    ]


@pytest.mark.parametrize("raw", [b"A\n", b"X\n" + struct.pack(">iiiii", 2, 0, 0, 13, 0)])
def test_an_object_that_is_no_novel_is_refused(wheel: Wheel, raw: bytes) -> None:
    archive = wheel("package", {"lib/data/Rdata.rdb": ""})
    archive.read = lambda name: struct.pack(">i", len(raw)) + zlib.compress(raw)  # type: ignore[method-assign, assignment]
    with pytest.raises(ReadError, match="holds an object that"):
        list(load_reader("novels")(archive, sorted))


def test_chapters_with_or_without_a_title(wheel: Wheel) -> None:
    files = {
        "package/data/a.json": json.dumps({"title": "Loomings.", "text": "Call me."}),
        "package/data/b.json": json.dumps({"name": "x", "text": "Citizens:"}),
        "package/data/list.json": json.dumps(["a", "b"]),
    }
    assert [document.text for document in read(wheel, "chapters", files)] == ["Loomings.\n\nCall me.", "Citizens:"]


def test_brown_without_parts_of_speech_by_genre(wheel: Wheel) -> None:
    text = "\n\n\tHe/pps said/vbd ``/`` Come/vb ;/. ;/. now/rb and\\/or/cc later/rb ''/'' ./.\n"
    files = {"package/ca01": text, "package/ck01": text, "package/CONTENTS": "x"}
    assert [document.name for document in read(wheel, "brown", files)] == ["package/ca01", "package/ck01"]
    (fiction,) = load_reader("brown")(wheel("package", files), sorted, lambda genre: genre == "fiction")
    assert fiction == Document("package/ck01", 'He said "Come; now and\\/or later".')


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_package_without_its_files_is_refused_by_name(wheel: Wheel, reader: str) -> None:
    with pytest.raises(ReadError, match=r"package\.whl holds no file that matches"):
        read(wheel, reader, {"README": "nothing"})


def test_two_candidates_are_refused(wheel: Wheel) -> None:
    with pytest.raises(ReadError, match="holds 2 files"):
        read(wheel, "summaries", {"a/summaries_en-us.json": "{}", "b/summaries_en-us.json": "{}"})
