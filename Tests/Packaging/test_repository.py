"""The apt repository: installed from it is what was signed, and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from booted import Booted
from debian import SCRIPTS, Package, run

_SOURCE = "deb [signed-by=/mnt/apt/lbd.gpg] file:/mnt/apt trixie main\n"


class Signer:
    """A secret key for a test."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self._environment = {"GNUPGHOME": str(home)}
        run(
            "gpg", "--batch", "--passphrase", "", "--quick-generate-key", "lbd test", "ed25519", "sign", "1d",
            env=self._environment,
        )
        listed = run("gpg", "--batch", "--with-colons", "--list-secret-keys", env=self._environment).stdout
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def make_repository(self, key: str, folder: Path, *packages: Package, check: bool = True) -> str:
        """What scripts/make-apt-repo prints."""
        paths = [package.path for package in packages]
        return run(SCRIPTS / "make-apt-repo", key, folder, *paths, check=check, env=self._environment).stdout

    def close(self) -> None:
        """Ends the agent that gpg started."""
        run("gpgconf", "--kill", "gpg-agent", env=self._environment)


@pytest.fixture
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    """A new key."""
    made = Signer(tmp_path_factory.mktemp("gpg") / "home")
    yield made
    made.close()


def _apt(system: Booted, *argv: str, check: bool = True) -> str:
    """apt-get in a system that knows of the repository alone."""
    options = ("-o", "Dir::Etc::sourcelist=/mnt/lbd.list", "-o", "Dir::Etc::sourceparts=-")
    return system.run("apt-get", *options, *argv, check=check)


def test_apt_installs_from_it(booted: Booted, package: Package, signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "lbd.list").write_text(_SOURCE)
    signer.make_repository(signer.fingerprint, tmp_path / "apt", package)
    _apt(booted, "update", "--error-on=any")
    _apt(booted, "install", "--yes", "lbd")
    assert booted.property("ActiveState") == "active"

    # A higher version in the same place.
    newer = package.as_version("99", tmp_path)
    signer.make_repository(signer.fingerprint, tmp_path / "apt", newer)
    _apt(booted, "update", "--error-on=any")
    _apt(booted, "upgrade", "--yes")
    assert booted.run("dpkg-query", "--show", "--showformat=${Version}", "lbd") == "99"


def test_apt_refuses_what_was_not_signed(booted: Booted, package: Package, signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "lbd.list").write_text(_SOURCE)
    signer.make_repository(signer.fingerprint, tmp_path / "apt", package)
    _apt(booted, "update", "--error-on=any")
    release = tmp_path / "apt/dists/trixie/InRelease"
    release.write_text(release.read_text().replace("Label: lbd", "Label: LBD"))
    (tmp_path / "apt/dists/trixie/Release.gpg").unlink()
    assert "OpenPGP signature verification failed" in _apt(booted, "update", "--error-on=any", check=False)

    # Another package under the name of the signed one.
    signer.make_repository(signer.fingerprint, tmp_path / "apt", package)
    _apt(booted, "update", "--error-on=any")
    [deb] = (tmp_path / "apt/pool").rglob("*.deb")
    contents = bytearray(deb.read_bytes())
    contents[-1] ^= 1
    deb.write_bytes(contents)
    assert "Hash Sum mismatch" in _apt(booted, "install", "--yes", "lbd", check=False)


def test_without_a_key_it_says_what_to_do(package: Package, signer: Signer, tmp_path: Path) -> None:
    said = signer.make_repository("", tmp_path / "apt", package, check=False)
    assert "make apt-repo KEY=FINGERPRINT" in said
    assert "gpg has no secret key 0123" in signer.make_repository("0123", tmp_path / "apt", package, check=False)
    assert not (tmp_path / "apt").exists()
