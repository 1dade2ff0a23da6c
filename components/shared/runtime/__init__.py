"""How work is done on this machine; changes no byte of what comes out."""
