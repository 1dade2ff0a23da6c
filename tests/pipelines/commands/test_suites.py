"""`inkling suites` names every suite, where it comes from, and what is not known of it."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from inkling.components.artifacts.suite import load_suite, shipped_suites
from inkling.components.shared.config import ConfigError
from inkling.pipelines.cli import app
from inkling.tests.components.suites.existence.coco import drawn, write


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["suites", *arguments], env={"COLUMNS": "80"}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_suite_is_listed_with_where_it_comes_from() -> None:
    told = " ".join(printed("list").split())
    for name in shipped_suites():
        suite = load_suite(name)
        assert name in told
        if suite.size:
            assert f"{suite.size.questions:,}" in told


@pytest.mark.parametrize("name", shipped_suites())
def test_each_is_described(name: str) -> None:
    suite = load_suite(name)
    told = " ".join(printed("describe", name).split())
    assert suite.licence in told and suite.metric.type in told and suite.title in told
    if suite.hub:
        assert suite.hub.revision in told.replace(" ", "")
        assert "data here none yet" in told


def test_ones_own_is_described_with_its_data(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    stated = {
        "name": "mine", "version": 1, "title": "My suite", "licence": "CC0", "source": "drawn by hand",
        "data": "*.jsonl", "columns": {"question": "q", "image": "i", "answer": "a"}, "metric": "relaxed",
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(stated))
    told = " ".join(printed("describe", str(tmp_path / "mine.yaml")).split())
    assert "relaxed, tolerance 0.05" in told
    assert "none: open questions" in told
    assert "rows.jsonl" in told.replace(" ", "")


def test_existence_is_built_of_masks(tmp_path: Path) -> None:
    scenes = [drawn(np.random.default_rng(number)) for number in range(40)]
    masks, images = write(tmp_path, scenes)
    output = tmp_path / "existence.parquet"
    told = printed(
        "build-existence", str(masks), "--images", str(images), "--output", str(output), "--smallest", "0.05"
    )
    rows = pq.read_metadata(output).num_rows
    assert f"one thing in each of {rows // 3} pictures; {40 - rows // 3} left out" in " ".join(told.split())
    assert "data: FILE" in printed("describe", "existence")


def test_an_unknown_one_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"unknown suite 'mmee'. Did you mean 'mme'\?"):
        printed("describe", "mmee")
