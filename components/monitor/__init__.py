"""Compares what a server is asked, and how it answers, with the evaluation of its model."""
