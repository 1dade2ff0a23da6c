"""The public language tasks of the paper through lm-evaluation-harness, zero-shot, on a LanguageModel directory."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkling.components.artifacts.language_model import TOKENIZER, LanguageModel
from inkling.components.shared.config import ConfigError, unknown
from inkling.components.shared.runtime.progress import note
from inkling.components.shared.statistics.quantiles import Z_95
from inkling.models.sequence.special_tokens import BOS, EOS, PAD

PAPER_TASKS = {
    "wikitext": "word_perplexity",
    "lambada_openai": "acc",
    "piqa": "acc",
    "hellaswag": "acc_norm",
    "winogrande": "acc",
    "arc_easy": "acc",
    "arc_challenge": "acc_norm",
    "copa": "acc",
    "sciq": "acc",
    "openbookqa": "acc_norm",
    "boolq": "acc",
}
"""The paper's ten (its ARC has two parts) by their names in the harness, and the score of each that is reported."""
_BATCH, _RESAMPLES = 16, 1_000


@dataclass(frozen=True)
class TaskScore:
    """A model's score on a task.

    Attributes:
        task: Its name in the harness.
        version: Version of its definition there.
        metric: What was measured.
        value: The score.
        low: Lower end of the 95 % interval; None where the harness gives no error, as for one item.
        high: Upper end.
        items: Items evaluated.
    """

    task: str
    version: str
    metric: str
    value: float
    low: float | None
    high: float | None
    items: int


def score_tasks(
    model: LanguageModel, tasks: Sequence[str], folder: Path | None = None, limit: int | None = None
) -> list[TaskScore]:
    """Scores a model on tasks of the harness.

    Args:
        model: The language model.
        tasks: Names of tasks: the paper's, or those that `folder` defines.
        folder: Folder of further task definitions in the harness's YAML; then only these are looked at.
        limit: Items of a task at most.

    Raises:
        ConfigError: If the harness is not installed, or there is no such task.
        RuntimeError: If the data of a task cannot be had.
    """
    if folder is None:
        for task in tasks:
            if task not in PAPER_TASKS:
                raise unknown("language task", task, PAPER_TASKS)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from lm_eval import simple_evaluate
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise ConfigError(
            f"public tasks need the extra 'language': pip install 'inkling-stack[language]' ({error})"
        ) from None

    note("reading the task definitions of lm-evaluation-harness")
    manager = TaskManager(include_path=str(folder) if folder else None, include_defaults=folder is None)
    if absent := [task for task in tasks if task not in manager.all_tasks]:
        raise unknown("language task", absent[0], manager.all_tasks)
    wrapped = HFLM(pretrained=model.network(), tokenizer=_tokenizer(model), batch_size=_BATCH, device=_device())
    try:
        found = simple_evaluate(
            model=wrapped, tasks=list(tasks), num_fewshot=0, limit=limit, bootstrap_iters=_RESAMPLES, log_samples=False,
            task_manager=manager,
        )  # fmt: skip
    except (ConnectionError, FileNotFoundError) as error:
        raise RuntimeError(f"the data of {', '.join(tasks)} cannot be had: {error}") from None
    return [_score(task, found) for task in tasks]


def _score(task: str, found: dict[str, Any]) -> TaskScore:
    """The reported metric of a task: the paper tasks' own, else the first that the task names."""
    results = found["results"][task]
    metrics = [name.split(",")[0] for name in results if "," in name and "_stderr" not in name]
    metric = PAPER_TASKS[task] if PAPER_TASKS.get(task) in metrics else metrics[0]
    key = next(name for name in results if name.startswith(f"{metric},"))
    value, error = float(results[key]), results.get(key.replace(",", "_stderr,", 1))
    margin = Z_95 * error if isinstance(error, float) and math.isfinite(error) else None
    return TaskScore(
        task=task,
        version=str(found["versions"].get(task, "")),
        metric=metric,
        value=value,
        low=None if margin is None else value - margin,
        high=None if margin is None else value + margin,
        items=int(found["n-samples"][task]["effective"]),
    )


def _tokenizer(model: LanguageModel) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_file=str(model.path / TOKENIZER), bos_token=BOS, eos_token=EOS, pad_token=PAD
    )


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
