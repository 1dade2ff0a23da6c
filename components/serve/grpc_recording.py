"""The outermost door for gRPC: every inference has a record, its id in the answer's metadata, one line, one count."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc import aio

from inkling.components.serve.logs import log_request
from inkling.components.serve.metrics import report
from inkling.components.serve.record import REQUEST_ID, begin

_INFERENCE = "/ModelInfer"
_STATUSES = {
    grpc.StatusCode.OK: 200, grpc.StatusCode.INVALID_ARGUMENT: 400, grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.NOT_FOUND: 404, grpc.StatusCode.RESOURCE_EXHAUSTED: 429, grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNIMPLEMENTED: 501, grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}  # fmt: skip
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


class GrpcRecording(aio.ServerInterceptor):
    """Interceptor around all others; counts as HTTP statuses, so that one metric holds both."""

    async def intercept_service(self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Wraps the method that was called."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or handler.unary_unary is None:
            return handler
        answer = handler.unary_unary

        async def recorded(request: Any, context: aio.ServicerContext[Any, Any]) -> Any:
            given = dict(handler_call_details.invocation_metadata).get(REQUEST_ID)
            record = begin(given if isinstance(given, str) else None, "grpc" if method.endswith(_INFERENCE) else "")
            await context.send_initial_metadata(((REQUEST_ID, record.request_id),))
            status = 499
            try:
                response = await answer(request, context)
                status = _STATUSES.get(context.code() or grpc.StatusCode.OK, 500)
                return response
            finally:
                report(record, status)
                log_request(record, "grpc", method, status)

        return grpc.unary_unary_rpc_method_handler(
            recorded, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
        )
