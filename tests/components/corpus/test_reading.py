"""The reading of a corpus shared by several tasks: the same bytes whatever their number, and little read in vain."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inkling.components.artifacts.corpus import Corpus
from inkling.components.corpus import partition, spans
from inkling.components.corpus.build import build_corpus, build_corpus_part
from inkling.components.corpus.catalogue import PackageSource
from inkling.components.corpus.collect import Unit, units
from inkling.components.corpus.config import CorpusConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.part import Part

Config = Callable[..., CorpusConfig]


@pytest.fixture
def config(fake_sources: dict[str, PackageSource], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Two sources of packages, and one of files in some twenty units of 250 words, of which 1,500 words are asked."""
    monkeypatch.setattr(spans, "UNIT_BYTES", 1 << 11)
    lines = (
        f'{{"text": "{" ".join(f"w{(number * 31 + k * k) % 997}" for k in range(50))}"}}\n' for number in range(100)
    )
    (tmp_path / "notes.jsonl").write_text("".join(lines))
    entry = "notes: {quality: real, description: notes, licence: CC0-1.0, files: [notes.jsonl], field: text}\n"
    (tmp_path / "mine.yaml").write_text(entry)

    def made(**settings: Any) -> CorpusConfig:
        known = {
            "catalogue": ["packages", str(tmp_path / "mine.yaml")],
            "sources": ["encyclopedia", "notes", "code"],
            "words_per_source": 1_500,
            "segment_words": 16,
            "heldout": 0.3,
        }
        return CorpusConfig.model_validate({**known, **settings})

    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """Counts the units that were read out of their source."""
    found: Counter[tuple[str, int]] = Counter()
    collect = partition.collect

    def counted(unit: Unit, *arguments: Any) -> Any:
        found[unit.source, unit.number] += 1
        return collect(unit, *arguments)

    monkeypatch.setattr(partition, "collect", counted)
    return found


def parts_of(config: CorpusConfig, path: Path) -> list[Part]:
    return [build_corpus_part(config, number, path / str(number) / "part") for number in range(config.parts)]


def gathered(config: CorpusConfig, parts: list[Part], path: Path) -> Corpus:
    return build_corpus(config, path / "corpus", parts=[part.path for part in parts])


@pytest.mark.parametrize("parts", [2, 3])
def test_any_number_of_tasks_makes_the_same_corpus_and_reads_little_twice(
    config: Config, read: Counter[tuple[str, int]], tmp_path: Path, parts: int
) -> None:
    alone = build_corpus(config(), tmp_path / "alone" / "corpus")
    needed = set(read)
    read.clear()
    made = parts_of(config(parts=parts), tmp_path)
    assert needed <= set(read)
    assert len(read) <= len(needed) + parts
    assert set(read.values()) == {1}
    read.clear()
    together = gathered(config(parts=parts), made, tmp_path)
    assert together.manifest == alone.manifest
    assert not read


def test_what_no_part_holds_is_read_by_the_task_that_gathers(
    config: Config, read: Counter[tuple[str, int]], tmp_path: Path
) -> None:
    alone = build_corpus(config(), tmp_path / "alone" / "corpus")
    made = parts_of(config(parts=3), tmp_path)
    read.clear()
    assert gathered(config(parts=3), made[1:], tmp_path).manifest == alone.manifest
    assert read


def test_a_killed_part_goes_on_to_the_same_bytes(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(parts=2)
    whole = build_corpus_part(settings, 1, tmp_path / "whole" / "part")
    rename, renamed = Path.rename, []

    def killed(path: Path, target: Path) -> Path:
        if len(renamed) == 2:
            raise KeyboardInterrupt
        renamed.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            build_corpus_part(settings, 1, tmp_path / "killed" / "part")
    assert len(renamed) == 2
    assert build_corpus_part(settings, 1, tmp_path / "killed" / "part").manifest == whole.manifest


def test_processes_of_a_part_change_no_byte(config: Config, tmp_path: Path) -> None:
    settings = {"sources": ["notes"], "parts": 2}
    one = build_corpus_part(config(**settings), 1, tmp_path / "one" / "part")
    two = build_corpus_part(config(**settings, workers=2), 1, tmp_path / "two" / "part")
    assert two.manifest == one.manifest
    assert one.manifest.files


def test_where_the_first_unit_suffices_no_other_is_kept(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "UNIT_BYTES", 13_000)
    settings = config(sources=["notes"], words_per_source=1_000, parts=2)
    assert len(units("notes", settings)) == 2
    first, second = parts_of(settings, tmp_path)
    assert {path.split("/")[0] for path in first.manifest.files} == {"notes-000000"}
    assert not second.manifest.files


def test_a_part_that_there_is_not_is_refused(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="part 2 of 2"):
        build_corpus_part(config(parts=2), 2, tmp_path / "part")
    with pytest.raises(ConfigError, match=r"corpus\.parts"):
        CorpusConfig.parse("corpus: {parts: 0}")
