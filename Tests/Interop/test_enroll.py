"""`lbd enroll`: what it makes in a cluster, what it prints, and that a daemon needs just that."""

from __future__ import annotations

import base64
import copy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.cluster import eventually
from lab.kube import MANIFEST, PORT
from lab.lan import CONTROL_ADDRESS
from lab.lone import Lone
from lab.node import lbd_binary
from lab.standin import StandIn
from lab.standin.trial import DIALECTS, namespace, served

OBJECTS = list(yaml.safe_load_all(MANIFEST.read_text()))
SECRET = "/api/v1/namespaces/metallb-system/secrets/memberlist"
LOOPBACK = f"https://127.0.0.1:{PORT}"
PLURALS = {
    "configmaps": "ConfigMaps",
    "endpointslices": "EndpointSlices",
    "leases": "Leases",
    "nodes": "Nodes",
    "pods": "Pods",
    "secrets": "Secrets",
    "services": "Services",
}


def path_of(obj: dict[str, Any]) -> str:
    """Where an object of the manifest is in the API."""
    version, metadata = obj["apiVersion"], obj["metadata"]
    group = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{group}{place}/{obj['kind'].lower()}s/{metadata['name']}"


# On a real API server


def test_the_first_run_prepares_the_cluster(lone: Lone) -> None:
    first = lone.control.enrollment
    assert first is not None
    made = [line for line in first.stderr.splitlines() if line.endswith(": made")]
    assert len(made) == len(OBJECTS) and made[4] == "ClusterRole lbd: made"
    for obj in OBJECTS:
        there = lone.control.api("GET", path_of(obj))
        assert there.get("rules") == obj.get("rules") and there.get("subjects") == obj.get("subjects")


def test_another_run_changes_nothing_and_prints_the_same(lone: Lone) -> None:
    """Also with a loopback address in the admin's kubeconfig: the nodes get the address on the network."""
    first = lone.control.enrollment
    assert first is not None

    def versions() -> list[str]:
        return [lone.control.api("GET", path_of(obj))["metadata"]["resourceVersion"] for obj in OBJECTS]

    before = versions()
    for arguments in (
        ["--kubeconfig", str(lone.control.kubeconfig_for("admin"))],
        ["--kubeconfig", str(lone.control.kubeconfig_for("admin", LOOPBACK))],
    ):
        again = lone.control.enroll(*arguments)
        assert again.stdout == first.stdout
        assert again.stderr.count(": there\n") == len(OBJECTS)
    assert again.stderr.endswith(f"the nodes' kubeconfig works: the API server is https://{CONTROL_ADDRESS}:{PORT}\n")
    assert versions() == before


def test_kubectl_accepts_what_is_printed(lone: Lone) -> None:
    """And may do what lbd may, and no more."""

    def kubectl(*args: str, fails: bool = False) -> str:
        program = str(lone.control.programs / "kubectl")
        options = ["--kubeconfig", str(lone.control.kubeconfig_for("lbd"))]
        done = lone.control.namespace.run(program, *options, *args, check=not fails)
        assert (done.returncode != 0) == fails, done.stdout
        return done.stderr if fails else done.stdout

    assert "gooseberry" in kubectl("get", "nodes")
    assert "kubernetes" in kubectl("get", "services", "-A", "-o", "name")
    assert "Forbidden" in kubectl("get", "secrets", "-n", "lbd-system", fails=True)
    assert "Forbidden" in kubectl("get", "secrets", "-n", "metallb-system", fails=True)
    assert "Forbidden" in kubectl("get", "configmaps", "-n", "kube-system", fails=True)
    assert "Forbidden" in kubectl("delete", "service", "kubernetes", fails=True)


def test_what_somebody_changed_is_put_back(lone: Lone) -> None:
    role = next(obj for obj in OBJECTS if obj["kind"] == "ClusterRole")
    label = {"metadata": {"labels": {"team": "home"}}}
    lone.control.api("PATCH", path_of(role), {**label, "rules": []})
    lone.control.enroll("--kubeconfig", str(lone.control.kubeconfig_for("admin")))
    there = lone.control.api("GET", path_of(role))
    assert there["rules"] == role["rules"]
    assert there["metadata"]["labels"] == {"team": "home"}
    lone.control.api("PATCH", path_of(role), {"metadata": {"labels": None}})


def test_the_admin_s_kubeconfig_is_found(lone: Lone, tmp_path: Path) -> None:
    """$KUBECONFIG, of which the first file that exists counts, before ~/.kube/config."""
    good = lone.control.kubeconfig_for("admin")
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text(good.read_text())
    named = lone.control.enroll(KUBECONFIG=f"{tmp_path}/none:{good}", HOME=str(tmp_path))
    assert named.stderr.startswith(f"{good}: the API server is ")
    usual = lone.control.enroll(HOME=str(tmp_path))
    assert usual.stderr.startswith(f"{tmp_path}/.kube/config: the API server is ")
    first = lone.control.enrollment
    assert first is not None and named.stdout == usual.stdout == first.stdout


def test_what_goes_wrong_is_told(lone: Lone, tmp_path: Path) -> None:
    """In words, with status 1, and nothing on standard output."""

    def fails(*args: str, **environment: str) -> str:
        done = lone.control.enroll(*args, check=False, **environment)
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        return done.stderr.splitlines()[-1] if environment == {} else done.stderr

    told = fails(KUBECONFIG=f"{tmp_path}/none", HOME=str(tmp_path))
    assert told == (
        "lbd: no admin's kubeconfig can be read; looked at\n"
        f"  {tmp_path}/none: No such file or directory\n"
        "  /etc/rancher/k3s/k3s.yaml: No such file or directory\n"
        "  /etc/kubernetes/admin.conf: No such file or directory\n"
        f"  {tmp_path}/.kube/config: No such file or directory\n"
        "run this as root on a node of the control plane, or name one by --kubeconfig FILE\n"
    )
    proxy = lone.control.kubeconfig_for("kube-proxy")
    assert fails("--kubeconfig", str(proxy)) == (
        'lbd: cannot apply the Namespace lbd-system: namespaces "lbd-system" is forbidden: User "system:kube-proxy" '
        'cannot patch resource "namespaces" in API group "" in the namespace "lbd-system"; '
        f"{proxy} is not an admin's: name one that is by --kubeconfig FILE"
    )
    stranger = tmp_path / "stranger"
    stranger.write_text(proxy.read_text().replace("token-of-kube-proxy", "token-of-nobody"))
    told = f"lbd: the API server at {lone.control.url} does not accept the credentials in {stranger}: Unauthorized"
    assert fails("--kubeconfig", str(stranger)) == told
    elsewhere = lone.control.kubeconfig_for("admin", "https://127.0.0.1:1")
    told = fails("--kubeconfig", str(elsewhere))
    assert told.startswith("lbd: the API server at https://127.0.0.1:1 cannot be reached: Failed to connect to ")
    plugin = tmp_path / "plugin"
    plugin.write_text(proxy.read_text().replace("token: token-of-kube-proxy", "exec: {command: aws}"))
    assert "error: exec is not supported: use a token, a tokenFile or a client certificate" in fails(
        "--kubeconfig", str(plugin)
    )


def test_a_server_that_is_given_is_believed(lone: Lone) -> None:
    """The nodes may reach what this host does not."""
    url = "https://127.0.0.1:1"
    done = lone.control.enroll("--kubeconfig", str(lone.control.kubeconfig_for("admin")), "--server", f"{url}/")
    assert yaml.safe_load(done.stdout)["clusters"][0]["cluster"]["server"] == url
    warning = done.stderr.splitlines()[-1]
    assert warning.startswith(f"warning: the nodes' kubeconfig does not work from here, at {url}: Failed to connect")


def test_a_daemon_needs_just_that(lone: Lone) -> None:
    """Its whole work: the Leases, an address, the Events, an answer on the LAN, the gossip's Secret, the hand-over."""
    lone.control.delete(SECRET)
    mark = lone.start()
    lone.service("web")
    address = lone.wait_for_address("web")
    name, host = "web-1", lone.lan.nodes["gooseberry"]
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1beta1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": "default", "name": name, "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.11.2"], "topology": {"kubernetes.io/hostname": "gooseberry"}}],
        "ports": [{"port": 8080}],
    }
    slices = "/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices"
    lone.control.api("POST", slices, slice_)
    lone.node.wait_for_line(f"answering for {address} of", since=mark)
    answer = lone.lan.client.namespace.run("arping", "-c", "1", "-w", "5", "-I", "eth0", address)
    assert host.mac in answer.stdout.lower()

    def reasons() -> bool:
        return {item["reason"] for item in lone.control.events("default", "web")} == {"IPAllocated", "nodeAssigned"}

    eventually("both Events", reasons)
    secret = eventually("the gossip's Secret", lambda: lone.control.get(SECRET))
    assert len(base64.b64decode(base64.b64decode(secret["data"]["secretkey"]))) == 128
    assert lone.node.stop() == 0
    lone.control.delete(f"{slices}/{name}")
    assert not [line for line in lone.node.process.lines(mark) if "forbidden" in line or "cannot" in line]
    leases = lone.control.api("GET", "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases")["items"]
    assert [lease["metadata"]["name"] for lease in leases] == ["lbd-controller"]


def permissions() -> Iterator[Any]:
    """Each verb on each resource that the manifest allows."""
    for role in (obj for obj in OBJECTS if "rules" in obj):
        for rule in role["rules"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    yield pytest.param(role, resource, verb, id=f"{verb}-{resource.replace('/', '-')}")


def without(role: dict[str, Any], resource: str, verb: str) -> dict[str, Any]:
    """The role with one verb on one resource taken away."""
    rules = []
    for rule in role["rules"]:
        for each in rule["resources"]:
            verbs = [allowed for allowed in rule["verbs"] if (each, allowed) != (resource, verb)]
            rules.append({**rule, "resources": [each], "verbs": verbs})
    return {**copy.deepcopy(role), "rules": [rule for rule in rules if rule["verbs"]]}


def problems(resource: str, verb: str) -> list[str]:
    """How the lines begin that tell of a missing permission."""
    match resource, verb:
        case "services/status", _:
            return ["cannot write the status of Services: "]
        case "secrets", "create":
            return ["cannot make the Secret of the gossip: "]
        case "events", _:
            return ["cannot write Events: "]
        case "leases", "create":
            return ["cannot write the Lease lbd-controller: ", "cannot write this node's Lease: "]
        case "leases", "patch":
            return ["cannot write the Lease lbd-controller: ", "cannot write this node's Lease: "]
        case "leases", "delete":
            return ["cannot write this node's Lease: "]
    return [f"cannot read {PLURALS[resource]}: "]


@pytest.mark.parametrize("role, resource, verb", permissions())
def test_a_missing_permission_is_told(lone: Lone, role: dict[str, Any], resource: str, verb: str) -> None:
    """One clear line, and a status that says the same; the daemon goes on."""
    lone.control.api("PUT", path_of(role), without(role, resource, verb))
    if resource == "secrets":
        lone.control.delete(SECRET)
    lone.service("web")
    mark = lone.start()
    if verb == "delete":
        # What is deleted is this node's Lease, at the end.
        lone.wait_for_address("web")
        assert lone.node.stop() == 0
    expected = problems(resource, verb)
    for problem in expected:
        line = lone.node.wait_for_line(problem, 25, mark)
        assert f'cannot {verb} resource "{resource}"' in line
        assert line.endswith("; give lbd its permissions by `lbd enroll`")
        if verb != "delete":
            lone.wait_for_status(line)
    if resource in ("pods", "events", "secrets"):
        # Nothing waits for these.
        lone.wait_for_address("web")
    assert lone.node.is_running == (verb != "delete")
    told = [line for line in lone.node.process.lines(mark) if "forbidden" in line]
    assert len(told) == len(expected), told


@pytest.mark.parametrize("resource, verb", [("services", "list"), ("services/status", "patch")])
def test_a_permission_that_is_given_again_ends_it(lone: Lone, resource: str, verb: str) -> None:
    role = next(obj for obj in OBJECTS if obj["kind"] == "ClusterRole")
    lone.control.api("PUT", path_of(role), without(role, resource, verb))
    lone.service("web")
    lone.start()
    problem = problems(resource, verb)[0]
    lone.wait_for_status(problem)
    lone.control.enroll("--kubeconfig", str(lone.control.kubeconfig_for("admin")))
    lone.wait_for_address("web", 40)
    lone.wait_for_status(problem, is_there=False)


# On the stand-in, on loopback


@pytest.fixture(params=DIALECTS)
def standin(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A stand-in of each dialect."""
    with served(request.param) as server:
        yield server


def enroll(standin: StandIn, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`lbd enroll` with the stand-in's kubeconfig."""
    kubeconfig = folder / "admin.conf"
    kubeconfig.write_text(standin.kubeconfig())
    argv = [str(lbd_binary()), "enroll", "--kubeconfig", str(kubeconfig), *args]
    return subprocess.run(argv, text=True, capture_output=True, timeout=60)


def account_secret(token: str) -> dict[str, Any]:
    """The Secret as the cluster has filled it in."""
    metadata = {"namespace": "lbd-system", "name": "lbd-token"}
    data = {"token": base64.b64encode(token.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def test_every_dialect_is_prepared(standin: StandIn, tmp_path: Path) -> None:
    standin.apply(namespace("lbd-system"))
    standin.apply(account_secret("abc"))
    first = enroll(standin, tmp_path, "--server", standin.url)
    assert first.returncode == 0, first.stderr
    printed = yaml.safe_load(first.stdout)
    assert printed["users"][0]["user"] == {"token": "abc"}
    assert printed["clusters"][0]["cluster"] == {"server": standin.url}
    assert standin.get("secrets", "lbd-system", "lbd-token")["type"] == "kubernetes.io/service-account-token"
    before = standin.store.version
    again = enroll(standin, tmp_path, "--server", standin.url)
    assert (again.stdout, standin.store.version) == (first.stdout, before)
    assert again.stderr.count(": there\n") == len(OBJECTS)


def test_a_busy_server_is_told(standin: StandIn, tmp_path: Path) -> None:
    standin.faults.add(fault="503", method="PATCH", path="/clusterroles/lbd")
    done = enroll(standin, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "lbd: cannot apply the ClusterRole lbd: the stand-in was told to answer 503"


def test_a_token_that_does_not_come_is_told(tmp_path: Path) -> None:
    with served("newest") as standin:
        done = enroll(standin, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "lbd: the cluster has not put a token into the Secret lbd-system/lbd-token within 30 s: see that its "
        "controller manager runs, and try again"
    )


def test_a_server_on_the_loopback_address_alone_is_told(lone: Lone, tmp_path: Path) -> None:
    """The nodes would not reach it, whatever address is put into its place."""
    with lone.lan.client.namespace.entered():
        standin = StandIn().start()
    try:
        standin.apply(namespace("lbd-system"))
        standin.apply(account_secret("abc"))
        kubeconfig = tmp_path / "admin.conf"
        kubeconfig.write_text(standin.kubeconfig())
        argv = [str(lbd_binary()), "enroll", "--kubeconfig", str(kubeconfig)]
        done = lone.lan.client.namespace.run(*argv, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        last = done.stderr.splitlines()[-1]
        server = f"http://{lone.lan.client.address}:{standin.port}"
        assert last.startswith(f"lbd: the nodes would not reach the API server at {server}: Failed to connect to ")
        assert last.endswith("; say by --server https://HOST:PORT where they do")
    finally:
        standin.stop()


def test_a_host_without_a_way_out_is_told(tmp_path: Path, lone: Lone) -> None:
    """Nothing says by which address the nodes reach it."""
    route = lone.control.namespace.ip("route", "show", "default").strip()
    lone.control.namespace.ip("route", "del", "default")
    try:
        done = lone.control.enroll("--kubeconfig", str(lone.control.kubeconfig_for("admin", LOOPBACK)), check=False)
    finally:
        lone.control.namespace.ip("route", "add", *route.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        f"lbd: {LOOPBACK} is this host's own, and it has no default route that would tell by which address the nodes "
        "reach it: say it by --server https://ADDRESS:PORT"
    )
