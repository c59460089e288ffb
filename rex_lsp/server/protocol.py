# SPDX-License-Identifier: Apache-2.0 OR MIT
"""JSON-RPC as this server speaks it, on top of pygls' feature registry.

Every request is answered exactly once. Requests that wait are cancelled before they
run, running ones are cancelled for real, and an answer that a later edit made
meaningless is not sent. Nothing is kept per message once it is answered. Source:
LSP 3.17, "Base Protocol" and "Lifecycle Messages".
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol

from rex_lsp.server.jsonrpc import (
    CONTENT_MODIFIED,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    SERVER_NOT_INITIALIZED,
    RequestFailed,
)
from rex_lsp.server.params import describe_mismatch

log = logging.getLogger("rex.protocol")

Json: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[bytes], None]

# Read by hand: lsprotocol's types take 60 ms to get ready, and these come first or often.
_RAW = frozenset(
    {
        types.INITIALIZE,
        types.INITIALIZED,
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_SAVE,
        types.TEXT_DOCUMENT_DID_CLOSE,
    }
)


class Protocol(LanguageServerProtocol):
    """Routes messages to the handlers registered with ``server.feature``."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self._send: Send | None = None
        self._inbox: deque[Json] = deque()
        self._dropped: set[int | str] = set()
        self._running: dict[int | str, asyncio.Task[Any]] = {}
        self._background: set[asyncio.Task[Any]] = set()
        self._waiting: dict[int | str, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._scheduled = False
        self.initialized = False
        self.exit_code: int | None = None
        self.on_exit: Callable[[], None] = lambda: None
        self.on_idle: Callable[[], None] = lambda: None

    def _register_builtin_features(self) -> None:
        """No built-ins: every method has its own module in this package."""

    # Incoming.

    def connect(self, send: Send) -> None:
        """Use ``send`` for every body that goes out."""
        self._send = send

    def receive(self, body: bytes) -> None:
        """Queue one message body; cancellations overtake the queue."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            log.warning("a message is not JSON: %s", error)
            self._answer_error(None, PARSE_ERROR, f"expected a JSON object, found {error}")
            return
        if not isinstance(message, dict):
            self._answer_error(
                None, INVALID_REQUEST, f"expected a JSON object, found {type(message).__name__}"
            )
            return
        if message.get("method") == types.CANCEL_REQUEST:
            self._cancel(message.get("params"))
            return
        self._inbox.append(message)
        self._schedule()

    def pending(self, method: str) -> bool:
        """Whether a message of this method waits in the queue."""
        return any(message.get("method") == method for message in self._inbox)

    @property
    def idle(self) -> bool:
        """Whether no message waits."""
        return not self._inbox

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Handle one message, then let the loop read ahead before the next."""
        self._scheduled = False
        if not self._inbox:
            return
        message = self._inbox.popleft()
        try:
            self._route(message)
        except Exception:
            log.exception("message %r failed", message.get("method"))
        if self._inbox:
            self._schedule()
        else:
            self.on_idle()

    def _route(self, message: Json) -> None:
        method, request_id = message.get("method"), message.get("id")
        if message.get("jsonrpc") != "2.0":
            self._refuse(message, INVALID_REQUEST, 'expected "jsonrpc": "2.0"')
        elif method is None:
            self._take_response(message)
        elif not isinstance(method, str):
            self._refuse(message, INVALID_REQUEST, "expected the method to be a string")
        elif "id" in message:
            if isinstance(request_id, bool) or not isinstance(request_id, int | str):
                self._refuse(message, INVALID_REQUEST, "expected the id to be a number or a string")
            else:
                self._take_request(request_id, method, message)
        else:
            self._take_notification(method, message)

    def _refuse(self, message: Json, code: int, text: str) -> None:
        request_id = message.get("id")
        known = isinstance(request_id, int | str) and not isinstance(request_id, bool)
        log.warning("%s in a message: %s", text, str(message)[:200])
        if "id" in message or "method" not in message:
            self._answer_error(request_id if known else None, code, text)

    def _take_request(self, request_id: int | str, method: str, message: Json) -> None:
        if request_id in self._dropped:
            self._dropped.discard(request_id)
            self._answer_error(
                request_id, REQUEST_CANCELLED, f"{method} was cancelled before it started"
            )
            return
        problem = self._out_of_order(method)
        if problem is not None:
            self._answer_error(request_id, *problem)
            return
        handler = self.fm.features.get(method)
        if handler is None:
            self._answer_error(
                request_id, METHOD_NOT_FOUND, f"{method} is not a method of this server"
            )
            return
        try:
            result = handler(self._structure(method, message))
        except Exception as error:
            self._answer_exception(request_id, method, error)
            return
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(result)
            self._running[request_id] = task
            task.add_done_callback(lambda done: self._finish(request_id, method, done))
        else:
            self.answer(request_id, result)

    def _out_of_order(self, method: str) -> tuple[int, str] | None:
        if self._shutdown:
            return INVALID_REQUEST, f"{method} came after shutdown, only exit may follow it"
        if method == types.INITIALIZE:
            return (INVALID_REQUEST, "initialize was already sent") if self.initialized else None
        if not self.initialized:
            return SERVER_NOT_INITIALIZED, f"{method} came before initialize"
        return None

    def _take_notification(self, method: str, message: Json) -> None:
        if method == types.EXIT:
            self.exit_code = 0 if self._shutdown else 1
            self.on_exit()
            return
        if not self.initialized or self._shutdown:
            log.warning(
                "%s ignored: %s",
                method,
                "after shutdown" if self._shutdown else "before initialize",
            )
            return
        handler = self.fm.features.get(method)
        if handler is None:
            if not method.startswith("$/"):
                log.info("notification %s is not one of this server's", method)
            return
        try:
            result = handler(self._structure(method, message))
        except RequestFailed as error:
            log.warning("%s ignored: %s", method, error)
            return
        if inspect.isawaitable(result):
            self.spawn(result, method)

    def _structure(self, method: str, message: Json) -> Any:
        params = message.get("params")
        if params is not None and not isinstance(params, dict | list):
            raise RequestFailed(
                INVALID_PARAMS, f"expected an object as params, found {type(params).__name__}"
            )
        known = types.METHOD_TO_TYPES.get(method)
        if method in _RAW or known is None or known[2] is None:
            return params
        try:
            return self._converter.structure(params, cast("Any", known[2]))
        except Exception as error:
            raise RequestFailed(INVALID_PARAMS, f"{method}: {describe_mismatch(error)}") from error

    def prepare(self, kind: Any, params: Json) -> None:
        """Read a message of this kind once, so that the first real one need not wait."""
        self._converter.structure(params, kind)

    def _cancel(self, params: Any) -> None:
        request_id = params.get("id") if isinstance(params, dict) else None
        if isinstance(request_id, bool) or not isinstance(request_id, int | str):
            log.warning("a cancellation without a request id: %s", str(params)[:200])
            return
        task = self._running.get(request_id)
        if task is not None:
            task.cancel()
        elif any(
            message.get("id") == request_id and "method" in message for message in self._inbox
        ):
            self._dropped.add(request_id)

    def _take_response(self, message: Json) -> None:
        request_id = message.get("id")
        future = self._waiting.pop(request_id, None) if isinstance(request_id, int | str) else None
        if future is None:
            log.info("a response to no request of ours: %r", request_id)
            if "result" not in message and "error" not in message:
                self._answer_error(None, INVALID_REQUEST, "expected a method, a result or an error")
            return
        if future.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            text = str(error.get("message", "no message"))
            future.set_exception(
                RequestFailed(code if isinstance(code, int) else INTERNAL_ERROR, text)
            )
        else:
            future.set_result(message.get("result"))

    # Outgoing.

    def answer(self, request_id: int | str, result: Any) -> None:
        """Send the result of a request: plain JSON values or an lsprotocol object."""
        self._post({"jsonrpc": "2.0", "id": request_id, "result": self._plain(result)})

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification; ``params`` is plain JSON or an lsprotocol object."""
        self._post({"jsonrpc": "2.0", "method": method, "params": self._plain(params)})

    def request(self, method: str, params: Any | None = None) -> asyncio.Future[Any]:
        """Ask the client; the future has its plain JSON result or :class:`RequestFailed`."""
        self._last_id += 1
        request_id = f"rex-{self._last_id}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        future.add_done_callback(lambda _: self._waiting.pop(request_id, None))
        self._post(
            {"jsonrpc": "2.0", "id": request_id, "method": method, "params": self._plain(params)}
        )
        return future

    def spawn(self, work: Any, name: str) -> asyncio.Task[Any]:
        """Run ``work`` beside the messages; a failure is logged, never shown as a popup."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._background.add(task)

        def done(finished: asyncio.Task[Any]) -> None:
            self._background.discard(finished)
            if not finished.cancelled() and (error := finished.exception()) is not None:
                log.error("%s failed", name, exc_info=error)

        task.add_done_callback(done)
        return task

    def cancel_everything(self) -> list[asyncio.Task[Any]]:
        """Cancel all running work and return the tasks to wait for."""
        tasks = [*self._running.values(), *self._background]
        for task in tasks:
            task.cancel()
        return tasks

    def begin_shutdown(self) -> None:
        """From now on only ``exit`` is heard."""
        self._shutdown = True

    def _finish(self, request_id: int | str, method: str, task: asyncio.Task[Any]) -> None:
        self._running.pop(request_id, None)
        if task.cancelled():
            self._answer_error(request_id, REQUEST_CANCELLED, f"{method} was cancelled")
        elif (error := task.exception()) is not None:
            self._answer_exception(request_id, method, error)
        else:
            self.answer(request_id, task.result())

    def _answer_exception(self, request_id: int | str, method: str, error: BaseException) -> None:
        if isinstance(error, RequestFailed):
            if error.code not in (REQUEST_CANCELLED, CONTENT_MODIFIED):
                log.info("%s answered with an error: %s", method, error)
            self._answer_error(request_id, error.code, str(error), error.data)
        elif isinstance(error, JsonRpcException):
            self._answer_error(request_id, error.code or INTERNAL_ERROR, error.message)
        else:
            log.error("%s failed", method, exc_info=error)
            text = f"{method} failed inside the server ({type(error).__name__}), see its log"
            self._answer_error(request_id, INTERNAL_ERROR, text)

    def _answer_error(
        self, request_id: int | str | None, code: int, text: str, data: Any = None
    ) -> None:
        error: Json = {"code": code, "message": text}
        if data is not None:
            error["data"] = data
        self._post({"jsonrpc": "2.0", "id": request_id, "error": error})

    def _plain(self, value: Any) -> Any:
        if hasattr(type(value), "__attrs_attrs__"):
            return self._converter.unstructure(value)
        return value

    def _post(self, message: Json) -> None:
        if self._send is not None:
            body = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
            # A lone surrogate can come from a client's text; it has no UTF-8 form.
            self._send(body.encode("utf-8", "replace"))
