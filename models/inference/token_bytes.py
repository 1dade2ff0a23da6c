"""What each token of a byte-level vocabulary stands for: its bytes, and its text as far as they are text."""

from tokenizers import Tokenizer


class TokenBytes:
    """The bytes of every token; special tokens have none, since no answer shows them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Reads the vocabulary."""
        added = tokenizer.get_added_tokens_decoder()
        alphabet = {character: byte for byte, character in enumerate(_alphabet())}
        self._bytes: list[bytes] = []
        self._names: list[str] = []
        for token in range(tokenizer.get_vocab_size()):
            name = tokenizer.id_to_token(token) or ""
            if token in added:
                found = b"" if added[token].special else name.encode()
            elif all(character in alphabet for character in name):
                found = bytes(alphabet[character] for character in name)
            else:
                found = name.encode()
            self._bytes.append(found)
            self._names.append(name if token in added else found.decode(errors="replace"))

    def __getitem__(self, token: int) -> bytes:
        """The bytes that a token adds to a text; none for one that the tokenizer does not have."""
        return self._bytes[token] if token < len(self._bytes) else b""

    def text(self, token: int) -> str:
        """A token as it is shown: bytes that are no characters by themselves as U+FFFD, special tokens by name."""
        return self._names[token] if token < len(self._names) else ""


def _alphabet() -> list[str]:
    """The character by which byte-level vocabularies write each byte (GPT-2): itself if it is printed, else another."""
    seen = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return [chr(byte if byte in seen else next(others)) for byte in range(256)]
