"""Makes scenes in several processes; what comes out does not depend on how many."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from inkling.components.scenes.annotate import annotate
from inkling.components.scenes.catalogue import catalogue
from inkling.components.scenes.made import Made
from inkling.components.scenes.plan import SceneJob
from inkling.components.scenes.render import render

_CHUNK = 16


def make(jobs: Sequence[SceneJob], processes: int) -> Iterator[Made]:
    """Makes scenes, in the order of the jobs.

    Args:
        jobs: The scenes wanted.
        processes: How many processes render at the same time.
    """
    if processes == 1:
        yield from map(make_one, jobs)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(make_one, jobs, chunksize=_CHUNK)


def make_one(job: SceneJob) -> Made:
    """Composes and draws one scene."""
    scene, query = job.compose(catalogue())
    return Made(job, scene, query, render(scene), annotate(scene))
