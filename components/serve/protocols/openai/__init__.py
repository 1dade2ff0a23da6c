"""OpenAI's API: models, chat completions and completions, under `/openai/v1` and `/v1`."""
