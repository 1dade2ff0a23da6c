"""The user's files of evaluation questions that no training text may repeat."""

import zlib
from collections import Counter
from functools import cache

from inkling.components.corpus.files import TextFile
from inkling.components.corpus.lines import TOO_LONG, json_lines, parse_record
from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import require_text


@cache
def items_of_file(file: TextFile) -> tuple[str, ...]:
    """The evaluation items of a file of JSON lines with `question` and, optionally, `answer`; read once in a process.

    Raises:
        ConfigError: If a line is not so, or there is none; nothing of a benchmark may be passed over.
    """
    items, skipped = [], Counter[str]()
    try:
        with file.open() as stream:
            for place, line in json_lines(stream, skipped):
                record = parse_record(line, "utf-8", skipped)
                question, answer = (
                    (record.get(key, "") for key in ("question", "answer")) if isinstance(record, dict) else ("", "")
                )
                if not (isinstance(question, str) and question.strip()) or not isinstance(answer, str):
                    raise ConfigError(
                        f"{file.path}, byte {place}: expected a JSON object with `question` and maybe `answer`, texts"
                    )
                require_text([question, answer], f"{file.path}, byte {place}")
                items.append(f"{question} {answer}")
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{file.path} cannot be read: {error}") from None
    if skipped[TOO_LONG]:
        raise ConfigError(f"{file.path}: {skipped[TOO_LONG]} lines are too long to be read")
    if not items:
        raise ConfigError(f"{file.path} has no question")
    return tuple(items)
