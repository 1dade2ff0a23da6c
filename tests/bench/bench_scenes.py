"""Scenes a second on one core: composed, drawn and annotated, against drawing alone; more is better.

The alternative draws the same scenes, composed before, as JPEG: the difference is what exact labels cost. Scenes are
those of training, in its shares of the families.
"""

from harness import report, rounds

SCENES = 400


def main() -> None:
    """Runs the bench."""
    from inkling.components.scenes.catalogue import catalogue, packages
    from inkling.components.scenes.plan import training_jobs
    from inkling.components.scenes.render import render
    from inkling.components.scenes.workers import make
    from inkling.components.shared.storage.packages import package

    for name in packages():
        package(name).fetch()
    jobs = training_jobs(catalogue(), 0, SCENES)
    scenes = [job.compose(catalogue())[0] for job in jobs]
    contestants = {
        "compose, draw, annotate": lambda: list(make(jobs, 1)),
        "draw": lambda: [render(scene) for scene in scenes],
    }
    timed = rounds(contestants, count=5)
    report("scenes", {"scenes": SCENES, "seed": 0}, {"one process": timed.table(SCENES, "scenes")})


if __name__ == "__main__":
    main()
