"""LoRA: the formula, and what a recipe with an adapter trains, freezes, records and refuses."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from inkling.components.adapt.adapters.contract import LowRankUpdate
from inkling.components.adapt.config import AdaptConfig
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.recipe import load_recipe
from inkling.components.adapt.train import train

PHASE = {
    "name": "instruct", "data": ["caption", "instruct"], "objectives": ["next_token"],
    "train": ["connector", "adapter"], "epochs": 1, "batch": 8, "learning_rate": 0.05, "blind": 0.3,
}  # fmt: skip
RECIPE = {"connector": {"type": "mlp", "intermediate_size": 16}, "fusion": "prefix", "phases": [PHASE]}
LORA = {"type": "lora", "rank": 2}


def test_the_change_is_the_scaled_product_of_its_factors() -> None:
    torch.manual_seed(0)
    update = LowRankUpdate(torch.zeros(3, 5), rank=2, alpha=8.0)
    torch.nn.init.normal_(update.b)
    x, w = torch.randn(1, 4, 5), torch.randn(3, 5)
    expected = x @ (w + 4 * update.b @ update.a).T  # alpha over rank
    assert torch.allclose(update(x, x @ w.T), expected, atol=1e-5)
    assert torch.allclose(update.matrix(), 4 * update.b @ update.a)


def test_a_phase_trains_the_adapter_alone_and_merges_it(
    lesson: Lesson, language: Callable[[], LlamaForCausalLM], tmp_path: Path
) -> None:
    config = AdaptConfig.parse({"adapt": {"recipe": {**RECIPE, "adapter": LORA}}})
    adapted = train(config, language(), lesson, tmp_path)
    trained = adapted.phases[0]["trainable"]
    assert {name.split(".")[0] for name in trained} == {"connector", "adapter"}
    assert not [name for name, _ in adapted.model.named_parameters() if name.startswith("adapter")]
    before, after = language().state_dict(), adapted.model.language.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {f"model.layers.0.self_attn.{name}_proj.weight" for name in "qv"}
    assert torch.linalg.matrix_rank(after["model.layers.0.self_attn.q_proj.weight"] - before[
        "model.layers.0.self_attn.q_proj.weight"], rtol=1e-4) == 2  # fmt: skip


def test_without_an_adapter_a_recipe_says_nothing_of_one_so_that_its_key_is_what_it_was() -> None:
    assert "adapter" not in load_recipe("laptop").model_dump()
    assert load_recipe("lora").model_dump(mode="json")["adapter"]["type"] == "lora"
    lora, other = (AdaptConfig.parse({"adapt": {"recipe": "lora", **more}}) for more in ({}, {"adapter": "comp_lora"}))
    assert "inkling.components.adapt.adapters.lora" in {module for spec in lora.specs() for module in spec.modules()}
    assert other.resolved().adapter.type == "comp_lora"
    assert lora.settings() != other.settings()


@pytest.mark.parametrize(
    ("adapter", "parts", "words"),
    [
        (LORA, ["connector", "language"], "trains 'language', whose weights the adapter 'lora' takes as they are"),
        (LORA, ["connector"], "no phase trains the adapter 'lora': add 'adapter'"),
        (None, ["connector", "adapter"], "unknown part to train .* 'adapter'.*Valid: connector, language"),
    ],
)
def test_an_adapter_and_phases_that_do_not_fit_are_refused(adapter: object, parts: list[str], words: str) -> None:
    phase = {**PHASE, "train": parts, "blind": 0.0}
    with pytest.raises(ValueError, match=words):
        AdaptConfig.parse({"adapt": {"recipe": {**RECIPE, "adapter": adapter, "phases": [phase]}}})
