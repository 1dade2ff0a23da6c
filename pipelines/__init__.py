"""The order of the work: pipelines, where they run, and the command line."""
