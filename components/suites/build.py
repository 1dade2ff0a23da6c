"""Making Questions: those of the rendered scenes beside those of benchmarks, each suite whole."""

import dataclasses
from pathlib import Path

from inkling.components.artifacts.annotations import ImageAnnotation
from inkling.components.artifacts.questions import Question, Questions, write_questions
from inkling.components.artifacts.suite import SCENES, SNARE, THIS_RUN, TRANSFER, Suite
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import track
from inkling.components.shared.store.artifact import ATTRIBUTION
from inkling.components.shared.store.store import Draft, produce
from inkling.components.suites.config import SuitesConfig


def build_suites(config: SuitesConfig, scenes: str | Path | None, output: str | Path) -> Questions:
    """Gathers the questions of all suites, those about the rendered scenes among them.

    Args:
        config: The stage's configuration.
        scenes: The Questions about the rendered scenes; None where no suite reads them.
        output: Where the Questions of all suites go.

    Raises:
        ArtifactError: If an artifact is not what its manifest says.
        ConfigError: If a suite reads the rendered scenes, and there are none.
        SuiteError: If rows of a suite cannot be used.
    """
    rendered = None if scenes is None else Questions.open(scenes)
    inputs = {"scenes": rendered} if rendered else {}
    return produce(Questions, output, config, inputs, lambda draft: _make(config, rendered, draft))


def _make(config: SuitesConfig, rendered: Questions | None, draft: Draft) -> None:
    from inkling.components.suites.mismatch import draw_mismatched
    from inkling.components.suites.reading import read_suite
    from inkling.components.suites.statements import statements

    images: dict[str, bytes] = {}
    questions: list[Question] = []
    annotations: dict[str, ImageAnnotation] = {}
    credits = []
    for suite in track(config.read, "reading suites", len(config.read), "suites"):
        if suite.artifact is not None:
            stored = rendered if suite.artifact == THIS_RUN else Questions.open(suite.artifact)
            if stored is None:
                raise ConfigError(f"suite '{suite.name}' asks about rendered scenes: name their Questions")
            own = suite.artifact == THIS_RUN and suite.name in (SCENES, SNARE, TRANSFER)
            members = [one for one in stored.questions() if one.suite == suite.name or not own]
            if own and suite.name == SNARE:
                members = statements(stored, config.seed)
            shown = {name for one in members for name in (one.image_id, one.mismatched_image_id)}
            pictures = {name: data for name, data in stored.images().items() if name in shown}
            known = [one for name, one in stored.annotations().items() if name in shown]
            if not own:
                pictures, members, known = _renamed(suite, pictures, members, known)
            annotations |= {one.image_id: one for one in known}
            credits += [entry for entry in stored.attribution() if entry not in credits]
        else:
            read = read_suite(suite, config.files[suite.name], config.picture_files[suite.name])
            members, pictures = draw_mismatched(read.questions, read.images, suite.name, config.seed)
            left_out = "".join(f"; {count} rows {reason} and were left out" for reason, count in read.left_out.items())
            credits.append(f"{suite.title} {suite.version}: {suite.source} ({suite.licence}){left_out}")
        images.update(pictures)
        questions += members
    write_questions(draft.path, images.items(), questions, annotations.values())
    (draft.path / ATTRIBUTION).write_text("# Attribution\n\n" + "".join(f"- {entry}\n" for entry in credits))


def _renamed(
    suite: Suite, images: dict[str, bytes], questions: list[Question], annotations: list[ImageAnnotation]
) -> tuple[dict[str, bytes], list[Question], list[ImageAnnotation]]:
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
    known = [
        dataclasses.replace(one, image_id=prefix + one.image_id, twin=one.twin and prefix + one.twin)
        for one in annotations
    ]
    return {prefix + name: data for name, data in images.items()}, renamed, known
