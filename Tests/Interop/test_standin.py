"""The API stand-in, driven by the real kubectl, on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.standin import StandIn
from lab.standin.trial import DIALECTS, INGRESS, KUBE_VERIFY, MERGE, SERVICES, call, config_map, served

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "kube-verify", "namespace": "kube-verify", "labels": {"app": "kube-verify"}},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "kube-verify"}},
        "template": {
            "metadata": {"labels": {"app": "kube-verify"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx", "ports": [{"containerPort": 8080}]}]},
        },
    },
}


@pytest.fixture(params=DIALECTS)
def standin(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A stand-in of each dialect, with the namespace kube-verify."""
    with served(request.param) as server:
        yield server


class Kubectl:
    """kubectl, pointed at a stand-in."""

    def __init__(self, url: str, folder: Path) -> None:
        program = shutil.which("kubectl")
        assert program is not None, "kubectl is not installed"
        self.argv = [program, "--kubeconfig", "/dev/null", "--server", url, "--cache-dir", str(folder)]

    def __call__(self, *args: str, stdin: Any = None, fails: bool = False) -> str:
        """Runs it with `stdin` as YAML; gives standard output, or standard error where it must fail."""
        text = None if stdin is None else yaml.safe_dump(stdin)
        done = subprocess.run([*self.argv, *args], input=text, text=True, capture_output=True, timeout=30)
        assert (done.returncode != 0) == fails, f"kubectl {args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr if fails else done.stdout


@pytest.fixture
def kubectl(standin: StandIn, tmp_path: Path) -> Kubectl:
    """kubectl for the stand-in."""
    return Kubectl(standin.url, tmp_path / "cache")


def rows(text: str) -> list[list[str]]:
    """kubectl's table, split at runs of two blanks."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_kubectl_creates_and_gets_a_namespace(kubectl: Kubectl) -> None:
    assert kubectl("create", "namespace", "metallb-system") == "namespace/metallb-system created\n"
    assert "AlreadyExists" in kubectl("create", "namespace", "metallb-system", fails=True)
    header, row = rows(kubectl("get", "namespace", "metallb-system"))
    assert header == ["NAME", "STATUS", "AGE"]
    assert row[:2] == ["metallb-system", "Active"]


def test_kubectl_creates_the_gossip_secret_with_its_line_breaks(kubectl: Kubectl) -> None:
    kubectl("create", "secret", "generic", "-n", "kube-verify", "memberlist", "--from-literal=secretkey=first\nsecond")
    template = "-o=go-template={{.data.secretkey | base64decode}}"
    assert kubectl("get", "secret", "memberlist", "-n", "kube-verify", template) == "first\nsecond"


def test_kubectl_shows_the_columns_of_a_service(standin: StandIn, kubectl: Kubectl) -> None:
    kubectl("create", "--validate=false", "-f", "-", stdin=KUBE_VERIFY)
    header, row = rows(kubectl("get", "service", "kube-verify", "-n", "kube-verify"))
    assert header == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    port = standin.get("services", "kube-verify", "kube-verify")["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    assert row[:5] == ["kube-verify", "LoadBalancer", "10.43.0.10", "<pending>", f"80:{port}/TCP"]

    assert call(standin, "PATCH", f"{SERVICES}/kube-verify/status", INGRESS, MERGE).status == 200
    header, row = rows(kubectl("get", "service", "-A", "-o", "wide"))
    assert header == ["NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]
    assert row[4:6] == ["192.168.2.129", f"80:{port}/TCP"]
    assert row[7] == "app=kube-verify"


def test_kubectl_exposes_a_deployment(standin: StandIn, kubectl: Kubectl) -> None:
    kubectl("apply", "--validate=false", "-f", "-", stdin=DEPLOYMENT)
    flags = ["-n", "kube-verify", "--type=LoadBalancer", "--target-port=8080", "--port=80"]
    assert kubectl("expose", "deployment", "kube-verify", *flags) == "service/kube-verify exposed\n"
    spec = standin.get("services", "kube-verify", "kube-verify")["spec"]
    assert spec["selector"] == {"app": "kube-verify"}
    assert spec["ports"][0]["targetPort"] == 8080


def test_kubectl_describes_a_service_with_its_events(standin: StandIn, kubectl: Kubectl) -> None:
    service = standin.apply({**KUBE_VERIFY, **INGRESS})
    for reason, message in [
        ("IPAllocated", 'Assigned IP "192.168.2.129"'),
        ("nodeAssigned", 'announcing from node "gooseberry"'),
    ]:
        metadata = {key: service["metadata"][key] for key in ("namespace", "name", "uid", "resourceVersion")}
        event = {
            "metadata": {"name": f"kube-verify.{reason.lower()}", "namespace": "kube-verify"},
            "involvedObject": {"kind": "Service", "apiVersion": "v1", **metadata},
            "type": "Normal",
            "reason": reason,
            "message": message,
            "source": {"component": "lbd"},
            "firstTimestamp": "2026-01-02T03:04:05Z",
            "lastTimestamp": "2026-01-02T03:04:05Z",
            "count": 1,
        }
        assert call(standin, "POST", "/api/v1/namespaces/kube-verify/events", event).status == 201
    description = kubectl("describe", "service", "kube-verify", "-n", "kube-verify")
    shown = next(line for line in description.splitlines() if line.startswith("LoadBalancer Ingress:"))
    assert "192.168.2.129" in shown
    lines = [line.split(maxsplit=4) for line in description.partition("Events:")[2].splitlines()[3:]]
    assert [(line[0], line[1], line[3], line[4]) for line in lines] == [
        ("Normal", "IPAllocated", "lbd", 'Assigned IP "192.168.2.129"'),
        ("Normal", "nodeAssigned", "lbd", 'announcing from node "gooseberry"'),
    ]
    header, first, _ = rows(kubectl("get", "events", "-n", "kube-verify"))
    assert header == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert first[2:] == ["IPAllocated", "service/kube-verify", 'Assigned IP "192.168.2.129"']


def test_kubectl_describes_the_endpoints_of_a_service(standin: StandIn, kubectl: Kubectl) -> None:
    standin.apply(KUBE_VERIFY)
    addresses = [f"10.244.11.{number}" for number in (2, 3, 4)]
    discovery = standin.catalogue.dialect.discovery_version
    standin.apply(
        {
            "apiVersion": f"discovery.k8s.io/{discovery}",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kube-verify-x",
                "namespace": "kube-verify",
                "labels": {"kubernetes.io/service-name": "kube-verify"},
            },
            "addressType": "IPv4",
            "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        }
    )
    standin.apply(
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": "kube-verify", "namespace": "kube-verify"},
            "subsets": [{"addresses": [{"ip": address} for address in addresses], "ports": [{"port": 8080}]}],
        }
    )
    if discovery == "v1":
        # Asked of an old server, a new kubectl shows none: it reads slices, and v1 only.
        description = kubectl("describe", "service", "kube-verify", "-n", "kube-verify")
        listed = next(line for line in description.splitlines() if line.startswith("Endpoints:"))
        assert listed.split(maxsplit=1)[1] == ",".join(f"{address}:8080" for address in addresses)
    listed = rows(kubectl("get", "endpoints", "-n", "kube-verify"))[1][1]
    assert listed == ",".join(f"{address}:8080" for address in addresses)
    header, row = rows(kubectl("get", "endpointslice", "-n", "kube-verify"))
    assert header == ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"]
    assert row[:4] == ["kube-verify-x", "IPv4", "8080", ",".join(addresses)]


def test_kubectl_applies_patches_and_deletes(standin: StandIn, kubectl: Kubectl) -> None:
    def apply() -> str:
        return kubectl("apply", "--validate=false", "-f", "-", stdin=manifest)

    manifest = config_map("config", config="one")
    assert apply() == "configmap/config created\n"
    assert apply() == "configmap/config unchanged\n"
    manifest = config_map("config", config="two", more="three")
    assert apply() == "configmap/config configured\n"
    assert standin.get("configmaps", "kube-verify", "config")["data"] == {"config": "two", "more": "three"}

    standin.apply(KUBE_VERIFY)
    added = json.dumps({"spec": {"ports": [{"name": "b", "port": 443}]}})
    kubectl("patch", "service", "kube-verify", "-n", "kube-verify", "-p", added)
    ports = standin.get("services", "kube-verify", "kube-verify")["spec"]["ports"]
    assert [port["port"] for port in ports] == [80, 443]
    typed = json.dumps([{"op": "replace", "path": "/spec/type", "value": "ClusterIP"}])
    kubectl("patch", "service", "kube-verify", "-n", "kube-verify", "--type=json", "-p", typed)
    assert standin.get("services", "kube-verify", "kube-verify")["spec"]["type"] == "ClusterIP"
    kubectl("label", "service", "kube-verify", "-n", "kube-verify", "tier=web")
    kubectl("annotate", "service", "kube-verify", "-n", "kube-verify", "metallb.universe.tf/address-pool=lan")

    assert "deleted" in kubectl("delete", "service", "kube-verify", "-n", "kube-verify")
    assert "NotFound" in kubectl("get", "service", "kube-verify", "-n", "kube-verify", fails=True)
    kubectl("delete", "namespace", "kube-verify")
    assert standin.objects("configmaps") == []


def test_kubectl_watches(standin: StandIn, kubectl: Kubectl) -> None:
    standin.apply(KUBE_VERIFY)
    argv = [*kubectl.argv, "get", "service", "-n", "kube-verify", "--watch", "--request-timeout=20s"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            lines = [child.stdout.readline() for _ in range(2)]
            standin.apply({**KUBE_VERIFY, **INGRESS})
            lines.append(child.stdout.readline())
        finally:
            child.terminate()
    assert [row[3] for row in rows("".join(lines))] == ["EXTERNAL-IP", "<pending>", "192.168.2.129"]


def test_kubectl_shows_nodes_leases_and_everything_else(standin: StandIn, kubectl: Kubectl) -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "gooseberry", "labels": {"node-role.kubernetes.io/worker": ""}},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "192.168.2.11"}],
            "nodeInfo": {"kubeletVersion": "v1.20.2"},
        },
    }
    standin.apply(node)
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lbd-controller", "namespace": "kube-verify"},
        "spec": {"holderIdentity": "gooseberry_1", "leaseDurationSeconds": 40},
    }
    standin.apply(lease)
    standin.apply(DEPLOYMENT)
    assert rows(kubectl("get", "nodes"))[1][:3] == ["gooseberry", "Ready", "worker"]
    assert "192.168.2.11" in kubectl("get", "nodes", "-o", "wide")
    assert rows(kubectl("get", "lease", "-n", "kube-verify"))[1][:2] == ["lbd-controller", "gooseberry_1"]
    assert rows(kubectl("get", "deployment", "-n", "kube-verify"))[1][:4] == ["kube-verify", "0/3", "0", "0"]
    assert "gooseberry" in kubectl("describe", "node", "gooseberry")
    assert "deployment.apps/kube-verify" in kubectl("get", "all", "-n", "kube-verify")
    assert standin.catalogue.dialect.version in kubectl("version")


def test_the_project_s_manifest_applies(kubectl: Kubectl) -> None:
    manifest = Path(__file__).resolve().parents[2] / "kubernetes/lbd.yaml"
    assert "serviceaccount/lbd created" in kubectl("apply", "-f", str(manifest))
