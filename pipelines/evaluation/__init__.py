"""Evaluating one model on any suites: what `inkling evaluate` does, through the stages' own functions and the store."""
