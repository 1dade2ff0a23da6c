"""Settings that refuse what they do not know: the base of every typed configuration, down to a plug-in's.

Needs no torch, so that a configuration is checked in every image before any work starts.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator


class ConfigError(ValueError):
    """A configuration that cannot be used; the message says where, why and what is valid."""


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys; the base of stage configs, of their parts and of specs."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _no_guess(cls, stated: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuses what pydantic would take for a number or a truth value although it was stated as another one."""
        found = validate(stated)
        wrong = {
            name: should
            for name in (cls.model_fields if isinstance(stated, Mapping) else ())
            if name in stated and (should := _guessed(stated[name], getattr(found, name)))
        }
        if wrong:
            raise ValidationError.from_exception_data(
                cls.__name__,
                [
                    {
                        "type": "value_error",
                        "loc": (name,),
                        "input": stated[name],
                        "ctx": {"error": f"Input should be {should}"},
                    }
                    for name, should in wrong.items()
                ],
            )
        return found


def _guessed(stated: Any, found: Any) -> str | None:
    """What should stand where a truth value was taken for a number, or anything else for a truth value."""
    if isinstance(found, bool):
        return None if isinstance(stated, bool) else "true or false"
    if isinstance(found, int | float):
        return "a number, not true or false" if isinstance(stated, bool) else None
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        pairs = ((value, found.get(key)) for key, value in stated.items())
    elif isinstance(stated, list | tuple) and isinstance(found, list | tuple):
        pairs = zip(stated, found, strict=False)
    return next((wrong for pair in pairs if (wrong := _guessed(*pair))), None)


def unknown(kind: str, name: str, valid: Iterable[str]) -> ConfigError:
    """The error for a name that is not among the valid ones; it lists them and suggests the nearest."""
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return ConfigError(f"unknown {kind} '{name}'.{hint} Valid: {', '.join(names)}")


def explain(error: ValidationError, settings: type[BaseModel], place: str) -> str:
    """What is wrong with settings, a line an error: where it stands, what was given and what would have been valid.

    Args:
        error: What pydantic found.
        settings: The class that refused them.
        place: Where they stand, such as the stage's name; every line begins with it.
    """
    lines = []
    for item in error.errors():
        where = ".".join(str(part) for part in (place, *item["loc"]))
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            prefix, owner = where.rpartition(".")[0], _owner(settings, item["loc"])
            lines.append(str(unknown("key", where, (f"{prefix}.{key}" for key in owner.model_fields))))
        elif not item["loc"]:
            lines.append(f"{where}: {message}")
        else:
            lines.append(f"{where}: {message} (got {_stated(item['input'], item['type'] == 'string_type')})")
    return "\n".join(lines)


def _stated(value: Any, wants_text: bool) -> str:
    """What was given, with the way to write what was perhaps meant."""
    if value is None:
        return "nothing"
    if wants_text and isinstance(value, int | float):
        return f"{value!r}: put it in quotes if it is text"
    if isinstance(value, str) and value.lower() == "none":
        return f"{value!r}: no value is written null"
    return repr(value)


def _owner(settings: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """The (nested) section that refused a key, found by walking the key's location."""
    owner = settings
    for part in location[:-1]:
        field = owner.model_fields.get(str(part))
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        owner = annotation
    return owner
