"""KServe's model server, made safe to run on a laptop: bound to one address, limited, and with clear refusals."""

import asyncio
import socket
import warnings
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kserve import ModelServer
from kserve.errors import InferenceError, InvalidInput, ModelNotFound
from kserve.model_server import app
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.model_repository_extension import ModelRepositoryExtension
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from inkling.components.serve.departures import Departures
from inkling.components.serve.grpc_server import BoundedGrpc
from inkling.components.serve.limits.bearer import TokenDoor, read_bearer
from inkling.components.serve.limits.connections import bounded
from inkling.components.serve.limits.deadline import Deadline
from inkling.components.serve.limits.door import JSON_LENGTH, Door
from inkling.components.serve.logs import configure_logs
from inkling.components.serve.model import InklingModel
from inkling.components.serve.protocols.kserve import refused
from inkling.components.serve.protocols.openai.router import openai_router
from inkling.components.serve.protocols.refusals import overloaded, refusal
from inkling.components.serve.protocols.v2_body import v2_request
from inkling.components.serve.recording import Recording
from inkling.components.serve.request import BadRequest
from inkling.components.serve.scheduler import Busy
from inkling.components.serve.service import service_router

_GRACE_SECONDS = 25  # a pod has 30 s by default


class Application(ModelServer):
    """KServe's server of one model, on a socket that is already bound.

    KServe itself listens on every interface, answers 500 to much of what a client can get wrong, takes bodies of any
    size, and lets anybody unload the model.
    """

    def __init__(self, model: InklingModel, listener: socket.socket, grpc_address: str | None, page: APIRouter) -> None:
        """Prepares the server.

        Args:
            model: The model, loaded.
            listener: The listening socket for HTTP.
            grpc_address: host:port for gRPC; None for none.
            page: What a browser is shown.
        """
        super().__init__(
            http_port=listener.getsockname()[1],
            enable_grpc=False,
            enable_latency_logging=False,
            grace_period=_GRACE_SECONDS,
        )
        configure_logs()
        warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")
        self._listener, self._grpc_address = listener, grpc_address
        self._settings = model.settings
        self.dataplane = _Requests(self._settings.max_json_items, model_registry=self.registered_models)
        self.model_repository_extension = _FixedRepository(model_registry=self.registered_models)
        app.add_middleware(Departures)
        app.add_middleware(Deadline, seconds=self._settings.answer_seconds)
        self._bearer = read_bearer(self._settings.token_file)
        app.add_middleware(Door, settings=self._settings)
        if self._bearer is not None:
            app.add_middleware(TokenDoor, bearer=self._bearer)
        if self._settings.cors_origins:
            app.add_middleware(
                CORSMiddleware, allow_origins=self._settings.cors_origins, allow_methods=["*"], allow_headers=["*"]
            )
        app.add_middleware(Recording)
        app.include_router(openai_router(model))
        app.include_router(page)
        app.include_router(service_router(model.name))

    async def _serve(self) -> None:
        """Serves until a signal; in place of the coroutines that KServe made, which listen on every interface."""
        for unwanted in self.servers:
            unwanted.close()
        self._rest_server.create_application()
        _answer_in_words(app)
        self._rest_server.config.http, self._rest_server.config.ws = bounded(self._settings), "none"
        serving = [self._rest_server._server.serve(sockets=[self._listener])]
        if self._grpc_address:
            self._grpc_server = BoundedGrpc(
                self._grpc_address,
                self._settings,
                self._bearer,
                self.dataplane,
                self.model_repository_extension,
                _GRACE_SECONDS,
            )
            serving.append(self._grpc_server.start(self.max_threads))
        await asyncio.gather(*serving)


class _Requests(DataPlane):
    """Takes a request that cannot be decoded for what it is: the client's mistake."""

    def __init__(self, max_items: int, **named: Any) -> None:
        super().__init__(**named)
        self._max_items = max_items

    def decode(
        self, body: Any, headers: dict[str, str], protocol_version: str = "v1", model_name: str | None = None
    ) -> Any:
        try:
            if protocol_version == "v2":  # the door sees to it that this is bytes
                length = int(headers[JSON_LENGTH.decode()])
                return v2_request(bytes(body), length, model_name or "", self._max_items), {}
            return super().decode(body, headers, protocol_version, model_name)
        except BadRequest as error:
            raise refused(error) from None
        except InvalidInput:
            raise
        except (InferenceError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(f"the request cannot be decoded: {type(error).__name__} {str(error)[:100]}") from None


class _FixedRepository(ModelRepositoryExtension):
    """Serves the model that it was started with, and no other."""

    async def load(self, model_name: str) -> None:
        raise NotImplementedError("this server serves one model; models are not loaded by request")

    async def unload(self, model_name: str) -> None:
        raise NotImplementedError("this server serves one model; it is not unloaded by request")


def _answer_in_words(application: FastAPI) -> None:
    """Answers what goes wrong in the protocol's own form; KServe logs a traceback for each mistake of a client."""

    def answer(status: int, headers: dict[str, str] | None = None) -> Callable[[Request, Exception], Any]:
        async def handler(request: Request, error: Exception) -> JSONResponse:
            return refusal(request.url.path, status, str(error), headers)

        return handler

    async def malformed(request: Request, error: Exception) -> JSONResponse:
        items = error.errors()[:3] if isinstance(error, RequestValidationError) else []
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))[:100]}: {item['msg'][:200]}" for item in items)
        return refusal(request.url.path, 400, f"the request cannot be read: {problems}")

    async def busy(request: Request, error: Exception) -> JSONResponse:
        return refusal(request.url.path, 429, overloaded(error), {"Retry-After": "1"})

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 404
        words = f"{request.method} {request.url.path[:100]} is no route of this server; /docs lists them"
        return refusal(request.url.path, status, words, getattr(error, "headers", None))

    application.add_exception_handler(InvalidInput, answer(400))
    application.add_exception_handler(RequestValidationError, malformed)
    application.add_exception_handler(Busy, busy)
    application.add_exception_handler(ModelNotFound, answer(404))
    application.add_exception_handler(NotImplementedError, answer(501))
    application.add_exception_handler(HTTPException, unknown)
