"""The client behind `inkling ask`: a question to a running server, the answer as it comes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.shared.config import ConfigError

if TYPE_CHECKING:
    from inkling.components.serve.client import ChatPart

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_UNAUTHORIZED = 401
EMPTY = "(the model's answer is empty)"


def ask(
    question: str, image: Path | None, url: str, choices: Sequence[str] | None = None, token: str | None = None
) -> str:
    """Asks a running server and prints its answer and the view that it was given.

    Args:
        question: What to ask.
        image: The image to ask about; None asks blind.
        url: The server's address, such as `http://127.0.0.1:8080`.
        choices: Answers to choose from; None for a generated answer.
        token: The bearer token that the server wants; None sends none.

    Returns:
        The answer.

    Raises:
        ConfigError: If the image cannot be sent.
        RuntimeError: If no server listens there, or it refuses; the message says what to do.
    """
    from inkling.components.serve.client import Client, data_uri, user_message

    encoded = None if image is None else read_image(image)
    with reaching(url), Client(url, token) as client:
        if choices:
            choice, given, log_likelihoods = client.choose(question, choices, encoded)
            for index, (text, value) in enumerate(zip(choices, log_likelihoods, strict=True)):
                print(f"{'*' if index == choice else ' '} {text}  ({value:.2f} nats)")
            answer, view = choices[choice], str(given)
            if not answer.strip():
                print(EMPTY)
        else:
            message = user_message(question, None if encoded is None else data_uri(encoded))
            answer, view, _ = print_answer(client.stream([message]))
    print(f"(view: {view})")
    return answer


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Says what to do where a server is not there, breaks off, or wants a token.

    Args:
        url: The server's address, such as `http://127.0.0.1:8080`.

    Raises:
        ConfigError: If that is no address, or a token cannot stand in a header.
        RuntimeError: If no server listens there, the connection breaks, or it refuses.
    """
    import httpx

    from inkling.components.serve.client import ServerRefused

    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise ConfigError(f"'{url}' is no address of a server; one is http://127.0.0.1:8080") from None
    except UnicodeEncodeError:
        raise ConfigError("the token has characters that no header can hold; it is ASCII") from None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise RuntimeError(
            f"no server answers at {url}. Start one with `make serve` (or `inkling serve`), then ask again."
        ) from None
    except httpx.TransportError as error:
        raise RuntimeError(
            f"the connection to {url} broke ({type(error).__name__}); see the log of the server."
        ) from None
    except ServerRefused as error:
        if error.status != _UNAUTHORIZED:
            raise
        raise RuntimeError(f"the server at {url} wants another token: give it as INKLING_TOKEN or --token") from None


def print_answer(parts: Iterator["ChatPart"]) -> tuple[str, str, int]:
    """Prints an answer as it comes, without its blank lines, and says so where it is empty.

    Returns:
        The answer, the view that the server names, and the answer's tokens.
    """
    received, views, tokens = [], set(), 0

    def texts() -> Iterator[str]:
        nonlocal tokens
        for part in parts:
            received.append(part.text)
            views.add(part.view)
            tokens = tokens if part.tokens is None else part.tokens
            yield part.text

    for text in without_blank_lines(texts()):
        print(text, end="", flush=True)
    answer = "".join(received)
    print("" if answer.strip() else EMPTY)
    return answer, ", ".join(sorted(views)), tokens


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


def read_image(image: Path) -> bytes:
    """The bytes of an image file that the server will take.

    Raises:
        ConfigError: If it is not there, cannot be read, or is no such image.
    """
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
