"""What a language model knows of language as rows of one table: held-out text, and public tasks on demand."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.pretrain.harness import PAPER_TASKS, score_tasks


def score_rows(
    model: LanguageModel, tasks: Sequence[str] = (), folder: Path | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Perplexity and multiple choice as they were scored after training, then the tasks, which are scored now.

    Args:
        model: The language model.
        tasks: Names of public tasks; `paper` alone stands for the paper's ten.
        folder: Folder of further task definitions in the harness's YAML.
        limit: Items of a task at most.

    Returns:
        Rows with `group`, `task`, `metric`, `value`, `low` and `high` (the 95 % interval, or None) and `items`.

    Raises:
        ConfigError: If the harness is not installed, or there is no such task.
        RuntimeError: If the data of a task cannot be had.
    """
    rows = [*_perplexity(model), *_choices(model)]
    names = list(PAPER_TASKS) if list(tasks) == ["paper"] else tasks
    if names:
        rows += [{"group": "public task", **asdict(row)} for row in score_tasks(model, names, folder, limit)]
    return rows


def _perplexity(model: LanguageModel) -> list[dict[str, Any]]:
    rows = []
    for source, entry in model.perplexity().items():
        low, high = entry["interval"] or (None, None)
        measured = {"value": entry["model_perplexity"], "low": low, "high": high, "items": entry["tokens"]}
        rows.append({"group": "held-out text", "task": source, "metric": "perplexity", **measured})
    return rows


def _choices(model: LanguageModel) -> list[dict[str, Any]]:
    metrics = (("right", "accuracy"), ("blind", "accuracy without the passage"), ("difference", "difference"))
    return [
        {"group": "held-out choice", "task": suite, "metric": metric, **entry[key], "items": entry["items"]}
        for suite, entry in model.choices().items()
        for key, metric in metrics
    ]
