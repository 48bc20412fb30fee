"""A real control plane: etcd, kube-apiserver and the few controllers that the tests need, in one namespace."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .control import APIError, ControlPlane
from .lan import CONTROL_ADDRESS, Lan
from .namespace import Namespace
from .node import REPOSITORY, lbd_binary
from .process import Process
from .proxies import KubeProxies

PORT = 6443
MANIFEST = REPOSITORY / "kubernetes/lbd.yaml"

_CONTROLLERS = "deployment,endpoint,endpointslice,namespace,replicaset,serviceaccount-token"
_USERS = {"admin": "system:masters", "kube-proxy": ""}


def programs() -> Path:
    """The folder of etcd, kubectl, kube-apiserver and the rest, made first if it must be."""
    script = Path(__file__).with_name("kube_build.sh")
    return Path(subprocess.run([script], check=True, text=True, stdout=subprocess.PIPE).stdout.strip())


class KubeControlPlane(ControlPlane):
    """From `start` to `close`. Its users are `admin`, `kube-proxy`, and `lbd`, which `start` makes as a person does: by
    `lbd enroll`."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace
        self.folder = folder
        self.programs = programs()
        folder.mkdir(parents=True, exist_ok=True)
        # etcd waits for its disk; memory is one that keeps nobody waiting.
        memory = Path("/dev/shm")
        self._data = Path(tempfile.mkdtemp(prefix="lbd-etcd-", dir=memory if memory.is_dir() else None))
        self._tokens = {user: f"token-of-{user}" for user in _USERS}
        self.enrollment: subprocess.CompletedProcess[str] | None = None
        """What the first `lbd enroll` printed."""
        _make_certificates(folder)
        lines = [f'{token},{_user_name(user)},{user},"{_USERS[user]}"' for user, token in self._tokens.items()]
        (folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        self._context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        self.etcd = self._process("etcd", self._etcd())
        self.server = self._process("kube-apiserver", self._server())
        self.controllers = self._process("kube-controller-manager", self._controllers())

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return f"https://{CONTROL_ADDRESS}:{PORT}"

    # Life and death

    def start(self) -> None:
        """Starts what is not running, ends a `freeze`, and waits until the API server serves; then sees to `lbd`'s
        account."""
        if not self.etcd.is_running:
            self.etcd.start()
        if self.server.is_running:
            self.thaw()
        else:
            self.server.start()
        self.wait_ready()
        if not self.controllers.is_running:
            self.controllers.start()
        if self.enrollment is None:
            self.enrollment = self.enroll("--kubeconfig", str(self.kubeconfig_for("admin")))

    def stop(self) -> None:
        """Ends the API server at once, as a crash does; etcd keeps the data. The controllers end with it: their pauses
        between attempts would outlast the next test."""
        self.server.kill()
        self.controllers.kill()

    def freeze(self) -> None:
        """The API server hangs: connections stay and nothing is answered."""
        self.server.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Ends a `freeze`."""
        self.server.signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends everything, and the data goes."""
        for process in (self.controllers, self.server, self.etcd):
            process.kill()
        shutil.rmtree(self._data, ignore_errors=True)

    def data_path(self, lan: Lan, folder: Path) -> KubeProxies:
        """kube-proxy on every node."""
        return KubeProxies(self, lan, folder)

    def wait_ready(self, timeout: float = 60) -> None:
        """Waits until the API server says that it is ready."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.request("GET", "/readyz")
                return
            except (OSError, http.client.HTTPException, APIError) as error:
                if not self.server.is_running or time.monotonic() > deadline:
                    raise AssertionError(f"the API server is not ready: {error}\n{self.tail()}") from error
                time.sleep(0.1)

    def tail(self, count: int = 30) -> str:
        """The end of the logs, for a person."""
        return "\n".join(process.tail(count) for process in (self.etcd, self.server, self.controllers))

    # Talking to it

    def enroll(self, *args: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """`lbd enroll` in the control plane's namespace, with no more variables in its environment than these."""
        variables = [f"{name}={value}" for name, value in environment.items()]
        return self.namespace.run("env", "-i", *variables, str(lbd_binary()), "enroll", *args, check=check, timeout=60)

    def kubeconfig_for(self, user: str, server: str | None = None) -> Path:
        """A kubeconfig file for `admin`, `lbd` or `kube-proxy`, with the server at its own place or at another."""
        path = self.folder / f"{user}{'-elsewhere' if server else ''}.kubeconfig"
        if user == "lbd":
            assert self.enrollment is not None, "the control plane was not started"
            path.write_text(self.enrollment.stdout)
            path.chmod(0o640)
            return path
        authority = base64.b64encode((self.folder / "ca.crt").read_bytes()).decode()
        cluster = {"server": server or self.url, "certificate-authority-data": authority}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self._tokens[user]}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
            "current-context": "lab",
        }
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        path.chmod(0o640)
        return path

    def kubectl(self, *args: str, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl prints on standard output, as admin; on standard error too, unless `check`."""
        kubectl = (str(self.programs / "kubectl"), "--kubeconfig", str(self.kubeconfig_for("admin")))
        done = self.namespace.run(*kubectl, *args, stdin=stdin, check=check, timeout=60)
        return done.stdout if check else done.stdout + done.stderr

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", user: str = "admin"
    ) -> bytes:
        """One request, and the body of its answer."""
        connection = _Connection(self.namespace, self._context)
        headers = {"Authorization": f"Bearer {self._tokens[user]}", "Content-Type": content_type}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise APIError(method, path, answer.status, data.decode(errors="replace"))
        return data

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a watch's answer as they come, until it ends."""
        connection = _Connection(self.namespace, self._context, timeout=None)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._tokens['admin']}"})
            answer = connection.getresponse()
            if answer.status >= 400:
                raise APIError("GET", path, answer.status, answer.read().decode(errors="replace"))
            yield from answer
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None, user: str = "admin") -> Any:
        """One request with JSON both ways; PATCH is a merge-patch."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return json.loads(self.request(method, path, body, kind, user))

    # What runs

    def _process(self, name: str, flags: dict[str, str]) -> Process:
        argv = [str(self.programs / name), *(f"--{key}={value}" for key, value in flags.items())]
        return Process(name, self.namespace, argv, self.folder / f"{name}.log")

    def _etcd(self) -> dict[str, str]:
        return {
            "data-dir": str(self._data),
            "listen-client-urls": "http://127.0.0.1:2379",
            "advertise-client-urls": "http://127.0.0.1:2379",
            "listen-peer-urls": "http://127.0.0.1:2380",
            "log-level": "warn",
            "logger": "zap",
        }

    def _server(self) -> dict[str, str]:
        files = self.folder
        return {
            "etcd-servers": "http://127.0.0.1:2379",
            "bind-address": "0.0.0.0",
            "advertise-address": CONTROL_ADDRESS,
            "secure-port": str(PORT),
            "tls-cert-file": f"{files}/server.crt",
            "tls-private-key-file": f"{files}/server.key",
            "token-auth-file": f"{files}/tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": f"{files}/account.pub",
            "service-account-signing-key-file": f"{files}/account.key",
            "service-cluster-ip-range": "10.96.0.0/16",
            "endpoint-reconciler-type": "none",
            # Pods of a test need no account.
            "disable-admission-plugins": "ServiceAccount",
            "max-requests-inflight": "400",
            "profiling": "false",
        }

    def _controllers(self) -> dict[str, str]:
        return {
            "kubeconfig": str(self.kubeconfig_for("admin")),
            "controllers": _CONTROLLERS,
            "service-account-private-key-file": f"{self.folder}/account.key",
            "leader-elect": "false",
            "secure-port": "0",
            "port": "0",
        }


class _Connection(http.client.HTTPSConnection):
    """A connection whose socket belongs to the control plane's namespace."""

    def __init__(self, namespace: Namespace, context: ssl.SSLContext, timeout: float | None = 30) -> None:
        super().__init__(CONTROL_ADDRESS, PORT, timeout=timeout, context=context)
        self._namespace = namespace
        self._tls = context

    def connect(self) -> None:
        """Connects from inside the namespace."""
        with self._namespace.entered():
            plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _user_name(user: str) -> str:
    return "admin" if user == "admin" else f"system:{user}"


def _make_certificates(folder: Path) -> None:
    """A certificate authority, the server's certificate, and the key pair that signs the tokens of accounts."""
    if (folder / "server.crt").exists():
        return

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True, timeout=60)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "30", "-subj", "/CN=lab")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=kube-apiserver")
    (folder / "server.ext").write_text(
        f"subjectAltName=IP:{CONTROL_ADDRESS},IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default.svc\n"
    )
    openssl(
        "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
        "-out", "server.crt", "-days", "30", "-extfile", "server.ext",
    )
    openssl("genrsa", "-out", "account.key", "2048")
    openssl("rsa", "-in", "account.key", "-pubout", "-out", "account.pub")
    for name in ("ca.key", "server.key", "account.key"):
        os.chmod(folder / name, 0o600)
