"""The mixture stage: a recipe in, a tokenizer and packed token shards out."""
