"""Studies: many runs along the axes of a YAML file, compared in one table."""
