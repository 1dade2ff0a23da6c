"""Pre-training on two ranks inside one container of the training image, which has no network but itself."""

from pathlib import Path

import pytest
from kfp import dsl, local

import inkling
from inkling.components.artifacts.language_model import LanguageModel
from inkling.components.artifacts.tokens import Tokens
from inkling.components.pretrain.build import build_pretrain
from inkling.components.pretrain.component import pretrain
from inkling.components.pretrain.config import PretrainConfig
from inkling.pipelines.local.containers import ContainerError, container_tasks

IMAGE = f"inkling/train-cpu:{inkling.__version__}"
PROFILE = """
pretrain: {preset: tiny, token_budget: 768, batch: 4, context: 32, threads: 1, learning_rate: 1.0e-2,
           strategy: ddp, processes: 2}
"""


@pytest.mark.containers
@pytest.mark.soak
@pytest.mark.slow
def test_two_ranks_in_a_container_make_the_model_of_two_ranks_here(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    tmp_path.chmod(0o755)

    @dsl.pipeline
    def two_ranks() -> None:
        given = dsl.importer(artifact_uri=str(tokens.path), artifact_class=dsl.Dataset)
        pretrain(config=PROFILE, tokens=given.output)

    try:
        with container_tasks(
            tmp_path, [tmp_path / "tasks", tmp_path / "store"], [IMAGE], {"OMP_NUM_THREADS": "1"}
        ) as runner:
            local.init(runner, pipeline_root=str(tmp_path / "tasks"))
            two_ranks()
    except ContainerError as error:
        pytest.skip(str(error))
    assert "pretrain: 1 x 2 ranks through TorchX, scheduler local_cwd" in capfd.readouterr().out
    (made,) = (tmp_path / "tasks").glob("*/pretrain/language_model")
    here = build_pretrain(PretrainConfig.parse(PROFILE), tokens.path, tmp_path / "here/language_model")
    assert LanguageModel.open(made).digest == here.digest
    assert made.stat().st_uid != 0
