"""Measures a model from inside: what its representations hold, whether or not its answers show it."""
