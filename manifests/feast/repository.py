"""What `feast apply` registers: the segments of a corpus, with their statistics and labels.

`INKLING_LABELS` names the Labels artifact whose files are the data.

Example:
    export INKLING_LABELS=$PWD/.inkling/described/labels    # `inkling corpus describe` makes it
    feast --chdir manifests/feast apply
    feast --chdir manifests/feast materialize 2025-01-01T00:00:00 2027-01-01T00:00:00
    feast --chdir manifests/feast get-online-features -e segment_id=code/a.py#0 -f labels:code -f statistics:words

On a cluster, `--feature-store-yaml cluster.yaml` and the variables that it names.
"""

import os

from inkling.components.artifacts.labels import Labels
from inkling.components.mixture.feature_views import labels_view, segment_entity, statistics_view

if not os.environ.get("INKLING_LABELS"):
    raise SystemExit("set INKLING_LABELS to the directory of a Labels artifact, such as .inkling/described/labels")
files = Labels.open(os.environ["INKLING_LABELS"]).path.resolve()
segment = segment_entity()
labels = labels_view(segment, files / "labels")
statistics = statistics_view(segment, files / "statistics")
