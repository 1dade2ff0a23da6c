"""Answering procedures: how a model's answer to a question is found; one file each."""

from inkling.components.evaluate.contract import MethodSpec
from inkling.models.spec import Registry

METHODS = Registry("method", __name__, MethodSpec)
