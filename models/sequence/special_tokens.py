"""The special tokens of every tokenizer: their texts and, in this order from 0 on, their ids. Needs no torch."""

BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"
"""What begins a text, what ends it, and what fills a batch."""

SPECIAL_TOKENS = (BOS, EOS, PAD)
BOS_ID, EOS_ID, PAD_ID = range(3)

IMAGE_TAG = "<image>"
"""Where LLaVA's conversations have the image in the text of a turn."""
