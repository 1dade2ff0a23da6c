"""KServe's gRPC server on one address, with limits on messages and their number, and with the right codes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent import futures
from typing import Any

import grpc
from grpc import aio
from kserve.errors import InferenceError, InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady
from kserve.protocol.dataplane import DataPlane
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc
from kserve.protocol.grpc.server import GRPCServer
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.protocol.model_repository_extension import ModelRepositoryExtension

from inkling.components.serve.grpc_recording import GrpcRecording
from inkling.components.serve.limits.bearer import Bearer
from inkling.components.serve.limits.deadline import TIME_LIMIT, time_is_over
from inkling.components.serve.limits.wire_scan import MalformedMessage, count_fields
from inkling.components.serve.protocols.kserve import check_tensors
from inkling.components.serve.protocols.refusals import cut, overloaded
from inkling.components.serve.record import current
from inkling.components.serve.request import BadRequest
from inkling.components.serve.scheduler import Busy
from inkling.components.serve.settings import Settings

_LOG = logging.getLogger(__name__)
_METADATA_BYTES = 16 << 10
_AGE_SECONDS, _AGE_GRACE_SECONDS = 600, 120  # of a connection; a client that goes on makes another unseen


class _NoToken(Exception):
    """A call without the token that is wanted."""


_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], grpc.StatusCode], ...] = (
    (Busy, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ((InvalidInput, BadRequest, InferenceError, MalformedMessage), grpc.StatusCode.INVALID_ARGUMENT),
    (ModelNotFound, grpc.StatusCode.NOT_FOUND),
    ((ModelNotReady, ServerNotReady), grpc.StatusCode.UNAVAILABLE),
    (NotImplementedError, grpc.StatusCode.UNIMPLEMENTED),
    (_NoToken, grpc.StatusCode.UNAUTHENTICATED),
)


class BoundedGrpc(GRPCServer):
    """The server; it shares its port with no other process."""

    def __init__(
        self,
        address: str,
        settings: Settings,
        bearer: Bearer | None,
        dataplane: DataPlane,
        repository: ModelRepositoryExtension,
        grace_seconds: int,
    ) -> None:
        """Prepares the server; `start` makes it listen on an address, host:port."""
        super().__init__(0, dataplane, repository, {}, grace_seconds)
        self._address, self._settings, self._bearer = address, settings, bearer

    async def start(self, max_workers: int) -> None:
        """Serves until `stop`."""
        self._server = aio.server(
            futures.ThreadPoolExecutor(max_workers),
            interceptors=(GrpcRecording(), _Guard(self._settings, self._bearer)),
            maximum_concurrent_rpcs=self._settings.max_calls,
            options=[
                ("grpc.max_receive_message_length", self._settings.max_body_bytes),
                ("grpc.max_metadata_size", _METADATA_BYTES),
                ("grpc.max_connection_age_ms", _AGE_SECONDS * 1000),
                ("grpc.max_connection_age_grace_ms", _AGE_GRACE_SECONDS * 1000),
                ("grpc.so_reuseport", 0),
            ],
        )
        servicer = _Servicer(self._data_plane, self._model_repository_extension)
        grpc_predict_v2_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, self._server)
        self._server.add_insecure_port(self._address)
        await self._server.start()
        await self._server.wait_for_termination()


class _Servicer(InferenceServicer):
    """KServe's methods; an inference is looked at before its tensors are copied."""

    async def ModelInfer(self, request: Any, context: Any) -> Any:
        check_tensors(request.inputs)
        return await super().ModelInfer(request, context)


class _Guard(aio.ServerInterceptor):
    """Counts the fields of a call before they are parsed, ends it in time; answers errors with their code, in words."""

    def __init__(self, settings: Settings, bearer: Bearer | None) -> None:
        self._settings, self._bearer = settings, bearer

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        given = dict(handler_call_details.invocation_metadata).get("authorization", "")
        given = given.encode() if isinstance(given, str) else given
        allowed = self._bearer is None or self._bearer.allows_call(handler_call_details.method, given)

        seconds = self._settings.answer_seconds

        async def guarded(message: bytes, context: aio.ServicerContext[Any, Any]) -> Any:
            try:
                if not allowed:
                    raise _NoToken("send the metadata authorization: Bearer TOKEN")
                count_fields(message, self._settings.max_json_items)
                async with asyncio.timeout(seconds) as limit:
                    return await handler.unary_unary(_parsed(handler, message), context)
            except aio.AbortError:
                raise
            except TimeoutError as error:
                if not limit.expired():
                    await context.abort(*_explained(error))
                current().refusal = TIME_LIMIT
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, time_is_over(seconds))
            except Exception as error:
                code, words = _explained(error)
            # `abort` would raise an error within gRPC's own, a circle that keeps the message until it is found.
            context.set_code(code)
            context.set_details(words)
            return None

        return grpc.unary_unary_rpc_method_handler(guarded, None, handler.response_serializer)


def _parsed(handler: Any, message: bytes) -> Any:
    try:
        return handler.request_deserializer(message)
    except Exception:  # protobuf's own kind of error
        raise MalformedMessage("the message cannot be decoded") from None


def _explained(error: Exception) -> tuple[grpc.StatusCode, str]:
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code, overloaded(error) if isinstance(error, Busy) else cut(str(error))
    _LOG.exception("the server failed on a call")
    return grpc.StatusCode.INTERNAL, "the server failed on this call, and keeps the reason in its log"
