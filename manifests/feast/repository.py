"""What `feast apply` registers: the segments of a corpus, with their statistics and labels.

`INKLING_LABELS` names the Labels artifact whose files are the data.

Example:
    INKLING_LABELS=$PWD/.inkling/described/labels feast --chdir manifests/feast apply
"""

import os

from inkling.components.artifacts.feature_views import labels_view, segment_entity, statistics_view
from inkling.components.artifacts.labels import Labels

if "INKLING_LABELS" not in os.environ:
    raise SystemExit("set INKLING_LABELS to the directory of a Labels artifact, such as .inkling/described/labels")
files = Labels.open(os.environ["INKLING_LABELS"]).path.resolve()
segment = segment_entity()
labels = labels_view(segment, files / "labels")
statistics = statistics_view(segment, files / "statistics")
