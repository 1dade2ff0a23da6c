"""Parts: what falls to a task, what a work folder takes from a part, and what it does not."""

from pathlib import Path

import pytest

from inkling.components.mixture.config import MixtureConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError
from inkling.components.shared.store.part import Part, Share, gather, produce_part
from inkling.components.shared.store.provenance import provenance
from inkling.components.shared.store.store import STORE_VARIABLE, Draft, produce

CONFIG = MixtureConfig()
KEY = provenance(CONFIG, {}).key


def units(draft: Draft) -> None:
    for unit in ("code-0", "code-1"):
        (draft.path / unit).mkdir()
        (draft.path / unit / "tokens").write_text(unit)
    (draft.path / "tokenizer.json").write_text("{}")


def made(path: Path, config: MixtureConfig = CONFIG) -> Part:
    return produce_part(path, config, {}, "tokens", "part-0-of-2", units)


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_unit_falls_to_one_task_and_a_source_of_one_unit_to_another_than_the_next(of: int) -> None:
    shares = [Share(number, of) for number in range(of)]
    for source in range(5):
        for unit in range(9):
            assert sum(share.holds(source, unit) for share in shares) == 1
    first = [next(share.number for share in shares if share.holds(source, 0)) for source in range(of)]
    assert sorted(first) == list(range(of))


@pytest.mark.parametrize("number", [-1, 2])
def test_a_task_that_there_is_not_is_refused(number: int) -> None:
    with pytest.raises(ConfigError, match=rf"part {number} of 2: parts are numbered from 0 to 1"):
        Share(number, 2)


def test_a_work_folder_takes_units_and_keeps_its_own(tmp_path: Path) -> None:
    part = made(tmp_path / "part")
    work = tmp_path / "work"
    (work / "code-0").mkdir(parents=True)
    gather([part.path], KEY, work, "tokenizer.json", "code-*")
    assert sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file()) == [
        "code-1/tokens",
        "tokenizer.json",
    ]
    assert (work / "code-1" / "tokens").stat().st_ino == (part.path / "code-1" / "tokens").stat().st_ino


def test_a_part_of_another_result_is_left_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = made(tmp_path / "part", MixtureConfig(vocabulary=500))
    gather([part.path], KEY, tmp_path / "work", "*")
    assert not (tmp_path / "work").exists()
    assert "left aside" in capsys.readouterr().out


def test_a_changed_part_is_refused(tmp_path: Path) -> None:
    part = made(tmp_path / "part")
    victim = part.path / "code-1" / "tokens"
    victim.chmod(0o644)
    victim.write_text("other")
    with pytest.raises(ArtifactError, match="tokens is not what was written"):
        gather([part.path], KEY, tmp_path / "work", "*")


def test_parts_lie_side_by_side_in_the_store_and_one_of_what_is_there_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    first = made(tmp_path / "a" / "part")
    second = produce_part(tmp_path / "b" / "part", CONFIG, {}, "tokens", "part-1-of-2", lambda draft: None)
    assert first.digest != second.digest
    assert {path.name for path in (tmp_path / "store").glob("*/*") if path.is_dir()} == {"part-0-of-2", "part-1-of-2"}
    produce(Part, tmp_path / "tokens", CONFIG, {}, units)
    assert not made(tmp_path / "c" / "part").manifest.files
    assert made(tmp_path / "d" / "part").manifest.provenance.key == KEY
