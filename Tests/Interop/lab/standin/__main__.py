"""The stand-in as a program: serves until SIGINT or SIGTERM."""

import argparse
import signal
import sys
import threading

from .resources import DIALECTS
from .server import StandIn


def main() -> int:
    """Parses the command line and serves; prints `listening on URL` once connections are accepted."""
    parser = argparse.ArgumentParser(prog="lab.standin", description="A stand-in for the Kubernetes API server.")
    parser.add_argument("--address", default="127.0.0.1", help="IPv4 address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="TCP port; 0 for a free one (%(default)s)")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="newest", help="Kubernetes to speak like")
    parser.add_argument("--token", action="append", default=[], help="bearer token to demand; may be repeated")
    parser.add_argument("--history", type=int, default=1000, help="changes of each resource kept for watches")
    parser.add_argument("--bookmark-seconds", type=float, default=60, help="time between a watch's bookmarks")
    parser.add_argument("--certificate", help="PEM file of the server's certificate: serve https")
    parser.add_argument("--key", help="PEM file of its key")
    options = parser.parse_args()
    if (options.certificate is None) != (options.key is None):
        parser.error("--certificate and --key go together")

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    standin = StandIn(
        dialect=options.dialect,
        address=options.address,
        port=options.port,
        tokens=options.token,
        history=options.history,
        bookmark_seconds=options.bookmark_seconds,
        certificate=(options.certificate, options.key) if options.certificate else None,
    )
    with standin:
        print(f"listening on {standin.url}", flush=True)
        ended.wait()
    return 0


sys.exit(main())
