"""Strict configuration: what is refused, and whether the words help."""

from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from inkling.components.shared.config import ConfigError, ExecutionOnly, Section, StageConfig, read_mapping, unknown


class Part(Section):
    width: int = Field(8, gt=0)


class ExampleConfig(StageConfig):
    stage: ClassVar[str] = "example"

    seed: int = 0
    steps: int = Field(10, ge=1)
    part: Part = Part()


def test_takes_its_section_and_the_shared_settings() -> None:
    config = ExampleConfig.parse("seed: 7\nexample: {steps: 3, part: {width: 2}}\nother: {x: 1}")
    assert config == ExampleConfig(seed=7, steps=3, part=Part(width=2))


def test_parameters_win_over_the_section() -> None:
    assert ExampleConfig.parse({"example": {"steps": 3}}, steps=5).steps == 5


def test_a_missing_section_means_the_defaults() -> None:
    assert ExampleConfig.parse("{}") == ExampleConfig()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"stepz": 3}, ["example.stepz", "Did you mean 'example.steps'?", "example.part"]),
        ({"part": {"widht": 3}}, ["example.part.widht", "Did you mean 'example.part.width'?"]),
        ({"steps": 0}, ["example.steps", "greater than or equal to 1", "got 0"]),
        ({"part": {"width": "wide"}}, ["example.part.width", "got 'wide'"]),
    ],
)
def test_a_wrong_setting_is_refused_by_place_and_with_what_is_valid(
    section: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        ExampleConfig.parse({"example": section})
    assert all(word in str(caught.value) for word in words)


def test_what_says_only_how_work_is_done_determines_nothing() -> None:
    class Busy(StageConfig):
        stage: ClassVar[str] = "busy"

        size: int = 3
        workers: Annotated[int, ExecutionOnly()] = Field(1, ge=1)

    assert Busy(workers=4).determinants() == Busy().determinants() == {"size": 3}
    with pytest.raises(ConfigError, match=r"busy\.workers"):
        Busy.parse({"busy": {"workers": 0}})


def test_a_section_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="'example' must be a mapping"):
        ExampleConfig.parse({"example": [1]})


@pytest.mark.parametrize("text", ["- a\n- b", "a: [1", "just words"])
def test_text_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_mapping(text)


def test_an_unknown_name_lists_the_valid_ones() -> None:
    assert str(unknown("recipe", "mix66", ["mix6", "mix0"])) == (
        "unknown recipe 'mix66'. Did you mean 'mix6'? Valid: mix0, mix6"
    )
