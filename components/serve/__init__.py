"""Serves a bundle over KServe's protocols and OpenAI's chat, and rehearses it against the evaluator's answers."""
