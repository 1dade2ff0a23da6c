"""An axis of a study: a dotted setting, its labelled values, and the first stage that it changes.

An axis may also be a word of the study's own, `share`, that a setting of the study refers to: `{reasoning: $share}`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.compare.config import NO_PRETRAINING
from inkling.components.shared.config import ConfigError, unknown
from inkling.pipelines import profiles

TEXT = ("scenes", "corpus", "label", "mixture")
"""Stages before pre-training, in the order in which they follow one another."""
SEEING = ("encode", "adapt", "evaluate")
"""Stages that pre-training does not see, and those after it."""
PRETRAIN = "pretrain"
STAGES = (*TEXT, PRETRAIN, *SEEING)
"""Stages that a study runs and whose settings an axis may take."""
PROBE, SUITES = "probe", "suites"
"""Stages that a study runs where it needs them: a probe that a figure draws, suites beside those of the scenes.

Their settings are those of all runs.
"""

Labelled = dict[str, Any]
"""Values of an axis by label."""
NO_TOKENS = 0
"""As a value of `token_budget`: the network keeps its initial weights (the paper's 0B)."""
_MARK = "$"
_ASKED = ("scenes.seed", "scenes.test", "scenes.validation", "scenes.twins")


def labelled(setting: str, stated: Any) -> Labelled:
    """The values of an axis by label.

    Args:
        setting: The axis, for messages.
        stated: A list of plain values, which are their own labels, or a mapping from labels to values.

    Raises:
        ConfigError: If it is neither, is empty, or two values have one label.
    """
    if isinstance(stated, Mapping):
        pairs = [(str(label), value) for label, value in stated.items()]
    elif isinstance(stated, list | tuple):
        for value in stated:
            if isinstance(value, Mapping | list):
                raise ConfigError(f"axis '{setting}': the value {value!r} needs a label: write {{label: value, ...}}")
        pairs = [(_plain(value), value) for value in stated]
    else:
        raise ConfigError(f"axis '{setting}': expected a list of values or a mapping from labels, got {stated!r}")
    if not pairs:
        raise ConfigError(f"axis '{setting}' has no value")
    values = dict(pairs)
    if len(values) < len(pairs):
        labels = [label for label, _ in pairs]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        raise ConfigError(f"axis '{setting}': two values have one label: {', '.join(twice)}")
    if NO_PRETRAINING in values:
        raise ConfigError(
            f"axis '{setting}': the label '{NO_PRETRAINING}' is that of the no-pretraining baseline: take another one"
        )
    return values


def check_setting(setting: str, stages: Sequence[str] = STAGES) -> None:
    """Checks that a setting exists and that a study has the stage that it belongs to.

    Args:
        setting: The dotted setting.
        stages: The stages whose settings may be stated.

    Raises:
        ConfigError: If not; the message names the valid ones.
    """
    stage, _, rest = setting.partition(".")
    if not rest:
        if stage not in profiles.SHARED:
            raise unknown("axis", setting, (*profiles.SHARED, *(f"{one}.SETTING" for one in stages)))
        return
    if stage not in stages:
        raise unknown("stage of an axis", stage, stages)
    fields = profiles.stage_config(stage).model_fields
    if (key := rest.partition(".")[0]) not in fields:
        raise unknown("axis", f"{stage}.{key}", (f"{stage}.{field}" for field in fields))


def check_axis(axis: str, values: Labelled) -> None:
    """Checks that runs along an axis answer the same questions.

    Args:
        axis: The axis.
        values: Its values; of one alone all runs answer the same.

    Raises:
        ConfigError: If they do not.
    """
    if axis in _ASKED and len(values) > 1:
        raise ConfigError(
            f"the axis '{axis}' changes what is asked, and runs that answer different questions are no one study: "
            "state one value for all with --set or under 'common'"
        )


def words_in(value: Any) -> set[str]:
    """The words that a setting of the study refers to, as keys or as values: `share` in `{reasoning: $share}`."""
    if isinstance(value, Mapping):
        return {word for pair in value.items() for one in pair for word in words_in(one)}
    if isinstance(value, list | tuple):
        return {word for one in value for word in words_in(one)}
    return {value.removeprefix(_MARK)} if isinstance(value, str) and value.startswith(_MARK) else set()


def with_words(value: Any, words: Mapping[str, Any]) -> Any:
    """A setting of the study with the value of each word in its place."""
    if isinstance(value, Mapping):
        return {with_words(key, words): with_words(one, words) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [with_words(one, words) for one in value]
    return words[value.removeprefix(_MARK)] if words_in(value) else value


def stage_of_axis(setting: str) -> str:
    """The first stage that an axis changes.

    A setting at the top of the profile, such as `seed`, changes pre-training and all that follows it. Text and scenes
    are those of the profile, so that runs can be compared question by question.
    """
    stage, _, rest = setting.partition(".")
    return stage if rest else PRETRAIN


def with_value(profile: Mapping[str, Any], setting: str, value: Any) -> dict[str, Any]:
    """A profile with another value of a dotted setting; no tokens at all are the no-pretraining baseline.

    Raises:
        ConfigError: If a part of the setting's name is a value, not a section.
    """
    if setting.rpartition(".")[2] == "token_budget" and value == NO_TOKENS and value is not False:
        return with_value(profile, f"{PRETRAIN}.no_pretraining", True)
    key, _, rest = setting.partition(".")
    if not rest:
        return {**profile, key: value}
    section = profile.get(key) or {}
    if not isinstance(section, Mapping):
        raise ConfigError(f"axis '{setting}': '{key}' is a value in the profile, not a section")
    return {**profile, key: with_value(section, rest, value)}


def _plain(value: Any) -> str:
    """The label of a plain value: as YAML writes it."""
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
