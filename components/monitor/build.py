"""Reading a request log and its reference, and judging what was found."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.questions import Questions
from inkling.components.monitor.config import MonitorConfig
from inkling.components.shared.config import ConfigError

if TYPE_CHECKING:
    from inkling.components.monitor.compare import Monitored


def monitor_log(
    config: MonitorConfig,
    log: str | Path,
    bundle: str | Path,
    questions: str | Path,
    answers: str | Path,
    report: str | Path,
) -> "Monitored":
    """Compares the last hours of a request log with the evaluation of the served model; writes Evidently's report.

    Args:
        config: How far back answers are taken.
        log: Folder of the request log.
        bundle: The Bundle artifact that is served.
        questions: The Questions artifact of its evaluation.
        answers: The Answers artifact of its evaluation.
        report: HTML file that the report goes to.

    Raises:
        ConfigError: If there is no log, or too few answers in it.
    """
    from inkling.components.monitor.compare import monitor, reference_rows
    from inkling.components.serve.request_log import logged_files, read_log

    if not logged_files(Path(log)):
        raise ConfigError(f"{log} holds no request log: start the server with the setting `request_log: {log}`")
    asked = Questions.open(questions)
    known = Answers.open(answers).answers(split="test")
    reference = reference_rows(asked.questions("test"), known, asked.images(), Bundle.open(bundle))
    since = time.time() - config.hours * 3_600
    try:
        return monitor(list(read_log(Path(log), since)), [asdict(row) for row in reference], Path(report))
    except ValueError as error:
        raise ConfigError(str(error)) from None


def past(config: MonitorConfig, shares: Mapping[str, float | None]) -> list[str]:
    """The thresholds that were passed, in words.

    Args:
        config: What is borne.
        shares: What was found, see `Monitored.shares`.
    """
    borne = {
        "drifted": (config.max_drifted, "of the columns drifted"),
        "blind": (config.max_blind, "of the answers were blind"),
        "empty": (config.max_empty, "of the generated answers were empty"),
    }
    return [
        f"{found:.0%} {words}, {most:.0%} are borne"
        for name, (most, words) in borne.items()
        if (found := shares[name] or 0.0) > most
    ]
