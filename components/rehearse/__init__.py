"""Starts the server on a bundle and checks that it answers as the evaluator did."""
