"""The KFP face of the monitor stage: one task finds, the next judges, so that the report of a failed watch is kept."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def monitor(
    config: str,
    log: str,
    bundle: str,
    questions: str,
    answers: str,
    drift: dsl.Output[dsl.HTML],
    findings: dsl.Output[dsl.Artifact],
) -> None:
    """Compares what a server was asked and answered with the evaluation of its model.

    Args:
        config: The whole profile, as YAML text.
        log: Folder of the server's request log.
        bundle: Folder of the served Bundle artifact.
        questions: Folder of the Questions artifact of its evaluation.
        answers: Folder of the Answers artifact of its evaluation.
        drift: Where Evidently's report goes.
        findings: Where the shares that are judged go, as JSON.
    """
    from pathlib import Path

    from inkling.components.monitor.build import monitor_log
    from inkling.components.monitor.config import MonitorConfig
    from inkling.components.shared.store.artifact import write_json

    found = monitor_log(MonitorConfig.parse(config), log, bundle, questions, answers, drift.path)
    write_json(Path(findings.path), found.shares())


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def monitor_judge(config: str, findings: dsl.Input[dsl.Artifact]) -> None:
    """Fails where what was found passes a threshold.

    Args:
        config: The whole profile, as YAML text.
        findings: The shares that `monitor` found.
    """
    import json
    from pathlib import Path

    from inkling.components.monitor.build import past
    from inkling.components.monitor.config import MonitorConfig

    passed = past(MonitorConfig.parse(config), json.loads(Path(findings.path).read_text()))
    if passed:
        raise RuntimeError("; ".join(passed))
