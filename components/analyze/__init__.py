"""Turns the artifacts of a run into findings: every number as JSON, and one self-contained report."""
