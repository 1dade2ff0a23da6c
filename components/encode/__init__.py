"""Runs the frozen vision encoder over every picture once."""
