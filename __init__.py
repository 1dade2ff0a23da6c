"""Inkling: cultivate, measure and serve the visual priors that language models learn from text."""

__version__ = "0.1.0"
