"""Runs on a cluster: where pods run, what they need, and the endpoint that takes a pipeline."""
