import dataclasses

import pytest

from inkling.models.language.presets import load_preset, preset_names
from inkling.models.training.cost import Plan, disk, hours, memory

PLAN = Plan(load_preset("7B"), 32_000, 30_000_000_000, batch=1024, context=2048, ranks=64, bf16=True)


@pytest.mark.parametrize("name", preset_names())
def test_parameters_are_those_of_the_network(name: str) -> None:
    from inkling.models.language.presets import load_preset

    network = load_preset(name).build(32_000, 0, device="meta")
    counted = sum(parameter.numel() for parameter in network.parameters())
    assert Plan(load_preset(name), 32_000, 1, 1, 1).parameters == counted


def test_the_paper_s_7b_run_by_hand() -> None:
    # 6 N D with N = 6.91e9 weights of matrices, D = 3e10, and attention: 6 x 32 x 4096 x 2048 a token.
    matrices = PLAN.parameters - 32_000 * 4096 - 65 * 4096
    assert PLAN.operations == pytest.approx((6 * matrices + 6 * 32 * 4096 * 2048) * 3e10)
    assert 64 * hours(PLAN, 989e12, 0.4) == pytest.approx(PLAN.operations / 989e12 / 0.4 / 3600)


def test_shards_divide_what_is_kept_and_parts_what_passes_through() -> None:
    whole, shard = memory(PLAN, "cuda"), memory(dataclasses.replace(PLAN, sharded=True), "cuda")
    assert shard.optimiser == pytest.approx(whole.optimiser / 64)
    assert shard.activations == whole.activations
    halves = memory(dataclasses.replace(PLAN, accumulate=2), "cuda")
    assert halves.activations == pytest.approx(whole.activations / 2)
    assert halves.optimiser == whole.optimiser == 8 * PLAN.parameters


def test_the_disk_holds_checkpoints_and_models() -> None:
    assert disk(PLAN, 2) == PLAN.parameters * (3 * 12 + 4)
    assert disk(dataclasses.replace(PLAN, exports=3), 2) == PLAN.parameters * (3 * 12 + 4 * 4)
