"""The API stand-in, told to misbehave."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator

import pytest
from lab.standin import StandIn
from lab.standin.trial import (
    DIALECTS,
    INGRESS,
    KUBE_VERIFY,
    MERGE,
    SERVICES,
    call,
    connect,
    raw_watch,
    served,
    version,
    watch,
)


@pytest.fixture(params=DIALECTS)
def standin(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A stand-in of each dialect, with the namespace kube-verify."""
    with served(request.param) as server:
        yield server


@pytest.mark.parametrize("fault", ["409", "410", "429", "500", "503"])
def test_a_status_fault_answers_without_doing_anything(standin: StandIn, fault: str) -> None:
    standin.apply(KUBE_VERIFY)
    standin.faults.add(fault=fault, method="PATCH", path="/status$", times=2, retryAfter=3)
    path = f"{SERVICES}/kube-verify"
    for _ in range(2):
        answer = call(standin, "PATCH", f"{path}/status", INGRESS, MERGE)
        assert (answer.status, answer.headers["Retry-After"], answer.json["code"]) == (int(fault), "3", int(fault))
    assert call(standin, "GET", path).json["status"] == {"loadBalancer": {}}
    assert call(standin, "PATCH", f"{path}/status", INGRESS, MERGE).status == 200


def test_a_late_write_happens_though_its_client_has_gone(standin: StandIn) -> None:
    standin.apply(KUBE_VERIFY)
    standin.faults.add(fault="late", method="PATCH", seconds=0.4)
    connection = connect(standin, timeout=0.1)
    connection.request("PATCH", f"{SERVICES}/kube-verify/status", json.dumps(INGRESS), {"Content-Type": MERGE})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert standin.get("services", "kube-verify", "kube-verify")["status"] == {"loadBalancer": {}}
    (event,) = watch(standin, SERVICES, count=1, resourceVersion=version(standin), timeoutSeconds=5)
    assert event["object"]["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.168.2.129"


@pytest.mark.parametrize(("fault", "carried_out"), [("lost", True), ("cut", False)])
def test_an_answer_that_never_comes(standin: StandIn, fault: str, carried_out: bool) -> None:
    standin.apply(KUBE_VERIFY)
    standin.faults.add(fault=fault, method="DELETE")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        call(standin, "DELETE", f"{SERVICES}/kube-verify")
    assert (standin.objects("services") == []) == carried_out


def test_a_truncated_answer(standin: StandIn) -> None:
    standin.apply(KUBE_VERIFY)
    standin.faults.add(fault="truncated", method="GET", path="services")
    with pytest.raises(http.client.IncompleteRead) as error:
        call(standin, "GET", SERVICES)
    assert error.value.partial.startswith(b'{"kind": "ServiceList"')


def test_a_foreign_answer_is_no_json(standin: StandIn) -> None:
    standin.faults.add(fault="foreign", method="POST")
    answer = call(standin, "POST", SERVICES, KUBE_VERIFY)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")
    assert standin.objects("services") == []


def test_silence_answers_nothing_and_closes_in_the_end(standin: StandIn) -> None:
    standin.faults.add(fault="silence", method="GET", seconds=0.3)
    begun = time.monotonic()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        call(standin, "GET", SERVICES)
    assert time.monotonic() - begun >= 0.3


def test_a_running_watch_is_dropped(standin: StandIn) -> None:
    connection, answer = raw_watch(standin)
    standin.faults.add(fault="drop-watch", path="services")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()
    connection.close()


def test_a_running_watch_is_told_410(standin: StandIn) -> None:
    connection, answer = raw_watch(standin)
    standin.faults.add(fault="410", method="WATCH")
    event = json.loads(answer.read())
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    connection.close()


def test_a_running_watch_is_cut_within_an_event(standin: StandIn) -> None:
    connection, answer = raw_watch(standin)
    standin.faults.add(fault="truncated", method="WATCH")
    standin.apply(KUBE_VERIFY)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)) as error:
        answer.read()
    if isinstance(error.value, http.client.IncompleteRead):
        assert b"\n" not in error.value.partial
    connection.close()


def test_a_foreign_line_stands_among_the_events_of_a_watch(standin: StandIn) -> None:
    connection, answer = raw_watch(standin)
    standin.faults.add(fault="foreign", method="WATCH")
    assert answer.readline().startswith(b"<!DOCTYPE html>")
    standin.apply(KUBE_VERIFY)
    assert json.loads(answer.readline())["type"] == "ADDED"
    connection.close()


def test_a_silent_watch_tells_nothing(standin: StandIn) -> None:
    connection, answer = raw_watch(standin)
    standin.faults.add(fault="silence", method="WATCH", seconds=30)
    time.sleep(0.1)
    standin.apply(KUBE_VERIFY)
    connection.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        answer.readline()
    connection.close()


def test_a_rule_that_could_never_work_is_refused(standin: StandIn) -> None:
    for rule in ({"fault": "tardy"}, {"fault": "200"}, {"fault": "late", "after": 1}, {"fault": "late", "path": "("}):
        assert call(standin, "POST", "/standin/faults", [rule]).status == 400
    assert call(standin, "GET", "/standin/faults").json == {"pending": [], "played": {}}
