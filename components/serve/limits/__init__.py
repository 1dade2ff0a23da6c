"""The server's doors: what a client may send, how much of it and for how long, before anything is built from it."""
