"""Parameters that this server cannot honour: taken at the values that ask for nothing, refused with a reason at others.

Many clients send every parameter they know of; a request that asks for nothing by one is answered.
"""

from typing import Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator


class Neutral:
    """Marks a parameter that may be null or one of its neutral values: `Annotated[Any, Neutral(0, why="...")]`."""

    def __init__(self, *values: Any, why: str) -> None:
        """Takes what asks for nothing, beside null, and what is said of any other value."""
        self._values, self._why = values, why

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Checks by `_check` alone."""
        return PlainValidator(self._check).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Shows the values."""
        return {"enum": [None, *self._values], "description": f"of no effect: {self._why}"}

    def _check(self, value: Any) -> None:
        if value is not None and not any(_same(value, one) for one in self._values):
            raise ValueError(f"{self._why}; leave it out")


def ignored(why: str) -> Any:
    """Describes a parameter that is taken whatever it is, since it changes no answer."""
    return Field(description=f"taken and ignored: {why}")


def _same(value: Any, neutral: Any) -> bool:
    """Whether a value is a neutral one; False is no 0, and 0.0 is 0."""
    return isinstance(value, bool) == isinstance(neutral, bool) and bool(value == neutral)
