"""Multi-Level Existence questions out of anyone's masks."""
