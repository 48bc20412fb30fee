"""The API stand-in, driven by plain HTTP: dialects, lists, watches, writes and its life."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.standin import StandIn
from lab.standin.trial import (
    DIALECTS,
    INGRESS,
    KUBE_VERIFY,
    MERGE,
    SERVICES,
    call,
    config_map,
    namespace,
    raw_watch,
    served,
    version,
    watch,
)

STRATEGIC = "application/strategic-merge-patch+json"


@pytest.fixture(params=DIALECTS)
def standin(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A stand-in of each dialect, with the namespace kube-verify."""
    with served(request.param) as server:
        yield server


# Dialects


def test_discovery_tells_the_dialects_apart() -> None:
    for dialect, there, missing in [("1.20", "v1beta1", "v1"), ("newest", "v1", "v1beta1")]:
        with StandIn(dialect=dialect) as server:
            assert call(server, "GET", f"/apis/discovery.k8s.io/{missing}").status == 404
            listed = call(server, "GET", f"/apis/discovery.k8s.io/{there}").json["resources"]
            assert [entry["name"] for entry in listed] == ["endpointslices"]
            groups = {group["name"] for group in call(server, "GET", "/apis").json["groups"]}
            assert groups == {"apps", "coordination.k8s.io", "discovery.k8s.io", "rbac.authorization.k8s.io"}
            assert call(server, "GET", "/api").json["versions"] == ["v1"]
            assert call(server, "GET", "/readyz").body == b"ok"


def test_the_old_dialect_drops_what_it_does_not_know() -> None:
    service = {**KUBE_VERIFY, "spec": {**KUBE_VERIFY["spec"], "loadBalancerClass": "lbd.io/lan"}, **INGRESS}
    for dialect, kept in [("1.20", False), ("newest", True)]:
        with StandIn(dialect=dialect) as server:
            server.apply(namespace("kube-verify"))
            stored = server.apply(service)
            for field in ("loadBalancerClass", "ipFamilies", "ipFamilyPolicy", "allocateLoadBalancerNodePorts"):
                assert (field in stored["spec"]) == kept, field
            ingress = {"ip": "192.168.2.129", **({"ipMode": "VIP"} if kept else {})}
            assert stored["status"]["loadBalancer"]["ingress"] == [ingress]


# Lists and watches


def test_a_list_comes_in_chunks_of_one_version(standin: StandIn) -> None:
    for number in range(5):
        standin.apply(config_map(f"config-{number}"))
    path = "/api/v1/configmaps"
    first = call(standin, "GET", f"{path}?limit=2").json
    standin.delete("configmaps", "kube-verify", "config-3")
    names, page = [item["metadata"]["name"] for item in first["items"]], first
    while token := page["metadata"].get("continue"):
        page = call(standin, "GET", f"{path}?limit=2&continue={token}").json
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        names += [item["metadata"]["name"] for item in page["items"]]
    assert names == [f"config-{number}" for number in range(5)]
    standin.api.expire_lists()
    expired = call(standin, "GET", f"{path}?continue={first['metadata']['continue']}")
    assert (expired.status, expired.json["reason"]) == (410, "Expired")


def test_selectors_choose_objects(standin: StandIn) -> None:
    for name, labels in [("one", {"tier": "web"}), ("two", {"tier": "db", "old": "yes"}), ("three", {})]:
        obj = config_map(name)
        standin.apply({**obj, "metadata": {**obj["metadata"], "labels": labels}})

    def names(query: str) -> list[str]:
        items = call(standin, "GET", f"/api/v1/configmaps?{query}").json["items"]
        return [item["metadata"]["name"] for item in items]

    assert names("labelSelector=tier%3Dweb") == ["one"]
    assert names("labelSelector=tier+in+(web,db),old") == ["two"]
    assert names("labelSelector=tier+notin+(web)") == ["three", "two"]
    assert names("labelSelector=!tier") == ["three"]
    assert names("labelSelector=tier!%3Dweb") == ["three", "two"]
    assert names("fieldSelector=metadata.name%3Dtwo,metadata.namespace%3Dkube-verify") == ["two"]
    assert names("fieldSelector=metadata.name!%3Dtwo") == ["one", "three"]
    assert call(standin, "GET", "/api/v1/configmaps?fieldSelector=?").status == 400


def test_a_watch_goes_on_from_a_version(standin: StandIn) -> None:
    before = version(standin)
    standin.apply(KUBE_VERIFY)
    standin.apply({**KUBE_VERIFY, **INGRESS})
    standin.delete("services", "kube-verify", "kube-verify")
    events = watch(standin, SERVICES, resourceVersion=before)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[0]["object"]["kind"] == "Service"


def test_a_watch_without_a_version_begins_with_what_is_there(standin: StandIn) -> None:
    standin.apply(KUBE_VERIFY)
    assert [event["type"] for event in watch(standin, SERVICES)] == ["ADDED"]


def test_a_watch_with_a_selector_tells_of_objects_that_enter_and_leave(standin: StandIn) -> None:
    before = version(standin)
    for tier in ("db", "web", "web", "db"):
        obj = config_map("config", at=str(time.monotonic()))
        standin.apply({**obj, "metadata": {**obj["metadata"], "labels": {"tier": tier}}})
    events = watch(standin, "/api/v1/configmaps", resourceVersion=before, labelSelector="tier%3Dweb")
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_watch_sends_bookmarks_only_to_those_who_ask(standin: StandIn) -> None:
    standin.apply(config_map("other"))
    now = version(standin)
    assert watch(standin, SERVICES, resourceVersion=now) == []
    events = watch(standin, SERVICES, resourceVersion=now, allowWatchBookmarks="true")
    assert {event["type"] for event in events} == {"BOOKMARK"}
    assert {event["object"]["metadata"]["resourceVersion"] for event in events} == {str(now)}
    assert events[0]["object"]["kind"] == "Service"


def test_a_watch_from_a_forgotten_version_is_told_410(standin: StandIn) -> None:
    before = version(standin)
    standin.apply(KUBE_VERIFY)
    standin.store.compact()
    (event,) = watch(standin, SERVICES, resourceVersion=before)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert watch(standin, SERVICES, resourceVersion=version(standin)) == []


def test_the_history_is_bounded() -> None:
    with StandIn(history=3) as server:
        server.apply(namespace("kube-verify"))
        before = version(server)
        for number in range(4):
            server.apply(config_map(f"config-{number}"))
        (event,) = watch(server, "/api/v1/configmaps", resourceVersion=before)
        assert event["object"]["code"] == 410
        assert len(watch(server, "/api/v1/configmaps", resourceVersion=before + 1)) == 3


# Writes


def test_a_status_patch_changes_the_status_alone(standin: StandIn) -> None:
    standin.apply(KUBE_VERIFY)
    before = standin.get("services", "kube-verify", "kube-verify")
    patch = {**INGRESS, "spec": {"type": "ClusterIP"}, "metadata": {"labels": {"a": "b"}}}
    after = call(standin, "PATCH", f"{SERVICES}/kube-verify/status", patch, MERGE).json
    assert after["spec"] == before["spec"]
    assert after["metadata"]["labels"] == {"a": "b"}
    assert after["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.168.2.129"

    ordinary = call(standin, "PATCH", f"{SERVICES}/kube-verify", {"status": {"loadBalancer": None}}, MERGE).json
    assert ordinary == after, "a patch of the object leaves its status, and what changes nothing makes no new version"


def test_a_service_that_is_no_load_balancer_any_more_loses_its_status(standin: StandIn) -> None:
    standin.apply({**KUBE_VERIFY, **INGRESS})
    changed = call(standin, "PATCH", f"{SERVICES}/kube-verify", {"spec": {"type": "ClusterIP"}}, STRATEGIC).json
    assert changed["status"]["loadBalancer"] == {}
    assert "nodePort" not in changed["spec"]["ports"][0]


def test_a_write_based_on_an_old_copy_conflicts(standin: StandIn) -> None:
    old = standin.apply(KUBE_VERIFY)
    standin.apply({**KUBE_VERIFY, **INGRESS})
    path = f"{SERVICES}/kube-verify"
    stale = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "status": {"loadBalancer": {}}}
    for answer in (
        call(standin, "PUT", path, old),
        call(standin, "PATCH", f"{path}/status", stale, MERGE),
        call(standin, "PATCH", path, {"metadata": {"uid": "another"}}, MERGE),
        call(standin, "DELETE", path, {"preconditions": {"resourceVersion": old["metadata"]["resourceVersion"]}}),
        call(standin, "DELETE", path, {"preconditions": {"uid": "another"}}),
    ):
        assert (answer.status, answer.json["reason"], answer.json["kind"]) == (409, "Conflict", "Status")
    right = {"preconditions": {"uid": old["metadata"]["uid"]}}
    assert call(standin, "DELETE", path, right).json["status"] == "Success"


def test_errors_are_status_objects(standin: StandIn) -> None:
    missing = call(standin, "GET", "/apis/coordination.k8s.io/v1/namespaces/kube-verify/leases/none")
    assert missing.json["message"] == 'leases.coordination.k8s.io "none" not found'
    assert missing.json["details"] == {"name": "none", "group": "coordination.k8s.io", "kind": "leases"}
    homeless = {**KUBE_VERIFY, "metadata": {"name": "a", "namespace": "nowhere"}}
    assert call(standin, "POST", "/api/v1/namespaces/nowhere/services", homeless).status == 404
    assert call(standin, "POST", SERVICES, b"{").status == 400
    assert call(standin, "POST", SERVICES, b"k8s\0\x12\xff").status == 400
    assert call(standin, "POST", SERVICES, b"k8s\0\x12\xff", "application/vnd.kubernetes.protobuf").status == 400
    assert call(standin, "POST", SERVICES, {**KUBE_VERIFY, "kind": "Pod"}).status == 400
    assert call(standin, "POST", SERVICES, {"metadata": {"name": "a"}}).status == 422
    assert call(standin, "POST", SERVICES, b" " * (4 << 20)).status == 413
    assert call(standin, "GET", "/api/v1/nothing").status == 404
    standin.apply(KUBE_VERIFY)
    bad = {"status": {"loadBalancer": {"ingress": [{"ip": "192.168.2"}]}}}
    assert call(standin, "PATCH", f"{SERVICES}/kube-verify/status", bad, MERGE).status == 422
    assert call(standin, "PATCH", f"{SERVICES}/kube-verify", {}, "application/strange+json").status == 415


def test_a_configuration_is_applied(standin: StandIn) -> None:
    """Server-side apply: creates, then changes what it names and nothing else."""
    path = "/api/v1/namespaces/kube-verify/configmaps/config"
    query = "fieldManager=lbd&force=true"

    def apply(text: str, query: str = query) -> int:
        kind = "application/apply-patch+yaml"
        return call(standin, "PATCH", f"{path}?{query}", text.encode(), kind).status

    text = "# a comment\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\ndata: {a: one}\n"
    assert apply(text, "force=true") == apply(text, "fieldManager=lbd") == apply("a: [", query) == 400
    assert apply(text.replace("ConfigMap", "Secret")) == 400
    assert apply(text) == 201
    before = version(standin)
    assert apply(text) == 200
    assert version(standin) == before
    call(standin, "PATCH", path, {"data": {"b": "two"}}, MERGE)
    assert apply(text.replace("one", "three")) == 200
    assert standin.get("configmaps", "kube-verify", "config")["data"] == {"a": "three", "b": "two"}


def test_names_can_be_generated_and_finalizers_hold(standin: StandIn) -> None:
    made = {"metadata": {"generateName": "config-", "finalizers": ["example.org/hold"]}}
    created = call(standin, "POST", "/api/v1/namespaces/kube-verify/configmaps", made).json
    name = created["metadata"]["name"]
    assert name.startswith("config-") and len(name) == len("config-") + 5
    path = f"/api/v1/namespaces/kube-verify/configmaps/{name}"
    assert call(standin, "DELETE", path).json["metadata"]["deletionTimestamp"]
    assert call(standin, "GET", path).status == 200
    call(standin, "PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
    assert call(standin, "GET", path).status == 404


def test_a_body_may_be_protobuf(standin: StandIn) -> None:
    type_meta = b"\x0a\x02v1" + b"\x12\x06Secret"
    metadata = b"\x0a\x05hello" + b"\x1a\x0bkube-verify"
    secret = b"\x0a" + bytes([len(metadata)]) + metadata + b"\x12\x09\x0a\x01k\x12\x04a\x0ab\x00"
    unknown = b"\x0a" + bytes([len(type_meta)]) + type_meta + b"\x12" + bytes([len(secret)]) + secret
    path = "/api/v1/namespaces/kube-verify/secrets"
    kind = "application/vnd.kubernetes.protobuf"
    assert call(standin, "POST", path, b"k8s\0" + unknown, kind).status == 201
    assert standin.get("secrets", "kube-verify", "hello")["data"] == {"k": "YQpiAA=="}
    assert call(standin, "POST", path, b"k8s\0" + unknown[:-3], kind).status == 400
    assert call(standin, "POST", path, unknown, kind).status == 400


def test_a_pod_is_bound_once(standin: StandIn) -> None:
    metadata = {"name": "web", "namespace": "kube-verify"}
    standin.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}})
    binding = {"apiVersion": "v1", "kind": "Binding", "target": {"kind": "Node", "name": "gooseberry"}}
    path = "/api/v1/namespaces/kube-verify/pods/web/binding"
    assert call(standin, "POST", path, binding).status == 201
    assert standin.get("pods", "kube-verify", "web")["spec"]["nodeName"] == "gooseberry"
    assert call(standin, "POST", path, binding).status == 409


def test_tokens_are_demanded(standin: StandIn) -> None:
    standin.tokens.add("secret")
    assert call(standin, "GET", SERVICES).status == 401
    assert call(standin, "GET", SERVICES, Authorization="Bearer secret").status == 200


# Life


def test_a_stopped_server_comes_back_with_its_objects(standin: StandIn) -> None:
    standin.apply(KUBE_VERIFY)
    before = version(standin)
    connection, answer = raw_watch(standin)
    standin.stop()
    assert answer.readline() == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        call(standin, "GET", SERVICES)
    standin.start()
    assert version(standin) == before


def test_many_connections_at_once(standin: StandIn) -> None:
    def create(number: int) -> None:
        service = {**KUBE_VERIFY, "metadata": {"name": f"service-{number}"}}
        statuses.append(call(standin, "POST", SERVICES, service).status)

    statuses: list[int] = []
    threads = [threading.Thread(target=create, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert statuses == [201] * 40
    specs = [service["spec"] for service in standin.objects("services")]
    assert len({spec["clusterIP"] for spec in specs}) == 40
    assert len({spec["ports"][0]["nodePort"] for spec in specs}) == 40


def test_it_runs_as_a_program_and_is_told_to_misbehave_over_http() -> None:
    argv = [sys.executable, "-m", "lab.standin", "--port", "0", "--dialect", "1.20"]
    folder = Path(__file__).parent
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            port = int(line.rsplit(":", 1)[1])
            server = StandIn(port=port)
            rules = [{"fault": "429", "path": "services", "retryAfter": 1, "times": None}]
            assert call(server, "POST", "/standin/faults", rules).status == 200
            assert call(server, "GET", "/api/v1/services").status == 429
            assert call(server, "GET", "/standin/faults").json["played"] == {"429": 1}
            assert call(server, "DELETE", "/standin/faults").status == 200
            assert call(server, "GET", "/api/v1/services").status == 200
            told = call(server, "GET", "/standin/requests").json
            assert told == [["GET", "/api/v1/services", 429], ["GET", "/api/v1/services", 200]]
            assert call(server, "POST", "/standin/compact").status == 200
        finally:
            child.terminate()
            assert child.wait(10) == 0
