"""The numbers that a study compares itself with, as its source prints them: a table is data with its source."""

from collections.abc import Collection, Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from inkling.components.shared.config import ConfigError, Section, unknown


class PublishedTable(Section):
    """A table or a figure of a paper.

    A column that is named like an axis of the study holds its labels; the others hold numbers. Columns of labels that
    are no axis of the study (a source's name where the study has one) are quoted text.
    """

    source: str = Field(description="paper, table or figure, and how the numbers were read if they are not printed")
    columns: dict[str, str] = Field(min_length=2, description="what each column holds, with its unit, by name")
    rows: tuple[tuple[str | float | None, ...], ...] = Field(min_length=1, description="the rows, as printed")

    @field_validator("rows", mode="before")
    @classmethod
    def _plain(cls, stated: Any) -> Any:
        if not isinstance(stated, list | tuple) or not all(isinstance(row, list | tuple) for row in stated):
            raise ConfigError("the rows of a published table are lists, one a row")
        return tuple(tuple(row) for row in stated)

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ConfigError(
                    f"row {number} of {self.source} has {len(row)} cells, but the columns are {', '.join(self.columns)}"
                )
        return self

    def column(self, name: str) -> list[str | float | None]:
        """The cells of a column, in the order of the rows.

        Raises:
            ConfigError: If there is no such column.
        """
        if name not in self.columns:
            raise unknown(f"column of {self.source}", name, self.columns)
        place = list(self.columns).index(name)
        return [row[place] for row in self.rows]


def paper_numbers(
    stated: Mapping[str, Any], tables: Mapping[str, PublishedTable], axes: Collection[str]
) -> dict[str, Any]:
    """The numbers of the paper beside a figure, read off a published table.

    Args:
        stated: `{table: figure-3, column: average}`, with `where: {label: reasoning}` for some of the rows.
        tables: The study's tables.
        axes: The axes of the figure; columns of the table with these names are its labels.

    Raises:
        ConfigError: If there is no such table or column, or it has no row for the figure.
    """
    for key in stated:
        if key not in ("table", "column", "where"):
            raise unknown("key of the paper's numbers", key, ("table", "column", "where"))
    name, column = str(stated.get("table")), str(stated.get("column"))
    if name not in tables:
        raise unknown("published table", name, tables)
    table = tables[name]
    values = table.column(column)
    where = {key: [plain(cell) for cell in table.column(key)] for key in stated.get("where", {})}
    labels = {axis: table.column(axis) for axis in axes if axis in table.columns}
    rows = [
        {**{axis: plain(cells[number]) for axis, cells in labels.items()}, "value": value}
        for number, value in enumerate(values)
        if value is not None and all(cells[number] == str(stated["where"][key]) for key, cells in where.items())
    ]
    if not labels or not rows:
        raise ConfigError(f"{table.source} has no number in '{column}' for a figure over {', '.join(axes)}")
    return {"source": table.source, "measure": table.columns[column], "rows": rows}


def plain(cell: str | float | None) -> str:
    """A cell as a label: 25, not 25.0."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
