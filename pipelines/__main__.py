"""`python -m inkling.pipelines`: the command line without an installed script."""

from inkling.pipelines.cli import main

main()
