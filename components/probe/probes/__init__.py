"""The probes, a file each."""

from inkling.components.probe.contract import ProbeSpec
from inkling.models.spec import Registry

PROBES = Registry("probe", __name__, ProbeSpec)
