"""Making Findings: the same bytes each time, and artifacts of different runs are refused."""

import contextlib
import json
import re
from pathlib import Path

import pytest

from inkling.components.analyze.build import build_analyze
from inkling.components.analyze.config import AnalyzeConfig
from inkling.components.analyze.gather import Inputs, check_lineage
from inkling.components.artifacts.answers import Answers, write_answers
from inkling.components.artifacts.findings import Findings
from inkling.components.shared.config import ConfigError
from inkling.components.shared.statistics.intervals import clustered_mean
from inkling.components.shared.store.artifact import Artifact
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance
from inkling.components.shared.store.store import produce

CONFIG = AnalyzeConfig(seed=3, samples=6)


@pytest.fixture(scope="module")
def findings(made_run, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return build_analyze(CONFIG, **made_run.paths(), output=tmp_path_factory.mktemp("made") / "findings")


def test_findings_hold_the_numbers_of_the_artifacts(made_run, findings: Findings) -> None:
    told = findings.findings()
    answers = Answers.open(made_run.paths()["answers"])
    asked = [one for one in answers.answers("visual", "test") if one.chance == 0.25]
    expected = clustered_mean(
        [one.correct for one in asked], [one.image_id for one in asked], [one.family for one in asked]
    )
    scenes = told["suites"]["scenes"]
    mean = scenes["scores"]["test"]["pretrained"]["mean"]["views"]["visual"]
    assert (mean["value"], mean["low"], mean["high"]) == pytest.approx((expected.value, expected.low, expected.high))
    assert told["run"]["recipe"] == "mix6"
    assert told["run"]["artifacts"]["answers"]["digest"] == answers.digest
    assert told["language"]["perplexity"]["academia"]["unigram_perplexity"] == 451.5
    assert scenes["questions"] == {
        "test": {"questions": 300, "images": 30},
        "validation": {"questions": 60, "images": 6},
    }
    assert len(scenes["samples"]) == 6


def test_the_same_inputs_give_the_same_bytes(made_run, findings: Findings, tmp_path: Path) -> None:
    again = build_analyze(CONFIG, **made_run.paths(), output=tmp_path / "findings")
    assert again.digest == findings.digest


def test_no_path_and_no_time_of_this_machine(made_run, findings: Findings) -> None:
    for text in (findings.report.read_text(), json.dumps(findings.findings())):
        assert str(made_run.root) not in text
        assert not re.search(r"\b20\d\d-\d\d-\d\d|\d\d:\d\d:\d\d", text)


@pytest.mark.parametrize("foreign", ["questions", "answers", "multimodal_model", "corpus"])
def test_artifacts_of_different_runs_are_refused(made_run, tmp_path: Path, foreign: str) -> None:
    artifact = made_run.made[foreign]

    def copy(draft) -> None:
        for name in artifact.manifest.files:
            (draft.path / name).parent.mkdir(exist_ok=True)
            (draft.path / name).write_bytes((artifact.path / name).read_bytes())
        (draft.path / "of-another-run").write_text("")

    other = produce(type(artifact), tmp_path / foreign, CONFIG, {}, copy)
    paths = {**made_run.paths(), foreign: other.path}
    with pytest.raises(ArtifactError, match=f"was not made from .*{foreign}.*different runs"):
        build_analyze(CONFIG, **paths, output=tmp_path / "findings")
    assert not (tmp_path / "findings").exists()


@pytest.mark.parametrize("same", [True, False])
def test_the_corpus_is_of_the_scenes_of_which_the_suites_were_made(made_run, tmp_path: Path, same: bool) -> None:
    def artifact(name: str, **sources: str) -> Artifact:
        origin = Provenance("made", "", "", {}, {}, sources, {})
        return Artifact(tmp_path / name, Manifest(name, 1, {}, origin))

    named = {name: artifact(name) for name in made_run.made}
    named["corpus"] = artifact("corpus", questions="of the scenes")
    named["questions"] = artifact("questions", scenes="of the scenes" if same else "of others")
    inputs = Inputs(**named)  # type: ignore[arg-type]
    with (
        contextlib.nullcontext() if same else pytest.raises(ArtifactError, match="corpus was not made from .*questions")
    ):
        check_lineage(inputs)


def test_answers_to_different_questions_are_refused(made_run, tmp_path: Path) -> None:
    answers = made_run.made["answers_no_pretraining"]
    inputs = {"questions": made_run.made["questions"]}
    fewer = [one for one in answers.answers() if not one.question_id.endswith("-0")]
    other = produce(
        Answers,
        tmp_path / "other",
        CONFIG,
        inputs,
        lambda draft: write_answers(draft.path, fewer, answers.summary()),
    )
    with pytest.raises(ValueError, match="evaluated on different questions"):
        build_analyze(
            CONFIG, **{**made_run.paths(), "answers_no_pretraining": other.path}, output=tmp_path / "findings"
        )


@pytest.mark.parametrize(("key", "value"), [("samples", 1), ("samples", 61), ("sample", 4)])
def test_settings_out_of_range_are_refused(key: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"analyze.{key}"):
        AnalyzeConfig.parse({"analyze": {key: value}})
