"""The command `inkling chat`: a conversation with a served model, with the image, blind and with another image."""

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inkling.components.shared.config import ConfigError
from inkling.pipelines.commands.ask import print_answer, reaching, read_image
from inkling.pipelines.commands.options import Port, Token, Url, address

if TYPE_CHECKING:
    from inkling.components.serve.client import Client

_HELP = """/image FILE     the image to talk about: a file, a data URI, or an address on a host that the server allows
/other FILE     another image, of which the same is asked: the mismatched view
/choices A, B   options to choose among instead of free text; alone: free text again
/new            forgets what was said
/quit           ends, as Ctrl-D and Ctrl-C do; in an answer Ctrl-C only ends the answer"""


def chat(
    image: Annotated[
        str | None,
        typer.Option(help="Image to talk about: a file, a data URI, or an address on a host that the server allows."),
    ] = None,
    other: Annotated[
        str | None, typer.Option(help="Another image, of which the same is asked: the mismatched view.")
    ] = None,
    choices: Annotated[str | None, typer.Option(help="Comma-separated options to choose among.")] = None,
    port: Port = 8080,
    url: Url = None,
    token: Token = None,
) -> None:
    """Talks with the served model in the terminal: with the image, blind, and with another image, one below the other.

    Each view has its own memory of what was said. Type /help for what can be changed on the way; Ctrl-C ends.

    Examples:
        inkling chat --image cat.png

        inkling chat --image cat.png --other dog.png --choices bird,mammal,fruit,car

        INKLING_TOKEN=... inkling chat --url https://inkling.example.org

        echo "What is in the picture?" | inkling chat --image cat.png
    """
    from inkling.components.serve.client import Client

    server = address(url, port)
    with reaching(server), Client(server, token) as client:
        talk = Talk(client)
        talk.show("visual", image)
        talk.show("mismatched", other)
        talk.choose_among(choices or "")
        try:
            while (line := _line()) is not None and talk.hear(line):
                pass
        except KeyboardInterrupt:
            print()


class Talk:
    """A conversation in each view.

    Attributes:
        said: The messages of each view so far, as OpenAI's.
    """

    def __init__(self, client: "Client") -> None:
        """Begins blind."""
        self._client = client
        self._images: dict[str, str | None] = {"visual": None, "blind": None, "mismatched": None}
        self._choices: list[str] = []
        self.said: dict[str, list[dict[str, Any]]] = {}

    def show(self, view: str, image: str | None) -> None:
        """Takes the image of a view and forgets what was said; None or nothing takes it away.

        Raises:
            ConfigError: If a file is no image that can be sent.
        """
        self._images[view] = image_url(image) if image else None
        self.said = {}

    def choose_among(self, choices: str) -> None:
        """Takes comma-separated options; none of them for free text.

        Raises:
            ConfigError: If there is only one.
        """
        found = [choice.strip() for choice in choices.split(",") if choice.strip()]
        if len(found) == 1:
            raise ConfigError("give two choices at least, with a comma between them, or none")
        self._choices = found

    def hear(self, line: str) -> bool:
        """Answers a line, or does what it says; what goes wrong is said, and the conversation goes on.

        Returns:
            Whether it goes on.
        """
        from inkling.components.serve.client import ServerRefused

        try:
            if line.startswith("/"):
                return self._command(*line[1:].partition(" ")[::2])
            if line:
                self._ask(line)
        except ConfigError as error:
            print(f"({error})")
        except ServerRefused as error:
            if error.status == 401:
                raise
            print(f"({error}; /new forgets what was said)" if self.said else f"({error})")
        except KeyboardInterrupt:
            print("\n(stopped)")
        return True

    def _command(self, name: str, rest: str) -> bool:
        rest = rest.strip()
        if name == "image":
            self.show("visual", rest)
        elif name == "other":
            self.show("mismatched", rest)
        elif name == "choices":
            self.choose_among(rest)
        elif name == "new":
            self.said = {}
        elif name in ("quit", "exit", "bye"):
            return False
        else:
            print(_HELP)
        return True

    def _ask(self, question: str) -> None:
        views = [view for view, image in self._images.items() if image or view == "blind"]
        if self._choices:
            self._print_shares({view: self._chosen(view, question) for view in views})
            return
        for view in views:
            print(f"{view}: ", end="", flush=True)
            start = time.monotonic()
            messages = self._messages(view, question)
            answer, given, tokens = print_answer(self._client.stream(messages))
            speed = f"{tokens} tokens, {tokens / (time.monotonic() - start):.0f} tokens/s"
            print(f"  (view: {given}, {speed})")
            self._remember(view, messages, answer)

    def _chosen(self, view: str, question: str) -> list[float]:
        """The share of each option in a view."""
        messages = self._messages(view, question)
        choice, _, log_likelihoods = self._client.options(messages, self._choices)
        self._remember(view, messages, self._choices[choice])
        return shares(log_likelihoods)

    def _print_shares(self, found: dict[str, list[float]]) -> None:
        """A row an option, a column a view; the most likely one of each view is marked."""
        width = max(len(choice) for choice in self._choices)
        print(" " * width + "".join(f"{view:>13}" for view in found))
        for row, choice in enumerate(self._choices):
            cells = (f"{'* ' if part[row] == max(part) else ''}{part[row]:.1%}" for part in found.values())
            print(f"{choice:<{width}}" + "".join(f"{cell:>13}" for cell in cells))

    def _messages(self, view: str, question: str) -> list[dict[str, Any]]:
        from inkling.components.serve.client import user_message

        said = self.said.get(view, [])
        return [*said, user_message(question, None if said else self._images[view])]

    def _remember(self, view: str, messages: list[dict[str, Any]], answer: str) -> None:
        self.said[view] = [*messages, {"role": "assistant", "content": answer}]


def image_url(image: str) -> str:
    """What the server is sent for an image: an address or data URI as it is, a file as a data URI.

    Raises:
        ConfigError: If a file is no image that can be sent.
    """
    from inkling.components.serve.client import data_uri

    if image.lower().startswith(("data:", "http://", "https://")):
        return image
    return data_uri(read_image(Path(image).expanduser()))


def shares(log_likelihoods: Sequence[float]) -> list[float]:
    """Each option's share of the probability of all, from their log-likelihoods in nats."""
    most = max(log_likelihoods)
    weights = [math.exp(value - most) for value in log_likelihoods]
    return [weight / sum(weights) for weight in weights]


def _line() -> str | None:
    """The next line of the user; None at the end."""
    try:
        return input("> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        if sys.stdin.isatty():
            print()
        return None
