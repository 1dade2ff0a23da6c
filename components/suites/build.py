"""Making Questions: those of the rendered scenes beside those of benchmarks, each suite whole."""

import dataclasses
from pathlib import Path

from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.artifacts.suite import SCENES, THIS_RUN, Suite
from inkling.components.shared.runtime.progress import track
from inkling.components.shared.store.artifact import ATTRIBUTION
from inkling.components.shared.store.store import Draft, produce
from inkling.components.suites.config import SuitesConfig


def build_suites(config: SuitesConfig, scenes: str | Path, output: str | Path) -> Questions:
    """Gathers the questions of all suites, those about the rendered scenes among them.

    Raises:
        ArtifactError: If an artifact is not what its manifest says.
        SuiteError: If rows of a suite cannot be used.
    """
    rendered = Questions.open(scenes)
    return produce(Questions, output, config, {"scenes": rendered}, lambda draft: _make(config, rendered, draft))


def _make(config: SuitesConfig, rendered: Questions, draft: Draft) -> None:
    from inkling.components.suites.mismatch import draw_mismatched
    from inkling.components.suites.reading import read_suite

    images: dict[str, bytes] = {}
    questions: list[Question] = []
    credits = []
    for suite in track(config.read, "reading suites", len(config.read), "suites"):
        if suite.artifact is not None:
            stored = rendered if suite.artifact == THIS_RUN else Questions.open(suite.artifact)
            pictures, members = stored.images(), stored.questions()
            if suite.name != SCENES:
                pictures, members = _renamed(suite, pictures, members)
            credits += stored.attribution()
        else:
            read = read_suite(suite, config.files[suite.name])
            members, pictures = draw_mismatched(read.questions, read.images, suite.name, config.seed)
            left_out = "".join(f"; {count} rows {reason} and were left out" for reason, count in read.left_out.items())
            credits.append(f"{suite.title} {suite.version}: {suite.source} ({suite.licence}){left_out}")
        images.update(pictures)
        questions += members
    write_questions(draft.path, images.items(), questions)
    (draft.path / ATTRIBUTION).write_text("# Attribution\n\n" + "".join(f"- {entry}\n" for entry in credits))


def _renamed(
    suite: Suite, images: dict[str, bytes], questions: list[Question]
) -> tuple[dict[str, bytes], list[Question]]:
    """The content of an artifact under the name of a suite."""
    prefix = f"{suite.name}/"
    renamed = [
        dataclasses.replace(
            one,
            question_id=prefix + one.question_id,
            image_id=prefix + one.image_id,
            mismatched_image_id=prefix + one.mismatched_image_id,
            suite=suite.name,
        )
        for one in questions
    ]
    return {prefix + name: data for name, data in images.items()}, renamed
