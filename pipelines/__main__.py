"""`python -m inkling.pipelines`: the command line without an installed script."""

from inkling.pipelines.cli import main

if __name__ == "__main__":
    main()
