"""Renders pictures with exact labels, and captions, instructions and questions about them."""
