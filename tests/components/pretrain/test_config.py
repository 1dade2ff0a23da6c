import pytest

from inkling.components.pretrain.config import PretrainConfig
from inkling.components.shared.config import ConfigError


def test_steps_cover_the_tokens():
    assert PretrainConfig(token_budget=1_000, batch=4, context=100).steps == 3
    assert PretrainConfig(token_budget=1_201, batch=4, context=100).steps == 4
    assert PretrainConfig(token_budget=1_000, batch=4, context=100, no_pretraining=True).steps == 0


def test_the_component_argument_wins_over_the_profile():
    profile = "seed: 3\npretrain: {preset: tiny, context: 64}\n"
    config = PretrainConfig.parse(profile, no_pretraining=True)
    assert (config.seed, config.preset, config.no_pretraining) == (3, "tiny", True)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("preset: tinny", r"unknown preset 'tinny'. Did you mean 'tiny'\? Valid: .*laptop, micro, mini, tiny"),
        ("{preset: tiny, context: 129}", "context 129 is longer than the 128 tokens of preset 'tiny'"),
        ("token_budget: 0", "pretrain.token_budget"),
        ("learning_rate: 0", "pretrain.learning_rate"),
        ("warmup: 1.0", "pretrain.warmup"),
        ("optimization: lsb", r"unknown optimization 'lsb'. Did you mean 'lsbs'\?"),
        ("{preset: 340M, optimization: lsbs}", "a warm-up of 1024 steps does not fit a run of 1"),
        ("{token_budget: 1000, exports: [1000]}", "1000 tokens are not fewer than those of the whole run"),
        ("{exports: [1.5]}", "exports"),
        ("{token_budget: 2000, exports: [0.001, 1]}", "two budgets fall on one step"),
        ("{exports: [1, 2]}", "two budgets fall on one step"),
        ("{processes: 2}", "strategy 'single' has one rank, not 2"),
        ("{strategy: ddp, processes: 3}", "batch 4 cannot be shared evenly by 3 ranks"),
        ("{strategy: ddp, processes: 2, micro_batch: 3}", "by 2 ranks of 3 sequences at a time"),
        ("{anneal: {fraction: 0.1, weights: {code: 0}}}", "one must be positive"),
        ("{anneal: {fraction: 1.1, weights: {code: 1}}}", "pretrain.anneal.fraction"),
        ("layers: 3", "unknown key 'pretrain.layers'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(section: str, message: str):
    with pytest.raises(ConfigError, match=message):
        PretrainConfig.parse(f"pretrain:\n  {section}\n")


def test_the_optimisation_of_the_paper():
    config = PretrainConfig(preset="3B", optimization="lsbs", token_budget=30_000_000_000)
    assert (config.batch, config.context, config.learning_rate) == (1024, 2048, 3e-4)
    assert (config.effective_warmup_steps, config.steps) == (1024, 14_306)
    small = PretrainConfig(preset="340M", optimization="lsbs-small", token_budget=1_000_000_000, context=1024)
    assert (small.batch, small.context) == (64, 1024)
    assert small.effective_warmup_steps / small.steps == pytest.approx(1024 / 14_306, rel=0.02)


def test_the_defaults_are_the_named_optimisation_of_a_laptop():
    fields = PretrainConfig.model_fields
    config = PretrainConfig()
    for name in ("batch", "context", "learning_rate", "warmup", "final_ratio", "weight_decay", "betas"):
        assert getattr(config, name) == fields[name].default


def test_a_setting_wins_over_the_named_optimisation():
    config = PretrainConfig(preset="340M", optimization="lsbs", warmup=0.1, learning_rate=1e-3, token_budget=10**9)
    assert (config.learning_rate, config.warmup_steps, config.effective_warmup_steps) == (
        1e-3,
        None,
        config.steps // 10,
    )


def test_budgets_on_the_way_become_steps():
    config = PretrainConfig(token_budget=10_000, batch=4, context=100, exports=(5_000, 0))
    assert config.export_steps == {0: 0, 5_000: 13}
    parts = PretrainConfig(token_budget=10_000, batch=4, context=100, exports=(0.5, 0.25, 0))
    assert parts.export_steps == {0: 0, 2_500: 7, 5_000: 13}


def test_the_control_of_a_run_that_keeps_states_keeps_none():
    control = PretrainConfig.parse("pretrain: {exports: [0.25, 0.5]}", no_pretraining=True)
    assert (control.exports, control.export_steps) == ((), {})
    assert control.determinants() == PretrainConfig(no_pretraining=True).determinants()


def test_a_resolved_config_is_read_again():
    config = PretrainConfig(preset="340M", optimization="lsbs", token_budget=3 * 10**9, exports=(0, 10**9))
    assert PretrainConfig.model_validate_json(config.model_dump_json()) == config


def test_the_parts_of_a_batch():
    cluster = {"scheduler": "kubernetes", "claims": {"runs": "/runs"}}
    image = f"registry.example/train@sha256:{'a' * 64}"
    pods = {"default": {"image": image, "cpu": "8", "memory": "96Gi", "ephemeral_storage": "50Gi"}}
    shape = {"strategy": "ddp", "processes": 2, "nodes": 2, "batch": 64, "micro_batch": 4}
    config = PretrainConfig(**shape, launch=cluster, placement=pods)
    assert (config.ranks, config.accumulate) == (4, 4)


def test_where_ranks_run_is_no_part_of_what_they_make():
    pods = {"default": {"cpu": "8"}, "namespace": "elsewhere"}
    moved = PretrainConfig(launch={"retries": 3, "hours": 2.0}, loader_workers=2, placement=pods)
    assert moved.determinants() == PretrainConfig().determinants()
    assert PretrainConfig(batch=8, strategy="ddp", processes=2).determinants() != PretrainConfig(batch=8).determinants()


def test_the_code_of_the_preset_s_language_model_counts() -> None:
    assert [spec.modules() for spec in PretrainConfig(preset="tiny", context=128).specs()] == [
        ("inkling.models.language.llama",)
    ]
