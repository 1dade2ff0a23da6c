"""What each held-out document costs a model, as a table beside the model."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.statistics.losses import DocumentLosses

DOCUMENTS = "documents.parquet"
_SCHEMA = pa.schema(
    [
        ("sources", pa.string()),
        ("documents", pa.int64()),
        ("tokens", pa.int64()),
        ("bytes", pa.float64()),
        ("nats", pa.float64()),
    ]
)


def write_documents(directory: Path, documents: DocumentLosses | None) -> None:
    """Writes what each document of the held-out text costs; nothing is said of a model that was not scored."""
    columns = {name: getattr(documents, name, []) for name in _SCHEMA.names}
    pq.write_table(pa.table(columns, schema=_SCHEMA), directory / DOCUMENTS, compression="zstd")


def read_documents(directory: Path) -> DocumentLosses:
    """Reads what each document costs, in the order of the sources."""
    table = pq.read_table(directory / DOCUMENTS)
    return DocumentLosses(
        tuple(table.column("sources").to_pylist()),
        tuple(table.column("documents").to_pylist()),
        *(table.column(name).to_numpy() for name in ("tokens", "bytes", "nats")),
    )
