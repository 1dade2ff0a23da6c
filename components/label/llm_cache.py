"""Answers of a language model, kept on disk: what was requested once is not requested again, nor in a later run.

The same model at temperature 0 may answer differently tomorrow (other batches, kernels or weights behind the name), so
a seed reproduces nothing here. This file does: who keeps it can make the same labels again, byte for byte.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from inkling.components.label.llm_endpoint import LabelAnswer, prompt
from inkling.models.strict_json import to_json

CACHE_VARIABLE = "INKLING_ANSWERS"
_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, model TEXT NOT NULL, labels TEXT NOT NULL)"


def cache_file() -> Path:
    """Where answers are kept: `INKLING_ANSWERS`, or the user's cache."""
    chosen = os.environ.get(CACHE_VARIABLE)
    home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(chosen) if chosen else Path(home).expanduser() / "inkling" / "answers.sqlite"


class AnswerCache:
    """Verdicts by prompt, model and text. A row is durable once `put` has returned; used by one thread."""

    def __init__(self, path: Path, model: str) -> None:
        """Opens the file, or makes it.

        Raises:
            OSError: If it cannot be opened, or is something else.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(_TABLE)
        except sqlite3.Error as error:
            raise OSError(
                f"{path} is no file of answers ({error}); remove it, or name another in {CACHE_VARIABLE}"
            ) from None
        self._model = model
        request = to_json([prompt(), LabelAnswer.model_json_schema(), model])
        self._request = hashlib.sha256(request.encode()).digest()

    def get(self, texts: Iterable[str]) -> list[LabelAnswer | None]:
        """The labels on each text; None where there is none yet."""
        return [self._get(text) for text in texts]

    def put(self, text: str, labels: LabelAnswer) -> None:
        """Keeps a labels; the first one on a text stays."""
        row = (self._key(text), self._model, labels.model_dump_json())
        self._database.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", row)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def _get(self, text: str) -> LabelAnswer | None:
        with closing(self._database.execute("SELECT labels FROM answers WHERE key = ?", (self._key(text),))) as found:
            row = found.fetchone()
        return LabelAnswer.model_validate_json(row[0]) if row else None

    def _key(self, text: str) -> str:
        return hashlib.sha256(self._request + text.encode()).hexdigest()
