"""The Debian package under test, and Debian systems to try it in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = REPOSITORY / "scripts"
ARCHITECTURE = subprocess.run(
    ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
).stdout.strip()

_INCLUDED = (
    # What a Debian system has, and what the package depends on.
    "systemd-sysv", "dbus", "libcurl4t64", "libssl3t64", "libsystemd0", "libyaml-0-2",
    # What looks at the package.
    "lintian", "devscripts", "man-db",
)


def run(*argv: str | Path, check: bool = True, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The outcome of a command of this machine; with what it printed in the error if it failed."""
    outcome = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=None if env is None else {**os.environ, **env},
    )
    assert not check or outcome.returncode == 0, f"{argv} ended with status {outcome.returncode}\n{outcome.stdout}"
    return outcome


def debian_root(name: str, *options: str) -> Path:
    """A Debian 13 made with options of mmdebstrap, or kept from an earlier run. To be left as it is."""
    made = subprocess.run(
        [SCRIPTS / "debian-root", name, "trixie", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert made.returncode == 0, f"there is no Debian system {name}: see above"
    return Path(made.stdout.strip())


def packaging_root() -> Path:
    """The Debian 13 in which the package is looked at and installed."""
    return debian_root("packaging", f"--include={','.join(_INCLUDED)}")


def in_root(root: Path, folder: Path, *argv: str, check: bool = True) -> str:
    """What a command prints that runs as nobody in `root`, with `folder` as /mnt."""
    outcome = run(SCRIPTS / "in-root", root, folder, *argv, check=check)
    return "\n".join(
        # systemd-nspawn's own, where /run is no file system of its own.
        line for line in outcome.stdout.splitlines() if not line.startswith("Attempted to remove disk file system")
    )


@dataclass(frozen=True)
class Entry:
    """A file or folder in a package."""

    mode: str
    """As ls shows it: `-rw-r--r--`."""
    owner: str
    path: str
    """From the root, without a slash at the end."""


class Package:
    """A .deb file."""

    def __init__(self, path: Path) -> None:
        assert path.exists(), f"{path} is missing: build it with make deb, as root"
        self.path = path

    def field(self, name: str) -> str:
        """A field of its control file."""
        return run("dpkg-deb", "--field", self.path, name).stdout.strip()

    def control_file(self, name: str) -> str:
        """The text of one of its control files, such as `conffiles`."""
        return run("dpkg-deb", "--info", self.path, name).stdout

    def depends(self) -> list[str]:
        """What it depends on, without versions, ascending."""
        return sorted(re.sub(r" \([^)]*\)", "", one) for one in self.field("Depends").split(", "))

    def entries(self) -> list[Entry]:
        """What it installs, in its order."""
        lines = run("dpkg-deb", "--contents", self.path).stdout.splitlines()
        columns = [line.split(maxsplit=5) for line in lines]
        return [Entry(mode, owner, path.removeprefix(".").rstrip("/")) for mode, owner, _, _, _, path in columns]

    def unpack(self, folder: Path) -> Path:
        """Unpacks what it installs into `folder`."""
        run("dpkg-deb", "--extract", self.path, folder)
        return folder

    def as_version(self, version: str, folder: Path, settings: str | None = None) -> Package:
        """The same package under another version, in `folder`; with `settings`, its lbd.yaml says that instead."""
        tree = folder / f"tree-{version}"
        run("dpkg-deb", "--raw-extract", self.path, tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        if settings is not None:
            (tree / "etc/lbd/lbd.yaml").write_text(settings)
        path = folder / f"lbd_{version}_{ARCHITECTURE}.deb"
        run("dpkg-deb", "-Znone", "--build", tree, path)
        shutil.rmtree(tree)
        return Package(path)


def version() -> str:
    """The version in debian/changelog."""
    first = (REPOSITORY / "debian/changelog").read_text().splitlines()[0]
    found = re.match(r"lbd \((.*)\) ", first)
    assert found, f"debian/changelog begins with {first!r}"
    return found[1]


def built_package(architecture: str = ARCHITECTURE) -> Package:
    """What `make deb` made."""
    return Package(REPOSITORY / f"dist/lbd_{version()}_{architecture}.deb")
