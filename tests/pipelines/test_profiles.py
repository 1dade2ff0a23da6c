"""Profiles: all that ship can be parsed, and mistakes are told before work starts."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.placement import PlacementConfig
from inkling.models.connectors import CONNECTORS
from inkling.pipelines import profiles
from inkling.pipelines.cli import app


@pytest.mark.parametrize("name", profiles.names())
def test_every_shipped_profile_is_valid_and_canonical(name: str) -> None:
    text = profiles.load(name)
    assert text == yaml.safe_dump(yaml.safe_load(text), sort_keys=True)
    for stage in profiles.STAGES:
        assert profiles.stage_config(stage).parse(text).stage == stage


def test_overrides_replace_settings_at_any_depth() -> None:
    mapping = yaml.safe_load(profiles.load("tiny", ["mixture.recipe=mix0", "seed=3"]))
    assert (mapping["mixture"]["recipe"], mapping["seed"]) == ("mix0", 3)


def test_an_override_leaves_alone_what_an_alias_names_elsewhere() -> None:
    placement = PlacementConfig.parse(profiles.load("cluster", ["placement.stages.pretrain.accelerator.count=8"]))
    accelerators = [placement.of(stage).accelerator for stage in ("pretrain", "adapt", "evaluate")]
    assert [accelerator and accelerator.count for accelerator in accelerators] == [8, 1, 1]


def test_a_file_is_a_profile_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("profiles") / "mine.yaml"
    path.write_text(profiles.load("tiny"))
    assert profiles.load(str(path)) == profiles.load("tiny")


@pytest.mark.parametrize(
    ("profile", "overrides", "words"),
    [
        ("lapttop", [], ["unknown profile 'lapttop'", "Did you mean 'laptop'?", "tiny"]),
        ("tiny", ["mixture.recpie=mix6"], ["mixture.recpie", "Did you mean 'mixture.recipe'?"]),
        ("tiny", ["mixtures.recipe=mix6"], ["unknown key 'mixtures'", "Did you mean 'mixture'?"]),
        ("tiny", ["mixture.recipe={code: 0.5, math: 0.6}"], ["1.1"]),
        ("tiny", ["mixture.recipe"], ["stage.key=value"]),
        ("tiny", ["seed.deep=1"], ["'seed' is a value"]),
        ("tiny", ["seed=[1"], ["not valid YAML"]),
        ("tiny", ["seed=0123"], ["'seed=0123'", "octal to some", "write 123 for the number"]),
        ("tiny", ["seed=1:30"], [".seed", "valid integer", "got '1:30'"]),
        ("tiny", ["seed=yes"], [".seed", "valid integer", "got 'yes'"]),
        ("tiny", ["seed=true"], [".seed", "a number, not true or false"]),
        ("tiny", ["seed="], [".seed", "got nothing"]),
        ("tiny", ["pretrain.no_pretraining=yes"], ["pretrain.no_pretraining", "true or false (got 'yes')"]),
        ("tiny", ["pretrain.compile=1"], ["pretrain.compile", "true or false (got 1)"]),
        ("tiny", ["pretrain.learning_rate=.inf"], ["pretrain.learning_rate", "finite number"]),
        ("tiny", ["adapt.epochs={start: true}"], ["adapt.epochs", "a number, not true or false"]),
        ("tiny", ["pretrain="], ["'pretrain' is empty", "leave it out for the defaults, or write pretrain: {}"]),
        ("tiny", ["placement="], ["'placement' is empty"]),
        ("tiny", ["pretrain=no"], ["'pretrain' must be a mapping"]),
        ("tiny", ["pretrain.preset=340"], ["pretrain.preset", "put it in quotes if it is text"]),
        ("tiny", ["pretrain.optimization=[laptop]"], ["unknown optimization", "laptop"]),
        ("tiny", ["corpus.similarity=none"], ["corpus.similarity", "no value is written null"]),
        ("tiny", ["mixture.as_of=latest"], ["mixture.as_of", "a date such as 2026-01-31"]),
        ("tiny", ["mixture.as_of='20260131'"], ["mixture.as_of", "a date such as 2026-01-31"]),
        ("tiny", ["mixture.as_of=2026-02-30"], ["mixture.as_of", "valid date"]),
        ("tiny", ["seed=1", "seed=2"], ["'seed=2' would undo the earlier one of 'seed'"]),
        ("tiny", ["pretrain.batch=4", "pretrain={preset: mini}"], ["would undo the earlier one of 'pretrain.batch'"]),
        ("tiny", ["adapt.connector={type: mlp, view: grid7}"], ["reads the view 'grid7'", "encode.views", "grid"]),
        (
            "tiny",
            ["adapt.phases={instruct: {data: [interleaved], objectives: [next_token]}}"],
            ["phase 'instruct' reads interleaved documents, and the scenes make none", "scenes.documents=4"],
        ),
        ("tiny", ["adapt.recipe=svco"], ["'svco' of phase 'prefer' learns from twins", "scenes.twins=0.5"]),
        (
            "tiny",
            ["adapt.recipe=lavi", "adapt.fusion={type: lavi, every: 1}", "adapt.phases={align: {objectives: [asvr]}}"],
            [
                "'asvr' of phase 'align' reads a state for each image token",
                "fusion 'lavi' gives 16 of them 0",
                "prefix",
            ],
        ),
        ("tiny", ["encode.views=[quarters.crops]"], ["'quarters.crops'", "quarters.grid"]),
        (
            "tiny",
            ["encode.views=[grid.24x24]", "adapt.connector={type: mlp, view: grid.24x24}"],
            ["takes 576 positions", "view grid.24x24", "of the 128 of preset 'tiny'", "resample the view"],
        ),
        (
            "tiny",
            ["encode.encoder=pp-ocr", "encode.views=[strips]", "adapt.connector={type: pool, view: strips}"],
            ["'pool' cannot average a grid of 168 tokens"],
        ),
    ],
)
def test_a_mistake_is_refused_with_what_is_valid(profile: str, overrides: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        profiles.load(profile, overrides)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"seed: 0\npretrain: {preset: tiny}\npretrain: {preset: mini}\n", "line 3: the key 'pretrain' stands twice"),
        (b"corpus:\n  seed: 0\n  seed: 1\n", "line 3: the key 'seed' stands twice, first in line 2"),
        (b"1: 2\n", "line 1: a key must be text: write '1'"),
        ("seed: 0 # \xe9\n".encode("latin-1"), "line 1: byte 10 (0xe9) is no UTF-8"),
        (b"", "got nothing"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_is_refused_by_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        profiles.load(str(path))
    assert str(path) in str(caught.value) and words in str(caught.value)


@pytest.mark.parametrize("key", ["on", "yes"])
def test_a_key_that_was_a_truth_value_in_yaml_1_1_is_an_unknown_one(tmp_path: Path, key: str) -> None:
    (tmp_path / "mine.yaml").write_text(f"{key}: 1\n")
    with pytest.raises(ConfigError, match=f"unknown key '{key}'"):
        profiles.load(str(tmp_path / "mine.yaml"))


def test_what_a_text_says_of_null_holds() -> None:
    """Texts of settings say `null` where nothing is a choice, and null is taken there."""
    said = []
    for stage in (*profiles.STAGES, *profiles.OPTIONAL, "placement"):
        owner = PlacementConfig if stage == "placement" else profiles.stage_config(stage)
        for name, field in owner.model_fields.items():
            text = field.description or ""
            assert "none:" not in text and "or latest" not in text, f"{stage}.{name}"
            if "null:" in text:
                owner.parse({stage: {name: None}})
                said.append(f"{stage}.{name}")
    assert {"corpus.similarity", "mixture.as_of", "placement.pipeline_root"} <= set(said)


@pytest.fixture
def own(tmp_path: Path) -> str:
    """The override that makes a catalogue of two sources of one's own text the corpus."""
    (tmp_path / "notes.txt").write_text("A heron stood in the reeds.\n" * 9)
    entry = {"quality": "real", "description": "notes", "licence": "CC0-1.0", "files": ["notes.txt"]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"field-notes": entry, "letters": entry}))
    return f"corpus.catalogue={tmp_path / 'mine.yaml'}"


@pytest.mark.parametrize(
    "recipe",
    [
        "field-notes",
        "{field-notes: 1}",
        "{field-notes: 0.3, letters: 0.7}",
        "{labels: {concept: 0.5}}",
        "{labels: {concept: 0.5}, base: letters}",
        "{path: [field-notes, {letters: 1}], at: 0.5}",
        "{field-notes: 1, academia: 0}",
    ],
)
def test_a_recipe_may_name_sources_of_ones_own(own: str, recipe: str) -> None:
    profiles.check_recipe(profiles.load("tiny", [own, f"mixture.recipe={recipe}"]))


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("mix6", ["'mix6' takes text from academia,", "It has field-notes, letters", "mixture.recipe=field-notes"]),
        ("{code: 1}", ["'custom' takes text from code", "'mixture.recipe={field-notes: 1}'"]),
        ("field-note", ["unknown recipe or source of the corpus 'field-note'", "Did you mean 'field-notes'?", "mix0"]),
        ("{leters: 1}", ["'leters'", "Did you mean 'letters'?"]),
        ("mix66", ["'mix66'", "Did you mean 'mix6'?"]),
        ("{labels: {concept: 0.5}, base: mix0}", ["takes text from academia"]),
        ("{path: [field-notes, mix0], at: 0.5}", ["takes text from academia"]),
    ],
)
def test_a_recipe_of_sources_that_the_corpus_lacks_is_refused_before_any_text_is_read(
    own: str, recipe: str, words: list[str]
) -> None:
    with pytest.raises(ConfigError, match=r"^mixture\.recipe: ") as caught:
        profiles.check_recipe(profiles.load("tiny", [own, f"mixture.recipe={recipe}"]))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_source_that_the_catalogue_has_and_the_corpus_leaves_out_is_said(own: str) -> None:
    catalogue = own.replace("=", "=[packages, ") + "]"
    profile = profiles.load("tiny", [catalogue, "mixture.recipe=field-notes"])
    with pytest.raises(ConfigError, match=r"corpus\.sources may name: .*field-notes"):
        profiles.check_recipe(profile)
    profiles.check_recipe(profiles.load("tiny", [catalogue, "corpus.sources=[letters]", "mixture.recipe=letters"]))


@pytest.mark.parametrize("name", ["mix6", "pool", "labels", "path", "several"])
def test_a_source_called_like_a_word_of_recipes_is_refused(own: str, tmp_path: Path, name: str) -> None:
    catalogue = tmp_path / "mine.yaml"
    catalogue.write_text(catalogue.read_text().replace("letters", name))
    with pytest.raises(ConfigError, match=f"a recipe cannot name the source '{name}'"):
        profiles.check_recipe(profiles.load("tiny", [own, "mixture.recipe=field-notes"]))


@pytest.mark.parametrize(
    "command",
    [["run"], ["corpus", "describe"], ["estimate"], ["compile"], ["study", "connectors", "--only", "seed=0"]],
)
def test_every_command_that_needs_the_recipe_refuses_it_before_it_makes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("INKLING_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(app, [*command, "--profile", "tiny", "--set", "corpus.sources=[code]"])
    assert isinstance(ended.exception, ConfigError)
    assert "takes text from academia" in str(ended.exception)
    assert not (tmp_path / "home").exists()


def test_a_fusion_that_cannot_enter_the_preset_is_refused_before_anything_is_made() -> None:
    with pytest.raises(ConfigError, match="adapt: fusion 'lavi' modulates one of every 9 layers, .* has 4"):
        profiles.load("tiny", ["adapt.fusion={type: lavi, every: 9}"])


def test_a_run_whose_model_could_not_be_exported_is_refused_before_it_trains() -> None:
    profiles.check_export(profiles.load("tiny"))
    quarters = ["encode.views=[quarters.grid]", "adapt.connector={type: pool, view: quarters.grid}"]
    profiles.check_export(profiles.load("tiny", quarters))
    with pytest.raises(ConfigError, match="cannot hold the fusion 'cross_attention'.* hold: prefix"):
        profiles.check_export(profiles.load("tiny", ["adapt.recipe=cross-attention"]))
    with pytest.raises(ConfigError, match="the connector 'early_fusion' reads the question too"):
        profiles.check_export(profiles.load("tiny", ["adapt.connector=early_fusion"]))


def test_a_model_that_reads_the_whole_and_crops_of_it_is_refused_before_it_trains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = ("grid", "quarters.grid")
    monkeypatch.setattr(CONNECTORS.find("mlp"), "views", views)
    profile = profiles.load("tiny", [f"encode.views={list(views)}"])
    with pytest.raises(ConfigError, match=r"exports its model.* \(grid, quarters\.grid\): .*cropped in different ways"):
        profiles.check_export(profile)


def test_a_run_asks_the_views_that_its_report_compares() -> None:
    assert "blank" in profiles.load("tiny", ["evaluate.views=[visual, blind, mismatched, blank]"])
    with pytest.raises(ConfigError, match=r"evaluate\.views: .* mismatched is left out; `inkling evaluate` asks"):
        profiles.load("tiny", ["evaluate.views=[visual, blind]"])
