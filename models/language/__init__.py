"""Language models: Llama-style networks, and presets of their sizes."""
