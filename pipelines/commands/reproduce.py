"""The command `inkling reproduce`."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

_SHOWN = 3
"""Reasons printed for each artifact; the files that are kept have the rest."""


def add_commands(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("reproduce")(reproduce_artifact)


def reproduce_artifact(
    path: Annotated[Path, typer.Argument(help="Directory of the artifact, in the store or in a run.")],
    from_inputs: Annotated[
        bool, typer.Option("--from-inputs", help="Run only the artifact's own stage, on the inputs as they lie there.")
    ] = False,
    store: Annotated[
        Path | None, typer.Option(help="Directory below which what it was made from lies; else this home's store.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Largest difference taken for rounding, if not the stage's own.", min=0)
    ] = None,
    overrides: Annotated[
        list[str],
        typer.Option(
            "--set", "-s", help="What a file or folder was that a setting named: stage.key=value. Repeatable."
        ),
    ] = [],  # noqa: B006 (typer wants a list)
    keep: Annotated[Path | None, typer.Option(help="Where to keep what is made; else it is removed.")] = None,
) -> None:
    """Makes an artifact again, by its recorded configs and seeds, and reports what matches.

    Everything that it was made from is made again too, back to the sources, at the time that it took. What is otherwise
    here than recorded (code, packages, image, processor, GPU) is reported first: bytes may then differ. Where they do,
    the numbers are compared. Ends with status 1 if something differs beyond the tolerance.

    Examples:
        inkling reproduce .inkling/store/mixture-0123456789abcdef/tokens

        inkling reproduce downloaded/adapt/multimodal_model --store downloaded --from-inputs

        inkling reproduce .inkling/store/mixture-0123456789abcdef/tokens --set corpus.catalogue=mine.yaml
    """
    from inkling.pipelines.local.contents import Verdict
    from inkling.pipelines.local.reproduce import expectations, lineage, reproduce, tolerance_of
    from inkling.pipelines.local.run import home

    steps = lineage(path, store or home() / "store")
    reasons = list(expectations(steps[-1:] if from_inputs else steps))
    for reason in reasons:
        print(f"otherwise than recorded: {reason}")
    print("bytes may differ" if reasons else "nothing is otherwise than recorded: bytes must match", flush=True)
    differing = 0
    home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home()) as folder:
        for outcome in reproduce(steps, keep or Path(folder), from_inputs, tolerance, overrides):
            found = outcome.comparison
            digests = f"{outcome.recorded[:16]} {outcome.made[:16]}"
            print(f"{outcome.stage}/{outcome.output}: {found.verdict.value} {digests}", flush=True)
            if found.verdict is not Verdict.SAME:
                allowed = tolerance_of(outcome.stage) if tolerance is None else tolerance
                largest = f"{found.absolute:.2g}, {found.relative:.2g} of the largest value beside it"
                print(f"  largest difference {largest}; tolerance {allowed:.2g}")
            for reason in found.reasons[:_SHOWN]:
                print(f"  {reason}")
            if len(found.reasons) > _SHOWN:
                print(f"  and {len(found.reasons) - _SHOWN} more")
            differing += found.verdict is Verdict.DIFFERENT
    if differing:
        raise typer.Exit(1)
