"""Where a model's replies are kept: in the store they outlive the artifact, so that nothing is asked twice.

A log holds the replies to one suite of one task: the model's digest and the code that ran it, the suite's version,
its questions and pictures, and the settings that can move the last bits. Within it each reply has its `reply_key`:
question, view, order of the choices and the method's arguments. Another suite is another log; another view adds to it.
"""

import dataclasses
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import Suite
from inkling.components.evaluate.config import EvaluateConfig
from inkling.components.evaluate.resume_log import ResumeLog, logged
from inkling.components.shared.store.manifest import digest_of
from inkling.components.shared.store.provenance import package_versions, stage_code
from inkling.components.shared.store.store import STORE_VARIABLE

_FOLDER = "replies"
_DIGITS = 16


def subject(config: EvaluateConfig, model: str, modules: Sequence[str], **further: Any) -> dict[str, Any]:
    """Whose replies they are, as JSON values.

    Args:
        config: The stage's configuration.
        model: Digest of the model, or what else names it.
        modules: Modules that answering runs beside the stage's own.
        **further: What else decides them, such as the digest of the encoder.
    """
    code = stage_code(config.stage, tuple(sorted({*modules, *config.method.modules()})))
    return {"model": model, "code": code, "packages": package_versions(), **further}


def reply_task(
    subject: Mapping[str, Any],
    suite: Suite,
    questions: Sequence[Question],
    pictures: Mapping[str, bytes],
    config: EvaluateConfig,
) -> str:
    """Digest of what replies to a suite depend on beside their keys.

    Args:
        subject: Whose replies they are.
        suite: The suite.
        questions: Its questions.
        pictures: Bytes of the images by id; others may be among them.
        config: The stage's configuration.
    """
    shown = sorted({name for one in questions for name in (one.image_id, one.mismatched_image_id)})
    seen = [[name, hashlib.sha256(pictures[name]).hexdigest()] for name in shown if name in pictures]
    settings = {"seed": config.seed, "threads": config.threads, "batch_size": config.batch_size}
    asked = [dataclasses.asdict(question) for question in questions]
    return digest_of([dict(subject), suite.name, suite.version, settings, asked, seen])


def reply_log(scratch: Path, name: str, task: str) -> ResumeLog:
    """Opens the log of a task in the store.

    Args:
        scratch: The folder that it goes to if there is no store, such as the scratch directory of a draft.
        name: Name of the suite, or of what else is asked.
        task: What the replies depend on beside their keys.
    """
    path = _stored(name, task) or scratch / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    return ResumeLog(path, task)


def kept_replies(name: str, task: str) -> dict[str, Any]:
    """The replies of a task that the store holds, by `reply_key`; none without a store.

    Args:
        name: Name of the suite.
        task: What the replies depend on beside their keys.
    """
    path = _stored(name, task)
    return logged(path, task) if path else {}


def _stored(name: str, task: str) -> Path | None:
    """Where the store holds the log of a task; None without a store."""
    store = os.environ.get(STORE_VARIABLE)
    return Path(store, _FOLDER, task[:_DIGITS], f"{name}.jsonl") if store else None
