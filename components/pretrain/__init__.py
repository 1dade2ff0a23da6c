"""The pretrain stage: packed tokens in, a language model trained on them out."""
