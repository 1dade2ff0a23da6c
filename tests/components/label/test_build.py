"""The label stage: a row a segment, shares beside the paper's, the same bytes every time."""

import json
from pathlib import Path

import pytest

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import LABELS, Labels
from inkling.components.artifacts.manifest import ArtifactError, Manifest, Provenance
from inkling.components.config import ConfigError
from inkling.components.label.build import build_labels
from inkling.components.label.config import LabelConfig
from inkling.components.label.labellers import LABELLERS
from inkling.components.label.shares import paper_shares, table

CODE = "def area(self, width):\n    if width == 0:\n        return None\n    return self.height * width\n"
PROSE = "The king rode his horse to the river, where a woman sat with her child and a dog beside a fig tree.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "corpus"
    path.mkdir()
    for source, texts in {"code": [CODE, CODE, PROSE, CODE], "law": [PROSE]}.items():
        segments = [Segment(source, f"{i}", 0, text, 20, "MIT", "train") for i, text in enumerate(texts)]
        write_segments(path, source, segments)
    summary = SourceSummary("real", "text", 80, 4, 0, 4, ["MIT"], {})
    write_sources(path, {"code": summary, "law": summary})
    Manifest.describe(path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return Corpus.open(path)


def build(corpus: Corpus, path: Path) -> Labels:
    return build_labels(LabelConfig(), corpus.path, path)


def test_every_segment_is_labelled_in_the_order_of_the_corpus(corpus: Corpus, tmp_path: Path) -> None:
    labels = build(corpus, tmp_path / "labels")
    found = labels.of("code")
    assert found.documents == ["0", "1", "2", "3"]
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


def test_a_changed_corpus_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    (corpus.path / "sources.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"sources\.json is not what was written"):
        build(corpus, tmp_path / "labels")


def test_every_labeller_of_the_config_is_registered_and_no_other() -> None:
    annotation = LabelConfig.model_fields["labeller"].annotation
    assert set(LABELLERS) == set(annotation.__args__)  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match=r"label\.labeller: .*'lexicon'"):
        LabelConfig.parse("label: {labeller: oracle}")


def test_the_papers_table() -> None:
    """LSBS Table 4; its union of web-crawl is printed below one of its parts, the only such row."""
    assert set(paper_shares()) == {"web-crawl", "encyclopedia", "academia", "literature", "math", "code"}
    below = [name for name, row in paper_shares().items() if row["visual"] < row["concept"]]
    assert below == ["web-crawl"]
    assert all(row["reasoning"] >= max(row[name] for name in LABELS[:3]) for row in paper_shares().values())
