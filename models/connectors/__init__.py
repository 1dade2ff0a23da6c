"""Connectors: from a vision encoder's grid tokens to a language model's input embeddings."""
