"""Typed, strict configuration: one section of a profile for each stage.

A profile is a YAML mapping. Keys at its top (`seed`, `threads`) hold for every stage that declares them; every
other key names a stage and holds that stage's section. Anything unknown or out of range is refused here, before
any work starts, with the place of the error and what would have been valid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, ValidationError, model_validator

from inkling.components.shared.strict_yaml import read_file, read_mapping
from inkling.models.settings import ConfigError, Section, explain, unknown
from inkling.models.spec import Spec, specs_in

__all__ = [
    "ConfigError", "Day", "ExecutionOnly", "InnerSection", "Section", "StageConfig", "read_file", "read_mapping",
    "unknown",
]  # fmt: skip


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float) or (isinstance(value, str) and not _DAY.fullmatch(value)):
        raise ValueError("Input should be a date such as 2026-01-31")
    return value


Day = Annotated[date, BeforeValidator(_no_number)]
"""A day, `YYYY-MM-DD`; a number is refused, in quotes too, which pydantic would take for seconds since 1970."""


class InnerSection(Section):
    """A section within another that names its valid keys itself, also where a union of kinds hides whose they are.

    A subclass may say in `key_name` what its keys are keys of.
    """

    key_name: ClassVar[str] = "key"

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, stated: Any) -> Any:
        for key in stated if isinstance(stated, dict) else ():
            if key not in cls.model_fields:
                raise unknown(cls.key_name, str(key), cls.model_fields)
        return stated


@dataclass(frozen=True)
class ExecutionOnly:
    """Marks a field that says how the work is done, such as `workers`, and changes no byte of what comes out.

    Example: `workers: Annotated[int, ExecutionOnly()] = Field(1, ge=1, description="...")`
    """


class StageConfig(Section):
    """Base of every stage's configuration.

    A subclass sets `stage`, the name of its folder and of its section in a profile, and declares its settings as
    fields. A field whose name stands at the top of the profile (such as `seed`) takes its value from there. A field
    marked `ExecutionOnly` is no part of what determines the result.

    Attributes:
        stage: The stage.
        runs: Names of those inputs whose plug-ins the stage runs, such as the model that it evaluates.
    """

    stage: ClassVar[str]
    runs: ClassVar[tuple[str, ...]] = ()

    def settings(self) -> dict[str, Any]:
        """The settings as JSON values, without those that say only how the work is done; `parse` reads them back."""
        return self.model_dump(mode="json", exclude=self._execution_only())

    def contents(self) -> dict[str, Any]:
        """What names in the settings stand for, as JSON values: of presets, recipes, packages and files by digest.

        They go into the artifact's key beside the settings. What stands under a setting's own name goes there in its
        place, as the digest of a file in place of its path.
        """
        return {}

    def specs(self) -> list[Spec]:
        """The plug-ins that the settings choose."""
        return list(specs_in({name: value for name, value in self if name not in self._execution_only()}))

    def modules(self) -> tuple[str, ...]:
        """Modules that the settings choose by name beside plug-ins, which the stage's own code names in no import."""
        return ()

    def places(self) -> dict[str, list[str]]:
        """Files and folders of the user's that the stage reads, by the setting that names them."""
        return {}

    def determinants(self) -> dict[str, Any]:
        """What of the configuration determines the result."""
        return {**self.settings(), **self.contents()}

    @classmethod
    def restored(cls, config: Mapping[str, Any], contents: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """The settings that a manifest records, as a profile may state them.

        Where something lies that settings name, such as a file, is recorded nowhere, and is left out.

        Args:
            config: What it records of the settings.
            contents: What it records of what they stand for.
            folder: Where files may be put that the settings then name.
        """
        return dict(config)

    @classmethod
    def _execution_only(cls) -> set[str]:
        fields = cls.model_fields.items()
        return {name for name, field in fields if any(isinstance(mark, ExecutionOnly) for mark in field.metadata)}

    @classmethod
    def parse(cls, profile: str | Mapping[str, Any], **parameters: Any) -> Self:
        """Reads this stage's section out of a whole profile.

        Args:
            profile: The profile, as YAML text or as a mapping.
            **parameters: Values given beside the profile (a component's own arguments); they win over its keys.

        Raises:
            ConfigError: If the section holds an unknown key or a value that cannot be used.
        """
        mapping = read_mapping(profile) if isinstance(profile, str) else profile
        section = mapping.get(cls.stage, {})
        if section is None:
            raise ConfigError(f"'{cls.stage}' is empty: leave it out for the defaults, or write {cls.stage}: {{}}")
        if not isinstance(section, Mapping):
            raise ConfigError(f"'{cls.stage}' must be a mapping of settings, got {type(section).__name__}")
        shared = {key: mapping[key] for key in cls.model_fields if key in mapping and key != cls.stage}
        try:
            return cls.model_validate({**shared, **section, **parameters})
        except ValidationError as error:
            raise ConfigError(explain(error, cls, cls.stage)) from None
