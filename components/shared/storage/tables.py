"""Looking into a Parquet file before any work: whether the columns that will be read can be."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.config import ConfigError, unknown

_ROWS = 64


def columns_in(path: Path, wanted: Iterable[str] = (), filled: Iterable[str] = ()) -> dict[str, pa.DataType]:
    """What each column of a Parquet file holds, by name.

    Args:
        path: The file.
        wanted: Columns that will be read.
        filled: Those of them that must have a value in some row.

    Raises:
        ConfigError: If the file is no Parquet, is cut short or has no row, or a wanted column is not there, is there
            twice, or lacks values; the message names file and column.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            if not file.metadata.num_rows:
                raise ConfigError(f"{path} has no row")
            for name in wanted:
                if name not in schema.names:
                    raise ConfigError(f"{path}: {unknown('column', name, schema.names)}")
                if (times := schema.names.count(name)) > 1:
                    raise ConfigError(f"{path}: {times} columns are called '{name}': rename or drop all but one")
            for name in filled:
                if not _holds_values(file, name):
                    raise ConfigError(f"{path}: column '{name}' has no value in any row")
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{path} is no Parquet file, or it is cut short: {error}") from None
    return dict(zip(schema.names, schema.types, strict=True))


def _holds_values(file: pq.ParquetFile, name: str) -> bool:
    """Whether some row has a value: by the statistics, or, where they do not say, by reading until one is found.

    A row group that cannot be read counts as having some, for reading says how many rows are lost with it.
    """
    metadata = file.metadata
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    for number, group in enumerate(groups):
        chunks = (group.column(place) for place in range(metadata.num_columns))
        of_column = [chunk for chunk in chunks if chunk.path_in_schema == name]
        counted = of_column[0].statistics if of_column else None
        if counted is not None and counted.has_null_count and counted.null_count == group.num_rows:
            continue
        try:
            for batch in file.iter_batches(_ROWS, [number], [name]):
                if batch.column(name).null_count < len(batch):
                    return True
        except (OSError, ValueError, pa.ArrowException):
            return True
    return False
