"""The walk that a home-lab owner is taught, word for word, on a real API server with a real data path."""

from __future__ import annotations

import re

import pytest
from lab.cluster import Cluster, eventually

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  namespace: metallb-system
  name: config
data:
  config: |
    address-pools:
    - name: address-pool-1
      protocol: layer2
      addresses:
      - {addresses}
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: kube-verify
  namespace: kube-verify
spec:
  selector:
    app: kube-verify
  ports:
    - protocol: TCP
      port: 80
      targetPort: 8080
  type: LoadBalancer
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: kube-verify
  namespace: kube-verify
  labels:
    app: kube-verify
spec:
  replicas: 3
  selector:
    matchLabels:
      app: kube-verify
  template:
    metadata:
      labels:
        app: kube-verify
    spec:
      containers:
        - name: nginx
          image: nginx
          ports:
            - containerPort: 8080
"""


@pytest.mark.parametrize(
    ("addresses", "way"), [("192.168.2.128/25", "manifest"), ("192.168.2.128-192.168.2.254", "expose")]
)
def test_the_walk(cluster: Cluster, addresses: str, way: str) -> None:
    """Namespace, ConfigMap, Deployment, Service: an address, its two Events, and the page."""
    kubectl = cluster.control.kubectl
    kubectl("apply", "-f", "-", stdin=CONFIG_MAP.format(addresses=addresses))
    eventually("the namespace of an earlier walk is gone", lambda: "kube-verify" not in kubectl("get", "namespaces"), 60)
    cluster.namespaces.append("kube-verify")
    kubectl("create", "namespace", "kube-verify")
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    if way == "manifest":
        kubectl("apply", "-f", "-", stdin=SERVICE)
    else:
        kubectl(
            "expose", "deployment", "kube-verify", "-n", "kube-verify", "--type=LoadBalancer",
            "--target-port=8080", "--port=80",
        )

    address = cluster.address("kube-verify", "kube-verify")
    assert address == "192.168.2.128", "the first address of the pool"
    shown = kubectl("get", "service", "kube-verify", "-n", "kube-verify").splitlines()[1].split()
    assert shown[1] == "LoadBalancer" and shown[3] == address
    assert re.fullmatch(r"80:3\d{4}/TCP", shown[4])

    owner = cluster.owner(address, 15)
    wanted = [
        (r"LoadBalancer Ingress:\s+192\.168\.2\.128\b", "the address"),
        (r'Normal\s+IPAllocated\s+\S+\s+lbd\s+Assigned IP "192\.168\.2\.128"\s*$', "the allocation's Event"),
        (rf'Normal\s+nodeAssigned\s+\S+\s+lbd\s+announcing from node "{owner.name}"\s*$', "the node's Event"),
    ]
    for pattern, what in wanted:
        eventually(
            f"kubectl describe shows {what}",
            lambda: re.search(
                pattern, kubectl("describe", "service", "kube-verify", "-n", "kube-verify"), re.MULTILINE
            ),
        )
    assert len(cluster.events("kube-verify")) == 2, "the two Events and no more"

    eventually(
        "kubectl describe shows three endpoints",
        lambda: re.search(
            r"^Endpoints:\s+(10\.244\.\d+\.\d+:8080,?){3}$",
            kubectl("describe", "service", "kube-verify", "-n", "kube-verify"),
            re.MULTILINE,
        ),
        15,
    )
    page = eventually("the page", lambda: cluster.curl(address))
    assert page.startswith("hello from kube-verify-")
    # Every packet before this one came from the same node, which the fixture checks; and so does the kernel's table.
    neighbours = cluster.lan.client.namespace.ip("neighbour", "show", address)
    assert owner.host.mac in neighbours

