"""Training objectives of an adaptation: one file each, its settings above and its loss below."""

from inkling.models.spec import ObjectiveSpec, Registry

OBJECTIVES = Registry("objective", __name__, ObjectiveSpec)
