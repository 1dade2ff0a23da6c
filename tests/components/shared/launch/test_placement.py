"""Placement: typed, merged by stage, refused in words, and told where it cannot be honoured."""

import pytest
import yaml

from inkling.components.shared.config import ConfigError
from inkling.components.shared.launch.placement import PlacementConfig, unmet
from inkling.pipelines import profiles

DIGEST = f"registry.example/inkling/train-gpu@sha256:{'a' * 64}"


def test_a_stage_has_the_defaults_with_its_own_fields_over_them() -> None:
    config = PlacementConfig.parse(profiles.load("cluster"))
    pretrain, corpus = config.of("pretrain"), config.of("corpus")
    assert pretrain.accelerator is not None and pretrain.accelerator.type == "nvidia.com/gpu"
    assert (pretrain.queue, corpus.queue) == ("inkling-gpu", "inkling-cpu")
    assert corpus.accelerator is None
    assert pretrain.cpu == corpus.cpu == "8"
    assert config.of("preflight").retries is not None and config.of("preflight").retries.count == 0


def test_images_are_replaced_by_name_also_those_that_a_stage_names() -> None:
    config = PlacementConfig.parse(
        {"placement": {"images": {"inkling/train-gpu": DIGEST}, "stages": {"adapt": {"image": "inkling/train-gpu:1"}}}}
    )
    assert config.image("inkling/train-cpu:1", "adapt") == DIGEST
    assert config.image("inkling/train-cpu:1", "corpus") == "inkling/train-cpu:1"


def test_a_laptop_says_what_it_does_not_give() -> None:
    lines = "\n".join(unmet(PlacementConfig.parse(profiles.load("gpu"))))
    assert "pretrain" in lines
    assert "1 x nvidia.com/gpu" in lines
    assert "shared memory" in lines
    assert unmet(PlacementConfig.parse(profiles.load("tiny"))) == []


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("placement.stages={pretrain: {accelerator: {type: nvidia.com/gpus}}}", ["nvidia.com/gpus", "nvidia.com/gpu"]),
        ("placement.stages={pretrain: {acelerator: {}}}", ["acelerator", "Did you mean 'accelerator'"]),
        ("placement.stages={pretrian: {cpu: '1'}}", ["pretrian", "Did you mean 'pretrain'"]),
        ("placement.default={memory: 16GiB}", ["16GiB", "16Gi"]),
        ("placement.default={memory: 16}", ["memory", "string"]),
        ("placement.default={retries: {count: 99}}", ["retries.count", "10"]),
        ("placement.default={secrets: [{secret: s, key: k, env: k, value: hunter}]}", ["value"]),
        ("placement.default={tolerations: [{key: a, operator: Equal}]}", ["Equal"]),
        ("placement.images={inkling/train-cpu: 'Not An Image'}", ["Not An Image"]),
        ("placement.pipeline_root=/tmp/x", ["pipeline_root"]),
        ("placement.defaults={}", ["placement.defaults", "Did you mean 'placement.default'"]),
        ("placement=7", ["placement", "mapping"]),
    ],
)
def test_a_mistake_is_refused_in_words(override: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        profiles.load("tiny", [override])
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_placement_changes_no_stage() -> None:
    tiny = yaml.safe_load(profiles.load("tiny"))
    placed = {**tiny, "placement": yaml.safe_load(profiles.load("cluster"))["placement"]}
    for stage in profiles.STAGES:
        config = profiles.stage_config(stage)
        assert config.parse(placed).determinants() == config.parse(tiny).determinants()


def test_a_stage_that_watches_ranks_holds_no_accelerator_and_keeps_its_patience_and_keys() -> None:
    config = PlacementConfig.parse(profiles.load("cluster"))
    ranks, watcher = config.of("pretrain"), config.watching("pretrain").of("pretrain")
    assert ranks.accelerator is not None and watcher.accelerator is None
    assert (watcher.queue, watcher.memory, watcher.node_selector) == ("inkling-cpu", "16Gi", {"inkling/pool": "cpu"})
    assert (watcher.timeout_seconds, watcher.retries) == (ranks.timeout_seconds, ranks.retries)
    assert config.watching("pretrain").secrets() == config.secrets()
    assert config.watching("pretrain").of("adapt") == config.of("adapt")
