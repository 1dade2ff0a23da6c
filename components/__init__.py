"""The work: a folder a stage, the artifacts between stages, and the shared libraries."""
