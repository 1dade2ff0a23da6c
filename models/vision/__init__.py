"""Vision encoders: frozen networks that turn pixels into a grid of tokens, and the preprocessing that they expect."""
