import os
from pathlib import Path

import pytest

from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain import launch
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.config import PretrainConfig
from inkling.models.training.launch.failure import RankError

SETTINGS = {"preset": "tiny", "token_budget": 768, "batch": 4, "context": 32, "threads": 1, "learning_rate": 1e-2}
TWO = {"strategy": "ddp", "processes": 2}


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_ranks_make_the_model_of_one(
    strategy: str, tokens: Tokens, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    two = build_pretrain(
        PretrainConfig(**SETTINGS, **TWO | {"strategy": strategy}), tokens.path, tmp_path / "two/language_model"
    )
    said = capfd.readouterr().out
    assert "pretrain: 1 x 2 ranks through TorchX, scheduler local_cwd" in said
    one = build_pretrain(PretrainConfig(**SETTINGS), tokens.path, tmp_path / "one/language_model")
    losses = [[row["loss"] for row in model.training()] for model in (one, two)]
    assert len(losses[0]) == 6 and losses[1] == pytest.approx(losses[0], abs=1e-5)
    assert {path.name for path in two.path.parent.iterdir()} == {"language_model", ".language_model.lock"}


@pytest.mark.soak
@pytest.mark.slow
def test_a_rank_that_fails_fails_the_stage_with_its_words(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", here)
    monkeypatch.setattr(launch, "MODULE", "failing_rank")
    with pytest.raises(RankError, match="of 2 ranks, rank 1 failed") as caught:
        build_pretrain(PretrainConfig(**SETTINGS, **TWO), tokens.path, tmp_path / "language_model")
    assert str(caught.value).rstrip().endswith("ArithmeticError: this rank cannot count to three")
    assert not (tmp_path / "language_model").exists()
