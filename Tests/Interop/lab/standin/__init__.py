"""A small stand-in for the Kubernetes API server: for trying lbd out and for tests that need a server to misbehave.

It holds objects in memory, speaks the dialect of Kubernetes 1.20 or of a new one, and serves discovery, lists, watches,
Tables and writes well enough for kubectl and for lbd. It runs no controllers: what those would write, a test writes.

    with StandIn(dialect="1.20") as api:
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-verify"}})
        api.faults.add(fault="409", method="PATCH", path="/services/", times=2)

From a shell, for example in a network namespace: `python3 -m lab.standin --address A --port P --dialect D`.
"""

from .faults import Faults, Rule
from .server import StandIn
from .store import Store

__all__ = ["Faults", "Rule", "StandIn", "Store"]
