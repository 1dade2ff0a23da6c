"""Profiles: all that ship can be parsed, and mistakes are told before work starts."""

import pytest
import yaml

from inkling.components.shared.config import ConfigError
from inkling.models.connectors import CONNECTORS
from inkling.pipelines import profiles


@pytest.mark.parametrize("name", profiles.names())
def test_every_shipped_profile_is_valid_and_canonical(name: str) -> None:
    text = profiles.load(name)
    assert text == yaml.safe_dump(yaml.safe_load(text), sort_keys=True)
    for stage in profiles.STAGES:
        assert profiles.stage_config(stage).parse(text).stage == stage


def test_overrides_replace_settings_at_any_depth() -> None:
    mapping = yaml.safe_load(profiles.load("tiny", ["mixture.recipe=mix0", "seed=3"]))
    assert (mapping["mixture"]["recipe"], mapping["seed"]) == ("mix0", 3)


def test_a_file_is_a_profile_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("profiles") / "mine.yaml"
    path.write_text(profiles.load("tiny"))
    assert profiles.load(str(path)) == profiles.load("tiny")


@pytest.mark.parametrize(
    ("profile", "overrides", "words"),
    [
        ("lapttop", [], ["unknown profile 'lapttop'", "Did you mean 'laptop'?", "tiny"]),
        ("tiny", ["mixture.recipe=mix66"], ["mix66", "mix6", "mix0"]),
        ("tiny", ["mixture.recpie=mix6"], ["mixture.recpie", "Did you mean 'mixture.recipe'?"]),
        ("tiny", ["mixtures.recipe=mix6"], ["unknown key 'mixtures'", "Did you mean 'mixture'?"]),
        ("tiny", ["mixture.recipe={code: 0.5, math: 0.6}"], ["1.1"]),
        ("tiny", ["mixture.recipe={cooking: 1.0}"], ["cooking", "code", "web-crawl"]),
        ("tiny", ["mixture.recipe"], ["stage.key=value"]),
        ("tiny", ["seed.deep=1"], ["'seed' is a value"]),
        ("tiny", ["seed=[1"], ["not valid YAML"]),
        ("tiny", ["adapt.connector={type: mlp, view: grid7}"], ["reads the view 'grid7'", "encode.views", "grid"]),
        ("tiny", ["encode.views=[quarters.crops]"], ["'quarters.crops'", "quarters.grid"]),
    ],
)
def test_a_mistake_is_refused_with_what_is_valid(profile: str, overrides: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        profiles.load(profile, overrides)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_run_whose_model_could_not_be_exported_is_refused_before_it_trains() -> None:
    profiles.check_export(profiles.load("tiny"))
    quarters = ["encode.views=[quarters.grid]", "adapt.connector={type: pool, view: quarters.grid}"]
    profiles.check_export(profiles.load("tiny", quarters))
    with pytest.raises(ConfigError, match="cannot hold the fusion 'cross_attention'.* hold: prefix"):
        profiles.check_export(profiles.load("tiny", ["adapt.recipe=cross-attention"]))


def test_a_model_that_reads_the_whole_and_crops_of_it_is_refused_before_it_trains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = ("grid", "quarters.grid")
    monkeypatch.setattr(CONNECTORS.find("mlp"), "views", views)
    profile = profiles.load("tiny", [f"encode.views={list(views)}"])
    with pytest.raises(ConfigError, match=r"exports its model.* \(grid, quarters\.grid\): .*cropped in different ways"):
        profiles.check_export(profile)
