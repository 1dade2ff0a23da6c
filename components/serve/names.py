"""Names that server and client share."""

MODEL = "inkling"
OPENAI = "/openai/v1"
CHAT = f"{OPENAI}/chat/completions"
HOST, PORT = "127.0.0.1", 8080
