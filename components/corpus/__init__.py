"""The corpus stage: text of named sources, read out of pinned packages and cut into segments."""
