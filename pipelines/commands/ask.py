"""The client behind `inkling ask`: a question to a running server, the answer as it comes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from inkling.components.shared.config import ConfigError

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def ask(question: str, image: Path | None, url: str, choices: Sequence[str] | None = None) -> str:
    """Asks a running server and prints its answer and the view that it was given.

    Args:
        question: What to ask.
        image: The image to ask about; None asks blind.
        url: The server's address, such as `http://127.0.0.1:8080`.
        choices: Answers to choose from; None for a generated answer.

    Returns:
        The answer.

    Raises:
        ConfigError: If the image cannot be sent.
        RuntimeError: If no server listens there, or it refuses; the message says what to do.
    """
    import httpx

    from inkling.components.serve.client import Client, data_uri

    encoded = None if image is None else _read(image)
    try:
        with Client(url) as client:
            if choices:
                choice, given, log_likelihoods = client.choose(question, choices, encoded)
                for index, (text, value) in enumerate(zip(choices, log_likelihoods, strict=True)):
                    print(f"{'*' if index == choice else ' '} {text}  ({value:.2f} nats)")
                answer, view = choices[choice], str(given)
            else:
                fragments = client.stream(question, None if encoded is None else data_uri(encoded))
                answer, view = _print_fragments(fragments)
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise RuntimeError(
            f"no server answers at {url}. Start one with `make serve` (or `inkling serve`), then ask again."
        ) from None
    except httpx.TransportError as error:
        raise RuntimeError(
            f"the connection to {url} broke ({type(error).__name__}); see the log of the server."
        ) from None
    if not answer.strip():
        print("(the model's answer is empty)")
    print(f"(view: {view})")
    return answer


def _print_fragments(fragments: Iterator[tuple[str, str]]) -> tuple[str, str]:
    """Prints an answer as it comes, without its blank lines; returns it and the view that the server names."""
    received, views = [], set()

    def texts() -> Iterator[str]:
        for fragment, view in fragments:
            received.append(fragment)
            views.add(view)
            yield fragment

    for text in without_blank_lines(texts()):
        print(text, end="", flush=True)
    if "".join(received).strip():
        print()
    return "".join(received), ", ".join(sorted(views))


def without_blank_lines(fragments: Iterable[str]) -> Iterator[str]:
    """Text as it comes, without blank lines and without white space at its ends.

    Args:
        fragments: The text, cut anywhere.
    """
    held, begun = "", False
    for fragment in fragments:
        text = held + fragment if begun else (held + fragment).lstrip()
        shown = text.rstrip()
        held = text[len(shown) :]
        if shown:
            begun = True
            yield _BLANK_LINES.sub("\n", shown)


def _read(image: Path) -> bytes:
    from inkling.models.vision.preprocess import ImageError, decode

    try:
        encoded = image.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"there is no image {image}") from None
    except OSError as error:
        raise ConfigError(f"the image {image} cannot be read: {error.strerror}") from None
    try:
        decode(encoded)
    except ImageError as error:
        raise ConfigError(f"{image}: {error}") from None
    return encoded
