"""An OpenAI-compatible endpoint on loopback whose replies a test decides."""

import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


def completion(text: Any, model: str = "llava") -> tuple[int, dict[str, str], Any]:
    return 200, {}, {"model": model, "choices": [{"message": {"role": "assistant", "content": text}}]}


class Server:
    """An endpoint on loopback whose replies a test decides.

    Attributes:
        asked: The bodies that were posted, in their order.
        reply: What answers a body: status, headers and content (JSON, or bytes as they are).
        inputs: Names of the inputs that V2 describes.
        keys: What stood in the header `Authorization` of each body.
    """

    def __init__(self) -> None:
        self.asked: list[Body] = []
        self.keys: list[str] = []
        self.reply: Callable[[Body], tuple[int, dict[str, str], Any]] = lambda body: completion("A")
        self.models: list[str] = ["llava"]
        self.inputs: list[str] = []
        self.at_once, self.most = 0, 0
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listed = {"object": "list", "data": [{"id": name} for name in outer.models]}
                described = {"inputs": [{"name": name} for name in outer.inputs]}
                known = {"/v1/models": listed, f"/v2/models/{outer.models[0]}": described}
                found = known.get(self.path)
                self._send(*((200, {}, found) if found else (404, {}, {"detail": "Not Found"})))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.asked.append(body)
                    outer.keys.append(self.headers.get("Authorization", ""))
                    outer.at_once += 1
                    outer.most = max(outer.most, outer.at_once)
                status, headers, content = outer.reply(body)
                with lock:
                    outer.at_once -= 1
                self._send(status, headers, content)

            def _send(self, status: int, headers: dict[str, str], content: Any) -> None:
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                with contextlib.suppress(OSError):  # who asked has left
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Stays silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
