"""Writing the results of an evaluation where people and other tools look for them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from inkling.components.analyze.results.browse import browse
from inkling.components.analyze.results.samples import ModelInput, samples, task_name
from inkling.components.analyze.results.table import markdown, metric_name, results
from inkling.components.artifacts.answers import Answer
from inkling.components.artifacts.questions import Question
from inkling.components.artifacts.suite import Suite
from inkling.components.shared.store.artifact import write_json
from inkling.models.strict_json import to_json


def write_results(
    answers: Sequence[Answer],
    questions: Sequence[Question],
    suites: Sequence[Suite],
    given: Callable[[Question, Answer], ModelInput],
    directory: Path,
    pictures: Mapping[str, bytes] | None = None,
) -> list[Path]:
    """Writes answers as samples of lmms-eval, their scores as lm-evaluation-harness has them, and a page to browse.

    Args:
        answers: The answers, of any suites and views.
        questions: The questions that they answer; others may be among them.
        suites: What the suites are; answers to others are left out.
        given: What the model was given for an answer.
        directory: Where `samples_<task>.jsonl`, `results.json`, `results.md` and `answers.html` go; made if there is
            none.
        pictures: Bytes of the images by id, for the page; it shows none where None.

    Returns:
        The files.

    Raises:
        ValueError: If an answer is to no question, or there is none to a suite.
    """
    by_id = {(one.suite, one.question_id): one for one in questions}
    known = {suite.name: suite for suite in suites}
    tasks: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if answer.suite in known:
            tasks.setdefault((answer.suite, answer.view), []).append(answer)
    if not tasks:
        raise ValueError(f"no answer is to a question of the suites {', '.join(known)}")
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for (suite, view), members in tasks.items():
        own = {name: question for (of, name), question in by_id.items() if of == suite}
        path = directory / f"samples_{task_name(suite, view)}.jsonl"
        rows = samples(members, own, metric_name(known[suite]), given)
        lines = (to_json(one, ensure_ascii=False) for one in rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        written.append(path)
    found = results(answers, suites)
    write_json(directory / "results.json", found)
    (directory / "results.md").write_text(markdown(found), encoding="utf-8")
    titles = {suite.name: suite.title for suite in suites}
    shown = browse({"model": [one for members in tasks.values() for one in members]}, questions, pictures or {}, titles)
    (directory / "answers.html").write_text(shown, encoding="utf-8")
    return [*written, *(directory / name for name in ("results.json", "results.md", "answers.html"))]
