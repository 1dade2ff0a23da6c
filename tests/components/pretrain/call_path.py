"""What lies between `inkling run` and a gradient step: call_path.py TOKENS PROFILE runs a pipeline of two tasks.

Each process on the way writes the project files with a frame on its stack to `INKLING_CALL_PATH`, a JSON list a line:
the command when it starts the task, and the task when the loss is computed, at the backward pass and at the update. The
fork server imports this file too, in place of the frameworks alone.
"""

import json
import multiprocessing.process
import os
import sys
from pathlib import Path

import inkling

ROOT = Path(inkling.__file__).parent
VARIABLE = "INKLING_CALL_PATH"
EPHEMERAL = "ephemeral_component.py"  # KFP writes the component's own source to this file and runs it


def files_on_the_stack() -> list[str]:
    """The project files with a frame below this one, outermost first."""
    found = []
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.name == EPHEMERAL:
            found.append(f"components/{frame.f_code.co_name}/component.py")
        elif path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ("components", "models", "pipelines"):
            found.append(path.relative_to(ROOT).as_posix())
        frame = frame.f_back
    return [name for name in dict.fromkeys(reversed(found)) if (ROOT / name).exists()]


def noting(function, moment: str):
    """The function, which first notes the files on its stack."""

    def noted(*arguments, **named):
        with Path(os.environ[VARIABLE]).open("a") as file:
            file.write(json.dumps([moment, files_on_the_stack()]) + "\n")
        return function(*arguments, **named)

    return noted


def watch_training() -> None:
    """Notes the stack at each loss, backward pass and update from now on."""
    import torch

    import inkling.models.training.trainer  # noqa: F401

    torch.nn.functional.cross_entropy = noting(torch.nn.functional.cross_entropy, "loss")
    torch.Tensor.backward = noting(torch.Tensor.backward, "backward")
    torch.optim.AdamW.step = noting(torch.optim.AdamW.step, "update")


def main(tokens: str, profile: str) -> None:
    """Runs the command `inkling run` on a pipeline that hands tokens on and pre-trains on them."""
    from kfp import compiler, dsl

    from inkling.components.pretrain.component import pretrain
    from inkling.pipelines import cli
    from inkling.pipelines.local import run, summary, warm

    @dsl.component(base_image="python:3.11", install_kfp_package=False)
    def hand_on(path: str, tokens: dsl.Output[dsl.Dataset]) -> None:
        import shutil

        shutil.copytree(path, tokens.path)

    @dsl.pipeline
    def two_tasks(config: str) -> None:
        pretrain(config=config, tokens=hand_on(path=tokens).outputs["tokens"])

    run.compile_pipeline = lambda path, *_: compiler.Compiler().compile(two_tasks, str(path))
    run.plan = lambda *_: [run.Task("pretrain", "pretrain", "pretrain", reused=False)]
    summary.show = lambda *_: None
    warm._PRELOAD = Path(__file__).stem
    process = multiprocessing.process.BaseProcess
    process.start = noting(process.start, "task")
    sys.argv = ["inkling", "run", "--profile", profile]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
elif __name__ == Path(__file__).stem:
    watch_training()
