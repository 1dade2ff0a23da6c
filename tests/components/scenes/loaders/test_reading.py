"""What is read becomes a Conversations artifact: each picture once, every turn, and an account of what was skipped."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkling.components.artifacts.conversations import Conversations
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.loaders.account import ACCOUNTS, LoadError
from inkling.components.scenes.loaders.pictures import Picture
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.provenance import provenance

Load = Callable[..., Conversations]


def record(number: int, image: str | None = None, answer: str = "an answer") -> dict[str, Any]:
    said = [{"from": "human", "value": f"Question {number}?"}, {"from": "gpt", "value": answer}]
    return {"id": f"r{number}", **({"image": image} if image else {}), "conversations": said}


def account(made: Conversations) -> dict[str, Any]:
    return json.loads((made.path / ACCOUNTS).read_text())[0]


def test_equal_pictures_are_stored_once_and_turns_keep_their_order(load: Load, folder: Path) -> None:
    shutil.copy(folder / "0.jpg", folder / "copy.jpg")
    names = ["1.jpg", "0.jpg", "copy.jpg", None, "./1.jpg", "deep/5.png"]
    made = load([record(number, name) for number, name in enumerate(names)])
    images, turns = made.images(), made.turns()
    read = [(folder / name).read_bytes() for name in ("1.jpg", "0.jpg", "deep/5.png")]
    assert list(images.values()) == read
    shown = [images[turn.image_id] if turn.image_id else None for turn in turns]
    assert shown == [read[0], read[1], read[1], None, read[0], read[2]]
    assert [turn.id for turn in turns] == [f"r{number}-0" for number in range(6)]
    assert account(made) == {"files": ["mine.json"], "taken": 6, "left_out": {}, "skipped": []}
    assert "mine.json: a file of one's own (licence not stated)" in (made.path / "ATTRIBUTION.md").read_text()


def test_records_that_share_an_id_are_told_apart(load: Load) -> None:
    made = load([record(7, "0.jpg"), record(7, "0.jpg"), record(7, "1.jpg"), {**record(1, "1.jpg"), "id": 7}])
    assert [turn.id for turn in made.turns()] == ["r7-0", "r7#2-0", "r7#3-0", "7-0"]
    assert len({turn.id for turn in made.turns()}) == 4


def test_up_to_a_hundredth_is_skipped_with_place_id_and_reason(
    load: Load, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.jpg").write_bytes((folder / "0.jpg").read_bytes()[:300])
    made = load([*(record(number, "0.jpg") for number in range(99)), record(99, "broken.jpg")])
    (skipped,) = account(made)["skipped"]
    assert (skipped["place"], skipped["id"]) == ("mine.json, record 100", "r99")
    assert skipped["reason"].startswith("the image is damaged")
    assert len(made.turns()) == account(made)["taken"] == 99
    printed = capsys.readouterr().out
    assert "mine.json: 1 of 100 (1.0%) cannot be used and are skipped" in printed and "id r99" in printed


def test_more_fails_and_names_the_first(load: Load) -> None:
    records = [record(number, "0.jpg") for number in range(988)]
    with pytest.raises(LoadError) as refused:
        load([*records, *(record(number, "../out.jpg") for number in range(12))])
    text = str(refused.value)
    assert "mine.json: 12 of 1,000 (1.2%) cannot be used; at most 1% may be skipped" in text
    assert "mine.json, record 989 (id r0): '../out.jpg' leads out of the folder" in text
    assert text.count("record ") == 10 and text.endswith("and 2 more")


def test_what_the_settings_leave_out_is_counted_and_does_not_fail(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [record(0, "0.jpg"), record(1, "gone.jpg"), record(2, "1.jpg", "word " * 50), record(3, "gone.jpg")]
    with pytest.raises(LoadError, match=r"2 of 4 \(50.0%\)"):
        load(records)
    made = load(records, leave_out=["missing"], max_words=20)
    assert account(made)["left_out"] == {"missing": 2, "too long": 1}
    assert len(made.images()) == len(made.turns()) == 1
    assert "left out 2 missing, 1 too long" in capsys.readouterr().out
    with pytest.raises(LoadError, match="nothing is left to learn from: left out 1 too long"):
        load([record(2, "1.jpg", "word " * 50)], max_words=20)


def test_the_number_of_threads_changes_no_byte(load: Load) -> None:
    records = [record(number, f"{number % 5}.jpg") for number in range(40)]
    assert load(records).digest == load(records, threads=3).digest


def test_several_sources_follow_one_another(load: Load, folder: Path, tmp_path: Path) -> None:
    paths = []
    for name in ("a", "b"):
        paths.append(tmp_path / f"{name}.jsonl")
        paths[-1].write_text("\n".join(json.dumps(record(number, f"{number}.jpg", name)) for number in range(3)))
    made = load(path=[str(path) for path in paths])
    assert [turn.answer for turn in made.turns()] == ["a"] * 3 + ["b"] * 3
    assert len(made.images()) == 3
    sources = [{"type": "llava", "path": str(path), "images": str(folder), "kind": kind}
               for path, kind in zip(paths, ("caption", "instruct"), strict=True)]  # fmt: skip
    config = ScenesConfig.parse({"scenes": {"conversations": sources}})
    assert [source.kind for source in config.conversations] == ["caption", "instruct"]


def test_pictures_are_not_held(load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture is read no earlier than a few before it are passed on."""
    from inkling.components.scenes.loaders import reading

    read: list[str] = []
    monkeypatch.setattr(
        reading, "_picture", lambda folder, name, size: read.append(name) or Picture(name.encode(), (9, 9))
    )
    for number in range(100):
        (folder / f"n{number}.jpg").touch()
    path = folder.parent / "many.json"
    path.write_text(json.dumps([record(number, f"n{number}.jpg") for number in range(100)]))
    config = ScenesConfig.parse(
        {"scenes": {"conversations": {"type": "llava", "path": str(path), "images": str(folder)}}}
    )
    read.clear()
    for number, _ in enumerate(reading.Reading(config.conversations, 2).pictures()):
        assert len(read) <= number + 12
    assert len(read) == 100


def test_the_key_follows_what_is_read_and_not_where_it_lies(folder: Path, tmp_path: Path) -> None:
    def key(path: Path, images: Path, **more: Any) -> str:
        stated = {"type": "llava", "path": str(path), "images": str(images), **more}
        return provenance(ScenesConfig.parse({"scenes": {"conversations": stated}}), {}).key

    path, moved = tmp_path / "a.json", tmp_path / "moved"
    path.write_text(json.dumps([record(0, "0.jpg"), record(1, "1.jpg")]))
    shutil.copytree(folder, moved)
    first = key(path, folder)
    assert key(shutil.copy(path, moved / "a.json"), moved) == first
    (moved / "4.jpg").write_bytes(b"a picture that no record names")
    assert key(path, moved) == first
    (moved / "1.jpg").write_bytes((folder / "3.jpg").read_bytes())
    assert key(path, moved) != first
    assert key(path, folder, history=False) != first
    path.write_text(json.dumps([record(0, "0.jpg"), record(2, "1.jpg")]))
    assert key(path, folder) != first


def test_without_data_of_ones_own_no_setting_and_no_code_of_a_loader_is_recorded() -> None:
    origin = provenance(ScenesConfig.parse({}), {})
    assert not {"conversations"} & {*origin.config, *origin.contents}
    assert origin.plugins == ()
    assert ScenesConfig.parse({}).determinants() == ScenesConfig.parse({"scenes": {"conversations": []}}).determinants()


def test_files_and_folders_are_named_where_pods_cannot_read_them(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record(0, "0.jpg")]))
    config = ScenesConfig.parse(
        {"scenes": {"conversations": {"type": "llava", "path": str(path), "images": str(folder)}}}
    )
    assert config.places() == {"conversations": [str(path), str(folder)]}
    with pytest.raises(ConfigError, match="scenes.conversations"):
        ScenesConfig.parse({"scenes": {"conversations": {"type": "llavva", "path": str(path)}}})
