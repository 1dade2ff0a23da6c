"""The corpus stage: text of named sources, read, cut into segments, freed of repeats and of evaluation questions."""
