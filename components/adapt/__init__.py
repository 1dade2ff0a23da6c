"""Teaches a language model to see: a connector, trained stage by stage, between it and a frozen vision encoder."""
