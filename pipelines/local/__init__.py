"""Runs on this machine: the plan, the processes or containers, the screen, and making an artifact again."""
