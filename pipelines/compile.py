"""From pipeline function to KFP IR: the one text that runs on a laptop and on a cluster."""

from pathlib import Path
from typing import Any

import yaml
from kfp import compiler

from inkling.pipelines.visual_prior import visual_prior, visual_prior_labelled


def compile_pipeline(path: Path, labelled: bool = False) -> None:
    """Compiles the visual_prior pipeline.

    Args:
        path: Where the IR goes, a YAML file.
        labelled: Whether the recipe names labels, so that the text is labelled first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(visual_prior_labelled if labelled else visual_prior, str(path))


def read_ir(path: Path) -> dict[str, Any]:
    """The pipeline spec of a compiled pipeline (the first document of its IR)."""
    return next(yaml.safe_load_all(path.read_text()))
