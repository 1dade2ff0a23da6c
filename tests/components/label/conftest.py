"""A small corpus, written by the real writers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.shared.store.manifest import Manifest, Provenance

CODE = "def area(self, width):\n    if width == 0:\n        return None\n    return self.height * width\n"
PROSE = "The king rode his horse to the river, where a woman sat with her child and a dog beside a fig tree.\n"


def write_corpus(path: Path, texts: dict[str, list[str]]) -> Corpus:
    """A corpus of sources with the given texts, two segments a document."""
    path.mkdir()
    summaries = {}
    for source, pieces in texts.items():
        segments = [Segment(source, f"{i // 2}", i % 2, text, 20, "MIT", "train") for i, text in enumerate(pieces)]
        write_segments(path, source, segments)
        documents = -(-len(pieces) // 2)
        summaries[source] = SourceSummary("real", "text", 20 * len(pieces), documents, 0, len(pieces), ["MIT"], {})
    write_sources(path, summaries)
    Manifest.describe(path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return Corpus.open(path)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Four segments of code, one of which is prose, and one of law."""
    return write_corpus(tmp_path / "corpus", {"code": [CODE, CODE, PROSE, CODE], "law": [PROSE]})


@pytest.fixture
def make_corpus() -> Callable[[Path, dict[str, list[str]]], Corpus]:
    """Writes a corpus of given texts."""
    return write_corpus


@pytest.fixture
def code() -> str:
    """A text that is code."""
    return CODE


@pytest.fixture
def prose() -> str:
    """A text that names what can be seen."""
    return PROSE
