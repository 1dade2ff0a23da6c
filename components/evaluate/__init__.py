"""Asks a model every question with its image, without it and with another one."""
