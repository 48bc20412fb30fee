"""A small HTTP server for a pod: its page names the pod that served it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from .namespace import Namespace


class Web:
    """Serves `hello from NAME` on every path of `port` in a namespace, from `with` to the end of it."""

    def __init__(self, name: str, namespace: Namespace, port: int = 8080) -> None:
        self.name = name
        self.page = f"hello from {name}\n"
        page = self.page.encode()

        class Handler(BaseHTTPRequestHandler):
            """Answers each GET with the page."""

            def do_GET(self) -> None:
                """The page."""
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        with namespace.entered():
            self._server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name=f"web {name}", daemon=True
        )

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> Web:
        """As `with` does, for a server that outlives a block."""
        return self.__enter__()

    def close(self) -> None:
        """Stops serving."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()
