"""The stand-in itself: HTTP/1.1 on a thread for each connection."""

import json
import select
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from .errors import ApiError
from .faults import Faults, Rule
from .resources import DIALECTS, Catalogue, Json
from .rest import Answer, Api, Request, Watch, failure
from .store import Store
from .watches import Stream

BODY_LIMIT = 3 << 20
"""The largest request body in bytes, as with the real server."""
FOREIGN = b"<!DOCTYPE html><html><body>Please accept the terms of this network.</body></html>\n"


class StandIn:
    """An API server stand-in. Start it, talk to `url`; stop and start it again, and it still has its objects."""

    def __init__(
        self,
        dialect: str = "newest",
        address: str = "127.0.0.1",
        port: int = 0,
        tokens: Iterable[str] = (),
        history: int = 1000,
        bookmark_seconds: float = 60,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        """A server of `dialect` (a key of DIALECTS) at `address`:`port`; port 0 takes a free one and keeps it.

        `tokens`: bearer tokens, one of which each request must carry; none means that anybody may come (the set may be
        changed at any time). `history`: changes of each resource kept for watches. `certificate`: PEM files of a
        certificate and its key, to serve https.
        """
        self.catalogue = Catalogue(DIALECTS[dialect])
        self.store = Store(self.catalogue, history)
        self.api = Api(self.store, self.catalogue)
        self.faults = Faults(self.store.wake)
        self.tokens = set(tokens)
        self.requests: deque[tuple[str, str, int]] = deque(maxlen=10_000)
        """Method (`WATCH` for watches), path with query, and answered status (0 for none) of the latest requests."""
        self.bookmark_seconds = bookmark_seconds
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(*certificate)
        self.address, self.port = address, port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://ADDRESS:PORT`, or https."""
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it serves."""
        return self._server is not None

    def kubeconfig(self) -> str:
        """A kubeconfig for this server, as YAML text."""
        user: Json = {"token": sorted(self.tokens)[0]} if self.tokens else {}
        cluster: Json = {"server": self.url, **({"insecure-skip-tls-verify": True} if self.tls else {})}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "standin", "cluster": cluster}],
            "users": [{"name": "standin", "user": user}],
            "contexts": [{"name": "standin", "context": {"cluster": "standin", "user": "standin"}}],
            "current-context": "standin",
        }
        return json.dumps(config, indent=2) + "\n"

    def start(self) -> Self:
        """Begins to serve; returns once connections are accepted."""
        self.stopping.clear()
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Closes the port and every connection; the objects stay."""
        if self._server is None:
            return
        self.stopping.set()
        self.store.wake()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Starts."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stops."""
        self.stop()

    def apply(self, obj: Json) -> Json:
        """Creates an object or replaces it, status included: how a test plays a controller. Returns what is stored."""
        resource = self.catalogue.of(obj)
        namespace = obj["metadata"].get("namespace", "default") if resource.namespaced else ""
        key = (namespace, obj["metadata"]["name"])
        try:
            self.store.create(resource, namespace, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        result = self.store.update(resource, key, lambda old: _onto(old, obj))
        if resource.has_status and "status" in obj:
            result = self.store.update(resource, key, lambda old: _onto(old, obj), is_status=True)
        return result

    def get(self, plural: str, namespace: str, name: str) -> Json:
        """One object, by its resource's plural. Raises ApiError 404."""
        return self.store.get(self.catalogue.by_plural[plural], namespace, name)

    def objects(self, plural: str, namespace: str = "") -> list[Json]:
        """The objects of a resource, of one namespace or of all."""
        return self.store.objects(self.catalogue.by_plural[plural], namespace)[0]

    def delete(self, plural: str, namespace: str, name: str) -> None:
        """Deletes one object. Raises ApiError 404."""
        self.store.delete(self.catalogue.by_plural[plural], (namespace, name))


def _onto(old: Json, obj: Json) -> Json:
    """`obj` in the place of `old`, unconditionally."""
    dropped = ("uid", "resourceVersion")
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in dropped}}


class _Server(ThreadingHTTPServer):
    """The listening socket."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, standin: StandIn) -> None:
        """Listens."""
        self.standin = standin
        super().__init__((standin.address, standin.port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serves one connection, on its own thread."""
        connections = self.standin.connections
        if self.standin.tls is not None:
            request.settimeout(10)
            request = self.standin.tls.wrap_socket(request, server_side=True)
            request.settimeout(None)
        connections.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no news; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: `StandIn.requests` tells."""

    def _serve(self) -> None:
        """Reads one request and answers it, or misbehaves."""
        standin = self.server.standin
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            request = Request(self.command, self.path, headers, self._body())
        except ApiError as error:
            self.close_connection = True
            self._send(failure(error))
            return
        if request.path.startswith("/standin/"):
            self._send(control(standin, request))
            return
        method = "WATCH" if request.is_watch else request.method
        if standin.tokens and headers.get("authorization", "").removeprefix("Bearer ") not in standin.tokens:
            answer: Answer | Watch = failure(ApiError(401, "Unauthorized"))
        elif method == "WATCH":
            answer = standin.api.answer(request)
        elif (rule := standin.faults.take(method, request.target)) is not None:
            self._misbehave(rule, request)
            return
        else:
            answer = standin.api.answer(request)
        if isinstance(answer, Watch):
            standin.requests.append((method, request.target, 200))
            self._stream(answer, request.target)
        else:
            standin.requests.append((method, request.target, answer.status))
            self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _body(self) -> bytes:
        """The request's body, however it is framed. Raises ApiError 413."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            length = int(self.headers.get("Content-Length") or 0)
            if length > BODY_LIMIT:
                # Most of it is on its way already, and a client that cannot write does not read.
                self.rfile.read(min(length, 4 * BODY_LIMIT))
                raise ApiError(413, f"the limit is {BODY_LIMIT} bytes")
            return self.rfile.read(length)
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > BODY_LIMIT:
                raise ApiError(413, f"the limit is {BODY_LIMIT} bytes")
        self.rfile.readline()
        return body

    def _send(self, answer: Answer, share: float = 1) -> None:
        """Sends an answer, or only the first `share` of its body, and closes then."""
        body = answer.encoded()
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: int(len(body) * share)])
        self.wfile.flush()
        if share < 1:
            self._close()

    def _close(self) -> None:
        """Closes the connection at once."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _misbehave(self, rule: Rule, request: Request) -> None:
        """Plays a fault on a request that is no watch."""
        standin = self.server.standin
        if rule.fault in ("late", "silence"):
            standin.stopping.wait(rule.seconds)
        carried_out = rule.fault in ("late", "lost", "truncated")
        answer = standin.api.answer(request) if carried_out else None
        if rule.is_status:
            answer = failure(rule.error())
        elif rule.fault == "foreign":
            answer = Answer(200, FOREIGN, "text/html")
        told = answer is not None and rule.fault != "lost"
        standin.requests.append((request.method, request.target, answer.status if told else 0))
        if told:
            self._send(answer, 0.5 if rule.fault == "truncated" else 1)
        else:
            self._close()

    def _stream(self, watch: Watch, target: str) -> None:
        """Sends a watch's events, one chunk each, until it ends."""
        standin = self.server.standin
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        stream = Stream(watch, standin.store, standin.faults, target, standin.bookmark_seconds)
        for event in stream.events(standin.stopping, self._is_alive):
            line = b"" if event is None else json.dumps(event).encode() + b"\n"
            if stream.rule is not None:
                if stream.rule.fault == "foreign":
                    line = FOREIGN
                elif stream.rule.fault == "late":
                    standin.stopping.wait(stream.rule.seconds)
                else:
                    self._break(stream.rule, line)
                    return
                stream.rule = None
            if line:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _break(self, rule: Rule, line: bytes) -> None:
        """Ends a watch as the fault says."""
        if rule.fault == "silence":
            self.server.standin.stopping.wait(rule.seconds)
        elif rule.fault == "truncated":
            self.wfile.write(b"%x\r\n%s" % (len(line), line[: len(line) // 2]))
            self.wfile.flush()
        self._close()

    def _is_alive(self) -> bool:
        """Whether the client still holds the connection."""
        if isinstance(self.connection, ssl.SSLSocket):
            return True
        readable, _, _ = select.select([self.connection], [], [], 0)
        return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))


def control(standin: StandIn, request: Request) -> Answer:
    """The control endpoints, for a stand-in that runs as a process of its own.

    POST /standin/faults adds a rule or a list of them, GET shows those left and what was played, DELETE clears them;
    POST /standin/compact forgets the history and unfinished lists; GET /standin/requests shows the latest requests.
    """
    try:
        match request.method, request.path:
            case "POST", "/standin/faults":
                rules = json.loads(request.body)
                for rule in rules if isinstance(rules, list) else [rules]:
                    standin.faults.add(**rule)
            case "DELETE", "/standin/faults":
                standin.faults.clear()
            case "GET", "/standin/faults":
                pass
            case "POST", "/standin/compact":
                standin.store.compact()
                standin.api.expire_lists()
            case "GET", "/standin/requests":
                return Answer(200, [list(each) for each in standin.requests])
            case _:
                return Answer(404, {"error": f"no control endpoint {request.method} {request.path}"})
    except (ValueError, TypeError) as error:
        return Answer(400, {"error": str(error)})
    return Answer(200, {"pending": standin.faults.pending(), "played": standin.faults.counts()})
