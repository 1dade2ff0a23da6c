"""Serves a bundle over the protocols of KServe and of OpenAI's chat."""
