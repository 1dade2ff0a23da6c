"""A headless Chromium, driven over the Chrome DevTools Protocol."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """The path of a Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Page:
    """A page of the browser.

    Attributes:
        said: Messages of its console, and what went wrong in its script.
        asked: Addresses that it asked for.
    """

    def __init__(self, connection: ClientConnection) -> None:
        """Begins to listen."""
        self.said: list[str] = []
        self.asked: list[str] = []
        self._connection, self._numbers = connection, itertools.count(1)
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> Any:
        """Sends a command and returns its result."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=60))
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def open(self, address: str, words: str) -> None:
        """Opens an address and waits until an expression holds there."""
        self.send("Page.navigate", url=address)
        self.wait(words)

    def value(self, expression: str) -> Any:
        """The value of an expression of the page's script."""
        found = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Waits until an expression of the page's script holds; while a page is opened it may have no value."""
        deadline = time.monotonic() + 60
        while not self.value(f"(() => {{ try {{ return {expression} }} catch {{ return false }} }})()"):
            assert time.monotonic() < deadline, f"never came: {expression}; console: {self.said}"
            time.sleep(0.05)

    def files(self, selector: str, path: Path) -> None:
        """Chooses a file in a field."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def type(self, text: str) -> None:
        """Types into the field that has the focus."""
        self.send("Input.insertText", text=text)

    def key(self, name: str, code: int, text: str = "") -> None:
        """Presses a key."""
        key = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **key)
        self.send("Input.dispatchKeyEvent", type="keyUp", **key)

    def picture(self) -> bytes:
        """What is seen of the whole page, as PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _note(self, event: dict[str, Any]) -> None:
        match event["method"], event["params"]:
            case "Network.requestWillBeSent", found:
                self.asked.append(found["request"]["url"])
            case "Runtime.exceptionThrown", found:
                self.said.append(str(found["exceptionDetails"]))
            case "Log.entryAdded", found:
                self.said.append(found["entry"]["text"])


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Runs a Chromium with a profile in a folder, and gives its page."""
    command = [
        str(program()), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
    ]  # fmt: skip
    environment = {**os.environ, "HOME": str(folder)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        port = _port(folder / "DevToolsActivePort", process)
        pages = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        with connect(address, max_size=None, proxy=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(30)


def _port(file: Path, process: "subprocess.Popen[bytes]") -> int:
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text().count("\n")):
        assert process.poll() is None, "Chromium ended"
        assert time.monotonic() < deadline, "Chromium does not start"
        time.sleep(0.05)
    return int(file.read_text().splitlines()[0])
