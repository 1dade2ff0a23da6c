"""The pretrain stage: packed tokens in, a language model that has read them out."""
