"""Loaders of other people's pictures and words, a file a layout."""

from inkling.components.scenes.loaders.contract import LoaderSpec
from inkling.models.spec import Registry

LOADERS = Registry("loader", __name__, LoaderSpec)
