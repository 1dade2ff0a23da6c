"""Sequences of tokens: the prompt, special tokens, packing."""
