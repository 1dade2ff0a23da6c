"""Reads benchmarks from files into questions, beside those about the rendered scenes."""
