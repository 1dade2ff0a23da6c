"""The catalogue of sources names only packages and readers that there are."""

import pytest

from inkling.components.config import ConfigError
from inkling.components.corpus.catalogue import source, sources
from inkling.components.corpus.readers import READERS
from inkling.components.packages import package


def test_the_six_sources_of_the_paper() -> None:
    assert set(sources()) == {"web-crawl", "encyclopedia", "academia", "literature", "math", "code"}


@pytest.mark.parametrize("name", sorted(sources()))
def test_parts_name_a_pinned_package_and_a_reader(name: str) -> None:
    for part in source(name).parts:
        assert package(part.package).licence
        assert part.reader in READERS


def test_no_two_sources_read_the_same_text() -> None:
    parts = [part for entry in sources().values() for part in entry.parts]
    assert len({(part.package, part.reader) for part in parts}) == len(parts)


def test_proxies_say_what_they_stand_for() -> None:
    assert all("in place of" in entry.description for entry in sources().values() if entry.quality == "proxy")


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown source 'news'"):
        source("news")
