"""Runs the frozen vision encoder over every image once."""
