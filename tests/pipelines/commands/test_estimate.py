import shutil
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from inkling.components.shared.config import ConfigError
from inkling.pipelines.cli import app

PAPER = [
    "estimate", "--device", "h100", "--set", "pretrain.optimization=lsbs", "--set", "pretrain.batch=1024",
    "--set", "pretrain.context=2048", "--set", "token_budget=30_000_000_000", "--set", "mixture.vocabulary=32000",
    "--set", "pretrain.exports=[]",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _wide_screen_and_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**12))


def test_what_fits_is_reported_by_preset() -> None:
    arguments = ["--set", "pretrain.preset=1B", "--set", "pretrain.micro_batch=4", "--devices", "8"]
    result = CliRunner().invoke(app, [*PAPER, *arguments])
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.output.splitlines() if line.strip()}
    assert rows["1B"][1:4] == ["*", "1,003.6", "M"] and rows["1B"][-1] == "yes"
    assert rows["13B"][-1] == "no"
    assert "laptop" not in rows
    assert (
        "30,001,856,512 tokens in batches of 1024 sequences of 2048 on 8 x h100 (989 T operations/s in bf16"
        in result.output
    )


def test_what_does_not_fit_is_refused_with_what_does() -> None:
    result = CliRunner().invoke(app, [*PAPER, "--set", "pretrain.preset=7B", "--devices", "64"])
    assert result.exit_code == 1
    assert "do not fit the 80.0 GB of h100. The nearest that fits: micro_batch" in result.output


def test_devices_that_cannot_share_the_batch_are_refused() -> None:
    result = CliRunner().invoke(app, [*PAPER, "--set", "pretrain.preset=1B", "--devices", "3"])
    assert "batch 1024 cannot be shared evenly by 3 devices" in str(result.exception)


def test_the_cost_of_a_study_has_its_queue_and_the_prices_that_are_stated() -> None:
    arguments = ["--device", "h100", "--study", "sources", "--price", "gpu-hour=2.5", "--price", "gb-month=0"]
    result = CliRunner().invoke(app, ["estimate", "--profile", "tiny", *arguments])
    assert result.exit_code == 0, result.output
    for words in (
        "the whole study of 51 runs", "queue, simulated  8 runs", "images, once for each node  inkling/train-cpu:",
        "x 2.5 = ", "total  ",
    ):  # fmt: skip
        assert words in result.output
    assert "inkling/serve" not in result.output


@pytest.mark.parametrize(
    ("price", "words"),
    [("gpu-hour", "name=number"), ("gpu-hour=-1", "name=number"), ("gpu_hour=1", "Did you mean 'gpu-hour'")],
)
def test_prices_that_cannot_be_used_are_refused(price: str, words: str) -> None:
    result = CliRunner().invoke(app, ["estimate", "--profile", "tiny", "--device", "h100", "--price", price])
    assert isinstance(result.exception, ConfigError) and words in str(result.exception)
