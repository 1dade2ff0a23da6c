"""Answers in the formats of other harnesses, and as a page to browse."""
