"""The bytes of tokens make the text that the tokenizer itself makes of them."""

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from inkling.models.inference.token_bytes import TokenBytes
from inkling.models.sequence.special_tokens import SPECIAL_TOKENS


def test_bytes_of_tokens_make_the_tokenizers_text() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["Grüße aus Köln, 東京 und 🙂!"] * 4, trainer)
    tokenizer.add_tokens(["café"])
    found = TokenBytes(tokenizer)
    random = np.random.default_rng(0)
    for _ in range(200):
        ids = random.integers(0, tokenizer.get_vocab_size(), random.integers(1, 12)).tolist()
        plain = [token for token in ids if "café" not in tokenizer.id_to_token(token)]
        assert b"".join(found[token] for token in plain).decode(errors="replace") == tokenizer.decode(plain)
    assert found[tokenizer.token_to_id("café")] == "café".encode()
    assert (found[1], found.text(1)) == (b"", "<|eos|>")
    assert (found[10_000], found.text(10_000)) == (b"", "")
