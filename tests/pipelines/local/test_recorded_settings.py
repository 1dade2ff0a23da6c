"""What a manifest records of settings parses back: every stage of every profile, every kind of catalogue and file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tokenizers import Tokenizer, models

from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.components.shared.store.provenance import provenance
from inkling.models.strict_json import to_json
from inkling.pipelines import profiles
from inkling.pipelines.local.reproduce import Recorded, recorded_profile, reproduce

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def stored(origin: Provenance) -> Provenance:
    """What a manifest gives back of it."""
    return Provenance.parse(json.loads(to_json(vars(origin))))


def back(origin: Provenance, folder: Path, *overrides: str) -> Provenance:
    """What another run of the same settings would record."""
    profile = recorded_profile(stored(origin), folder / "settings", overrides)
    return provenance(profiles.stage_config(origin.stage).parse(profile), inputs(origin.stage))


def inputs(stage: str) -> dict[str, Artifact]:
    none = Provenance("any", "", "", {}, {}, {})
    return {name: Artifact(Path(), Manifest("Any", 1, {}, none)) for name in profiles.stage_config(stage).runs}


def origin_of(stage: str, *overrides: str, profile: str = "tiny") -> Provenance:
    text = profiles.load(profile, overrides)
    return provenance(profiles.stage_config(stage).parse(text), inputs(stage))


@pytest.mark.parametrize("stage", [*profiles.STAGES, *profiles.OPTIONAL])
@pytest.mark.parametrize("profile", profiles.names())
def test_every_stage_of_every_profile_comes_back(profile: str, stage: str, tmp_path: Path) -> None:
    origin = origin_of(stage, profile=profile)
    assert stored(back(origin, tmp_path)) == stored(origin)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A catalogue of one's own text in a folder of its own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("A heron stood in the reeds.\n" * 9)
    entry = {"quality": "real", "description": "notes", "licence": "CC0-1.0", "files": ["*.txt"]}
    (folder / "mine.yaml").write_text(yaml.safe_dump({"notes": entry}))
    return folder / "mine.yaml"


REVISIONS = "corpus.hub_revisions={law: " + COMMIT + ", code: " + COMMIT + "}"


@pytest.mark.parametrize(
    "overrides",
    [
        ["corpus.sources=[law, medicine]", "corpus.similarity=null"],
        ["corpus.catalogue=hub", "corpus.sources=[law, code]", REVISIONS],
        ["corpus.catalogue=[packages, hub]", "corpus.sources=[code, law]", REVISIONS],
    ],
)
def test_a_shipped_catalogue_comes_back_by_itself(overrides: list[str], tmp_path: Path) -> None:
    origin = origin_of("corpus", *overrides)
    assert stored(back(origin, tmp_path)) == stored(origin)


def test_ones_own_text_comes_back_where_it_is_said_to_lie(own: Path, tmp_path: Path) -> None:
    origin = origin_of("corpus", f"corpus.catalogue={own}")
    with pytest.raises(
        ArtifactError, match=r"'corpus' cannot be reproduced: .*no file fits.*--set: corpus\.catalogue="
    ):
        back(origin, tmp_path)
    moved = own.parent.rename(tmp_path / "moved") / own.name
    assert stored(back(origin, tmp_path, f"corpus.catalogue={moved}")) == stored(origin)
    (moved.parent / "notes.txt").write_text("Another text.\n" * 9)
    with pytest.raises(ArtifactError, match="what it took for files is not here as it was"):
        back(origin, tmp_path, f"corpus.catalogue={moved}")


def test_what_is_recorded_by_its_digest_comes_back_where_it_is_said_to_lie(tmp_path: Path) -> None:
    tokenizer, questions = tmp_path / "tokenizer.json", tmp_path / "asked.jsonl"
    Tokenizer(models.WordLevel({"<unk>": 0, "red": 1}, unk_token="<unk>")).save(str(tokenizer))
    questions.write_text('{"question": "What is red?"}\n')
    picture = {"question": "Which?", "image": "", "A": "x", "B": "y", "answer": "A", "category": "image_topic"}
    (tmp_path / "rows.jsonl").write_text(to_json(picture) + "\n")
    columns = {"question": "question", "image": "image", "choices": ["A", "B"], "answer": "answer"}
    data = str(tmp_path / "rows.jsonl")
    suite: dict[str, Any] = {"suite": "mmbench", "data": data, "columns": columns, "splits": {}, "where": {}}
    read = f"suites.read={to_json(['scenes', suite])}"
    llm = "label.llm={url: 'http://127.0.0.1/v1', model: m, hosts: [127.0.0.1]}"
    for stage, overrides in (
        ("mixture", [f"mixture.tokenizer={tokenizer}"]),
        ("corpus", [f"corpus.benchmarks=[{questions}]"]),
        *((stage, [read]) for stage in ("suites", "evaluate", "export", "analyze")),
        ("label", ["label.labeller=llm", llm]),
    ):
        origin = origin_of(stage, *overrides)
        setting = overrides[-1].partition("=")[0]
        with pytest.raises(ArtifactError, match=rf"'{stage}' cannot be reproduced: .*--set: .*{setting}="):
            back(origin, tmp_path)
        assert stored(back(origin, tmp_path, *overrides)) == stored(origin)


def test_a_setting_that_is_otherwise_than_recorded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="'mixture' cannot be reproduced: what it took for vocabulary is not here"):
        back(origin_of("mixture"), tmp_path, "mixture.vocabulary=300")


def test_nothing_is_made_before_all_settings_are_known_to_be_had(own: Path, tmp_path: Path) -> None:
    steps = [
        Recorded(tmp_path, Manifest("Any", 1, {}, stored(origin)))
        for origin in (origin_of("scenes"), origin_of("corpus", f"corpus.catalogue={own}"))
    ]
    with pytest.raises(ArtifactError, match="'corpus' cannot be reproduced"):
        next(reproduce(steps, tmp_path / "work"))
    assert not list((tmp_path / "work").glob("scenes-*/questions"))
