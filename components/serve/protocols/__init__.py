"""Requests as they come over the wire, and responses back: KServe V1 and V2, OpenAI chat."""
