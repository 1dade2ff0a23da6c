"""KServe's model server, made safe to run on a laptop: bound to one address, limited, and with clear refusals."""

import asyncio
import logging
import socket
import struct
import warnings
from concurrent import futures
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from grpc import aio
from kserve import ModelServer
from kserve.errors import InferenceError, InvalidInput
from kserve.model_server import app
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor, LoggingInterceptor
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from inkling.components.serve.limits import BodyLimit
from inkling.components.serve.model import InklingModel
from inkling.components.serve.protocols.openai import chat_router

_GRACE_SECONDS = 30


class Application(ModelServer):
    """KServe's server of one model, on a socket that is already bound.

    KServe itself listens on every interface, answers 500 to much of what a client can get wrong, takes bodies of any
    size, and lets anybody unload the model.
    """

    def __init__(self, model: InklingModel, listener: socket.socket, grpc_address: str | None) -> None:
        """Prepares the server.

        Args:
            model: The model, loaded.
            listener: The listening socket for HTTP.
            grpc_address: host:port for gRPC; None for none.
        """
        super().__init__(
            http_port=listener.getsockname()[1],
            enable_grpc=False,
            enable_latency_logging=False,
            grace_period=_GRACE_SECONDS,
        )
        for name in ("kserve", "kserve.trace"):
            logging.getLogger(name).setLevel(logging.WARNING)  # two lines of timings a request, and notices about vLLM
        warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")
        self._listener, self._grpc_address = listener, grpc_address
        self._max_bytes = model.settings.max_body_bytes
        self.dataplane = _Requests(model_registry=self.registered_models)
        self.model_repository_extension = _FixedRepository(model_registry=self.registered_models)
        app.add_middleware(BodyLimit, max_bytes=self._max_bytes)
        app.include_router(chat_router(model))

    async def _serve(self) -> None:
        """Serves until a signal; in place of the coroutines that KServe made, which listen on every interface."""
        for unwanted in self.servers:
            unwanted.close()
        self._rest_server.create_application()
        _answer_400(app)
        serving = [self._rest_server._server.serve(sockets=[self._listener])]
        if self._grpc_address:
            self._grpc_server = _Grpc(
                self._grpc_address, self._max_bytes, self.dataplane, self.model_repository_extension
            )
            serving.append(self._grpc_server.start(self.max_threads))
        await asyncio.gather(*serving)


class _Requests(DataPlane):
    """Takes a request that cannot be decoded for what it is: the client's mistake."""

    def decode(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().decode(*arguments, **named)
        except InvalidInput:
            raise
        except InferenceError:
            raise InvalidInput("binary tensors hold UTF-8 text over REST: send images in base64, or use gRPC") from None
        except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise InvalidInput(f"the request cannot be decoded: {type(error).__name__} {str(error)[:100]}") from None


class _FixedRepository(ModelRepositoryExtension):
    """Serves the model that it was started with, and no other."""

    async def load(self, model_name: str) -> None:
        raise NotImplementedError("this server serves one model; models are not loaded by request")

    async def unload(self, model_name: str) -> None:
        raise NotImplementedError("this server serves one model; it is not unloaded by request")


class _Grpc(GRPCServer):
    """KServe's gRPC server on one address that no other process shares."""

    def __init__(
        self, address: str, max_bytes: int, dataplane: DataPlane, repository: ModelRepositoryExtension
    ) -> None:
        super().__init__(0, dataplane, repository, {}, _GRACE_SECONDS)
        self._address, self._max_bytes = address, max_bytes

    async def start(self, max_workers: int) -> None:
        self._server = aio.server(
            futures.ThreadPoolExecutor(max_workers),
            interceptors=(LoggingInterceptor(), ExceptionToStatusInterceptor()),
            options=[("grpc.max_receive_message_length", self._max_bytes), ("grpc.so_reuseport", 0)],
        )
        servicer = InferenceServicer(self._data_plane, self._model_repository_extension)
        grpc_predict_v2_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, self._server)
        self._server.add_insecure_port(self._address)
        await self._server.start()
        await self._server.wait_for_termination()


def _answer_400(application: FastAPI) -> None:
    """Answers 400 with the words of the refusal, and keeps tracebacks of clients' mistakes out of the log."""

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        return _bad_request(str(error))

    async def malformed(_: Request, error: Exception) -> JSONResponse:
        items = error.errors() if isinstance(error, RequestValidationError) else []
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in items[:3])
        return _bad_request(f"the request cannot be read: {problems}")

    application.add_exception_handler(InvalidInput, invalid)
    application.add_exception_handler(RequestValidationError, malformed)


def _bad_request(message: str) -> JSONResponse:
    """A 400 whose words may quote what is no valid text."""
    return JSONResponse({"error": message.encode(errors="replace").decode()}, 400)
