"""The two tasks around every run: the preflight comes first, the epilogue last, whatever happened between them."""

from kfp import dsl


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def preflight(config: str, checks: dsl.Output[dsl.Artifact], asked: str = "") -> None:
    """Checks in seconds what would otherwise fail after hours.

    Args:
        config: The whole profile, as YAML text.
        checks: What was checked, as JSON; that it can be written is one of the checks.
        asked: What the whole pipeline asks for at most at one time, JSON by the names of a ResourceQuota.
    """
    from inkling.pipelines.preflight import check_run

    check_run(config, checks.path, asked=asked)


@dsl.component(base_image="inkling/train-cpu:0.1.0", install_kfp_package=False)
def epilogue(config: str, status: dsl.PipelineTaskFinalStatus, summary: dsl.Output[dsl.Artifact]) -> None:
    """Writes how the run ended.

    Args:
        config: The whole profile, as YAML text.
        status: What KFP knows of the run's end.
        summary: The summary, as JSON.
    """
    from inkling.pipelines.epilogue import write_summary

    write_summary(config, status.state, status.error_message or "", summary.path)
