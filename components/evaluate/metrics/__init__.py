"""Metrics of suites: one file each; `components.artifacts.metric` has their contract and their registry."""
