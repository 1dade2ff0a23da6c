"""Shared libraries of every stage; they import nothing of stages or artifacts."""
