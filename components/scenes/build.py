"""Builds the conversations to learn from and the questions to be scored on."""

import shutil
from dataclasses import replace
from pathlib import Path

from inkling.components.artifacts.annotations import ImageAnnotation, read_annotations
from inkling.components.artifacts.conversations import (
    Conversations,
    Turn,
    read_documents,
    read_turns,
    write_conversations,
)
from inkling.components.artifacts.images import read_images
from inkling.components.artifacts.questions import Questions, write_questions
from inkling.components.scenes.asking import questions
from inkling.components.scenes.catalogue import Split, catalogue, packages
from inkling.components.scenes.config import ScenesConfig
from inkling.components.scenes.documents import documents
from inkling.components.scenes.loaders.account import ACCOUNTS
from inkling.components.scenes.loaders.contract import load_conversations
from inkling.components.scenes.made import Made
from inkling.components.scenes.mixing import ReadConversations, named, share_of
from inkling.components.scenes.plan import (
    SceneJob,
    question_jobs,
    training_jobs,
    transfer_jobs,
    undrawn_jobs,
    with_twins,
)
from inkling.components.scenes.scene import SIDE
from inkling.components.scenes.teaching import text_only_turns, turns
from inkling.components.scenes.twins import CHANGES
from inkling.components.scenes.workers import make
from inkling.components.shared.runtime.progress import note, track
from inkling.components.shared.storage.packages import attribution, package
from inkling.components.shared.store.artifact import ATTRIBUTION
from inkling.components.shared.store.store import Draft, produce


def build_scenes(
    config: ScenesConfig, conversations: str | Path, questions: str | Path
) -> tuple[Conversations, Questions]:
    """Builds both artifacts of the stage.

    Raises:
        FetchError: If a package cannot be had.
    """
    return build_conversations(config, conversations), build_questions(config, questions)


def build_conversations(config: ScenesConfig, output: str | Path) -> Conversations:
    """Builds the training pictures with their captions and instructions, reads them where data are stated, or both."""

    def write(draft: Draft) -> None:
        if config.conversations and config.own_share == 1:
            load_conversations(config.conversations, config.threads, draft.path)
            return
        own = _own(config, draft) if config.conversations else ReadConversations({}, [], {})
        jobs = with_twins(_training(config), config.twins)
        scenes = _make(jobs, config.threads, "rendering to learn from")
        asked = config.phrasings, config.existence_pairs
        written = [turn for made in scenes for turn in turns(made, catalogue(), *asked)]
        written += _text_only(config, sum(turn.kind == "instruct" for turn in written))
        pictures, shown = [*_pictures(scenes), *own.images.items()], [*_annotations(scenes), *own.annotations.values()]
        rows = documents(scenes, config.documents, catalogue()) if config.documents else []
        write_conversations(draft.path, pictures, [*written, *own.turns], shown, rows)
        credit = draft.path / ATTRIBUTION
        others = credit.read_text().removeprefix("# Attribution\n\n") if own.images else ""
        credit.write_text(attribution(packages()) + others)

    return produce(Conversations, output, config, {}, write)


def build_questions(config: ScenesConfig, output: str | Path) -> Questions:
    """Builds the held-out pictures and the questions about them, validation first."""

    def write(draft: Draft) -> None:
        counts: dict[Split, int] = {"validation": config.validation, "test": config.test}
        jobs = [
            job
            for split, count in counts.items()
            for kind, twins in ((question_jobs, config.twins), (transfer_jobs, 0.0))
            for job in with_twins(kind(catalogue(), config.seed, split, count), twins)
        ]
        scenes = _make(jobs, config.threads, "rendering the questions' pictures")
        rows = [
            row
            for split in counts
            for row in questions([made for made in scenes if made.job.split == split], catalogue())
        ]
        write_questions(draft.path, _pictures(scenes), rows, _annotations(scenes))
        (draft.path / ATTRIBUTION).write_text(attribution(packages()))

    return produce(Questions, output, config, {}, write)


def _training(config: ScenesConfig) -> list[SceneJob]:
    return training_jobs(catalogue(), config.seed, config.train, config.weights)


def _own(config: ScenesConfig, draft: Draft) -> ReadConversations:
    """The part of data of one's own that is mixed with the scenes; it is read before a scene is rendered."""
    place = draft.scratch / "own"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    load_conversations(config.conversations, config.threads, place)
    said = [named(turn) for turn in read_turns(place)]
    read = ReadConversations(read_images(place), said, read_annotations(place), len(read_documents(place)))
    rendered = len(with_twins(_training(config), config.twins))
    taken = share_of(read, rendered, config.own_share, config.seed)
    for name in (ACCOUNTS, ATTRIBUTION):
        shutil.copyfile(place / name, draft.path / name)
    note(f"{rendered:,} scenes, and {len(taken.images):,} of {len(read.images):,} pictures of scenes.conversations")
    return taken


def _text_only(config: ScenesConfig, drawn: int) -> list[Turn]:
    """The text-only instructions beside those about pictures that were drawn."""
    wanted = round(drawn * config.text_only / (1 - config.text_only))
    jobs = undrawn_jobs(catalogue(), config.seed, config.train, config.weights)
    return text_only_turns(jobs, wanted, catalogue(), config.phrasings, config.existence_pairs)


def _pictures(scenes: list[Made]) -> list[tuple[str, bytes]]:
    return [(made.job.image_id, made.picture) for made in scenes]


def _annotations(scenes: list[Made]) -> list[ImageAnnotation]:
    """What each picture shows, and for twins which picture is the other one and what differs."""
    twins = {(made.job.split, made.job.index) for made in scenes if made.job.twin}
    found = []
    for made in scenes:
        paired = (made.job.split, made.job.index) in twins
        sibling = replace(made.job, twin=not made.job.twin).image_id
        found.append(
            ImageAnnotation(
                made.job.image_id,
                SIDE,
                SIDE,
                made.objects,
                sibling if paired else "",
                CHANGES[made.job.family] if paired else "",
            )
        )
    return found


def _make(jobs: list[SceneJob], processes: int, label: str) -> list[Made]:
    for name in packages():
        package(name).fetch()
    return list(track(make(jobs, processes), label, len(jobs), "scenes"))
