"""User Mode Linux, Debian's kernel as a program: tests that ask for kinds of links which this machine's kernel has not
run in there, all those of a file in one boot, and count here as they ended there."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .namespace import clean_up_when_interrupted
from .node import lbd_binary

_BOOT_SECONDS = 60
"""What starting and ending may take on a busy machine, in addition to the tests."""

_TEST_SECONDS = 60
"""What each test may take."""

_INIT = """\
#!/bin/bash
# The first process inside. The root is the machine's own, and read-only.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1 LBD_BINARY={binary}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mkdir -p /run/modules/lib /run/out /run/tmp
export TMPDIR=/run/tmp HOME=/run/tmp
mount -t hostfs out /run/out -o {folder}
# What loads modules looks below /lib, and the package has them elsewhere.
ln -s /usr/lib/uml/modules /run/modules/lib/modules
printf '#!/bin/sh\\nexec modprobe --dirname /run/modules "$@"\\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
/run/modprobe ipv6
ip link set lo up
cd {tests}
timeout --kill-after=5 {seconds} {python} -m pytest -p no:cacheprovider -p no:xdist --color=no -q --junitxml=/run/out/results.xml \\
  {names} >/run/out/output 2>&1 </dev/null
echo o >/proc/sysrq-trigger
sleep 60
"""


@functools.lru_cache(maxsize=None)
def has_links(kind: str) -> bool:
    """Whether this machine's kernel has links of this kind, or a module for them."""
    trial = ["unshare", "--net", "ip", "link", "add", "trial", "type", kind]
    done = subprocess.run(trial, text=True, capture_output=True, timeout=30)
    # Any other error means that the kind is known, and wants something more.
    return "Unknown device type" not in done.stderr


def move_inside(items: list[pytest.Item]) -> None:
    """Puts another item into the place of each test that bears the mark `links` with a kind of links that is lacking."""
    for place, item in enumerate(items):
        kinds = [kind for mark in item.iter_markers("links") for kind in mark.args]
        if not all(has_links(kind) for kind in kinds):
            assert item.parent is not None
            items[place] = Inside.from_parent(item.parent, name=item.name)


@dataclass
class Boot:
    """What the tests of one file came to."""

    failures: dict[str, str]
    """By the names of those that ran; empty for one that passed."""
    output: str
    """What pytest wrote, or the kernel where pytest wrote nothing."""


_BOOT = pytest.StashKey[Boot]()


class Failure(Exception):
    """A test did not pass inside; the text is what pytest said there."""


class Inside(pytest.Item):
    """A test that runs in User Mode Linux, in one boot with the others of its file."""

    def runtest(self) -> None:
        """Passes if the test did inside."""
        assert self.parent is not None
        if _BOOT not in self.parent.stash:
            names = [
                item.name for item in self.session.items if isinstance(item, Inside) and item.parent is self.parent
            ]
            self.parent.stash[_BOOT] = _boot(self.path, names)
        boot = self.parent.stash[_BOOT]
        if boot.failures.get(self.name, "it did not run"):
            self.add_report_section("call", "in User Mode Linux", boot.output)
            raise Failure(boot.failures.get(self.name, "it did not run"))

    def repr_failure(self, excinfo: Any, *args: Any, **kwargs: Any) -> Any:
        """What was said inside, without a trace of this file."""
        if isinstance(excinfo.value, Failure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is and what it is called."""
        return self.path, None, f"{self.name} in User Mode Linux"


def _boot(path: Path, names: list[str]) -> Boot:
    """Runs these tests of a file. However it ends, nothing of it is left."""
    kernel = shutil.which("linux.uml")
    assert kernel, "this kernel lacks what the tests need, and there is no linux.uml: apt-get install user-mode-linux"
    folder = Path(tempfile.mkdtemp(prefix="lbd-uml-"))
    try:
        _write_init(folder, path, names)
        console = _run(
            [
                # All its processes end with this one, even where that is killed.
                "setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child",
                kernel, "mem=1G", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", f"init={folder}/init",
                f"uml_dir={folder}/", "con=null", "con0=null,fd:1",
            ],
            folder, _BOOT_SECONDS + _TEST_SECONDS * len(names),
        )
        output, results = folder / "output", folder / "results.xml"
        failures = _failures(results) if results.exists() else {}
        return Boot(failures, output.read_text() if output.exists() else console)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_init(folder: Path, path: Path, names: list[str]) -> None:
    init = folder / "init"
    quoted = {
        "binary": lbd_binary(), "folder": folder, "tests": path.parent, "python": sys.executable,
        "seconds": _TEST_SECONDS * len(names),
    }
    tests = " ".join(shlex.quote(f"{path.name}::{name}") for name in names)
    init.write_text(_INIT.format(names=tests, **{key: shlex.quote(str(value)) for key, value in quoted.items()}))
    init.chmod(0o755)


def _run(argv: list[str], folder: Path, timeout: float) -> str:
    """Runs the kernel to its end and gives what it wrote, with all its processes ended."""
    clean_up_when_interrupted()
    console = folder / "console"
    with console.open("wb") as log:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder,
            # What it has for memory is a file.
            env={**os.environ, "TMPDIR": "/dev/shm"},
        )
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            log.write(f"\nUser Mode Linux has not ended within {timeout} s\n".encode())
        finally:
            child.kill()
            child.wait()
    return console.read_text(errors="replace")


def _failures(results: Path) -> dict[str, str]:
    """What became of each test in a file that pytest's --junitxml wrote. One that was skipped has failed."""
    return {
        case.attrib["name"]: "\n".join(
            f"{each.tag}: {each.attrib.get('message', '')}\n{each.text or ''}"
            for each in case
            if each.tag in ("failure", "error", "skipped")
        )
        for case in ElementTree.parse(results).iter("testcase")
    }
