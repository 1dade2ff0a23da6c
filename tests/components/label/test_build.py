"""The label stage: a row a segment, shares beside the paper's, the same bytes every time."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from inkling.components.artifacts.corpus import SOURCE_NAMES, Corpus, Segment, write_segments
from inkling.components.artifacts.labels import FAMILIES, LABELS, Flags, Labels
from inkling.components.label import config as settings
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import LABELLERS
from inkling.components.label.shares import paper_shares, table
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest


def build(corpus: Corpus, path: Path) -> Labels:
    return build_labels(LabelConfig(), corpus.path, path)


def test_every_segment_is_labelled_in_the_order_of_the_corpus(corpus: Corpus, tmp_path: Path) -> None:
    labels = build(corpus, tmp_path / "labels")
    found = labels.of("code")
    assert found.documents == ["0", "0", "1", "1"]
    assert found.segments == [0, 1, 0, 1]
    assert found.flags[:, LABELS.index("code")].tolist() == [True, True, False, True]
    assert found.flags[:, LABELS.index("concept")].tolist() == [False, False, True, False]
    labels.check(corpus)


def test_shares_stand_beside_the_papers(corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = build(corpus, tmp_path / "labels")
    report = json.loads((labels.path / "shares.json").read_text())
    assert report["versions"] == [{"date": "2026-01-01", "labeller": "lexicon"}]
    assert report["sources"]["code"]["segments"] == 4
    assert report["sources"]["code"]["percent"]["reasoning"] == 75
    assert report["sources"]["code"]["paper"]["reasoning"] == 97.3
    assert report["sources"]["law"]["paper"] is None
    printed = capsys.readouterr().out
    assert "75.0 / 97.3" in printed
    assert table(labels.shares()) in printed


def test_same_corpus_same_bytes(corpus: Corpus, tmp_path: Path) -> None:
    first, second = build(corpus, tmp_path / "a" / "labels"), build(corpus, tmp_path / "b" / "labels")
    assert first.manifest.files == second.manifest.files


def test_processes_change_no_byte_and_no_key(corpus: Corpus, tmp_path: Path) -> None:
    alone = build(corpus, tmp_path / "a" / "labels")
    together = build_labels(LabelConfig(workers=2), corpus.path, tmp_path / "b" / "labels")
    assert together.manifest.files == alone.manifest.files
    assert together.manifest.provenance.key == alone.manifest.provenance.key


def test_every_source_of_the_corpus_has_a_line_beside_the_papers(corpus: Corpus, tmp_path: Path) -> None:
    lines = table(build(corpus, tmp_path / "labels").shares()).splitlines()
    found = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[2:]}
    assert list(found) == sorted(corpus.sources(), key=SOURCE_NAMES.index)
    assert found["law"].startswith("0.0 0.0")
    assert found["code"].startswith("75.0 / 96.7")


def test_ones_own_sources_follow_those_of_the_paper() -> None:
    percent = dict.fromkeys((*LABELS, *FAMILIES, "none"), 1.0)
    lines = table({"field-notes": percent, "law": percent}).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["law", "field-notes"]


def test_a_changed_corpus_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    (corpus.path / "sources.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"sources\.json is not what was written"):
        build(corpus, tmp_path / "labels")


def test_every_labeller_of_the_config_is_registered_and_no_other() -> None:
    annotation = LabelConfig.model_fields["labeller"].annotation
    assert {*LABELLERS, "llm"} == set(settings.LABELLERS) == set(annotation.__args__)  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match=r"label\.labeller: .*'lexicon'"):
        LabelConfig.parse("label: {labeller: oracle}")


def test_the_papers_table() -> None:
    """LSBS Table 4; its union of web-crawl is printed below one of its parts, the only such row."""
    assert set(paper_shares()) == {"web-crawl", "encyclopedia", "academia", "literature", "math", "code"}
    below = [name for name, row in paper_shares().items() if row["visual"] < row["concept"]]
    assert below == ["web-crawl"]
    assert all(row["reasoning"] >= max(row[name] for name in LABELS[:3]) for row in paper_shares().values())


def dated(corpus: Corpus, path: Path, day: str, earlier: Path | None = None) -> Labels:
    return build_labels(LabelConfig.parse(f"label: {{date: {day}}}"), corpus.path, path, earlier)


def test_earlier_labels_stay_and_the_new_ones_stand_behind_them(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dated(corpus, tmp_path / "first", "2026-01-01")
    monkeypatch.setitem(LABELLERS, "lexicon", lambda: lambda texts: np.zeros((len(texts), 6), np.bool_))
    second = dated(corpus, tmp_path / "second", "2026-03-01", first.path)
    assert [str(version.date) for version in second.versions()] == ["2026-01-01", "2026-03-01"]
    assert not second.of("code").flags.any()
    assert second.shares()["code"]["reasoning"] == 0
    for (old,), (new,) in ((first.partitions(s), second.partitions(s)) for s in ("code", "law")):
        rows = pq.read_table(old)
        assert pq.read_table(new).slice(0, len(rows)) == rows
    assert (
        first.manifest.files["statistics/code.00000.parquet"]
        == (second.manifest.files["statistics/code.00000.parquet"])
    )
    assert second.manifest.provenance.inputs == {"corpus": corpus.digest, "earlier": first.digest}


@pytest.mark.parametrize("day", ["2026-03-01", "2026-02-28"])
def test_labels_are_only_added_behind_earlier_ones(corpus: Corpus, tmp_path: Path, day: str) -> None:
    first = dated(corpus, tmp_path / "first", "2026-03-01")
    with pytest.raises(ConfigError, match=rf"label\.date is {day} and the labels in .* are of 2026-03-01"):
        dated(corpus, tmp_path / "second", day, first.path)
    assert not (tmp_path / "second").exists()


def test_earlier_labels_of_another_corpus_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    first = dated(corpus, tmp_path / "first", "2026-01-01")
    write_segments(corpus.path, "law", [Segment("law", "0", 0, "another\n", 1, "MIT", "train")])
    Manifest.describe(corpus.path, Corpus.type, Corpus.schema, corpus.manifest.provenance).write(corpus.path)
    with pytest.raises(ArtifactError, match="holds labels of another corpus"):
        dated(Corpus.open(corpus.path), tmp_path / "second", "2026-03-01", first.path)


@pytest.mark.parametrize("day", ["2026-02-30", "soon", "12", "2026-01-01 10:00:00"])
def test_what_is_no_day_is_refused(day: str) -> None:
    with pytest.raises(ConfigError, match=r"label\.date|not valid YAML"):
        LabelConfig.parse(f"label: {{date: {day}}}")


def test_a_killed_labelling_goes_on_to_the_same_bytes(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build(corpus, tmp_path / "whole")
    judged: list[int] = []
    labeller = LABELLERS["lexicon"]()

    def killed(texts: list[str]) -> Flags:
        if judged == [4]:
            judged.clear()
            raise KeyboardInterrupt
        judged.append(len(texts))
        return labeller(texts)

    monkeypatch.setitem(LABELLERS, "lexicon", lambda: killed)
    with pytest.raises(KeyboardInterrupt):
        build(corpus, tmp_path / "labels")
    resumed = build(corpus, tmp_path / "labels")
    assert judged == [1]
    assert resumed.manifest.files == whole.manifest.files
