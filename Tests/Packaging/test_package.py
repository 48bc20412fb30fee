"""What is in the package, and that it is as Debian wants it."""

from __future__ import annotations

import re
from pathlib import Path

from debian import REPOSITORY, Entry, Package, in_root, run, version

_LIBRARIES = {"libc.so.6", "libcrypto.so.3", "libcurl.so.4", "libm.so.6", "libsystemd.so.0", "libyaml-0.so.2"}
"""What the program may ask the dynamic linker for, beside that itself."""

_FILES = {
    "/etc/lbd/lbd.yaml": "-rw-r--r--",
    "/usr/bin/lbd": "-rwxr-xr-x",
    "/usr/lib/systemd/catalog/lbd.catalog": "-rw-r--r--",
    "/usr/lib/systemd/system/lbd.service": "-rw-r--r--",
    "/usr/lib/sysusers.d/lbd.conf": "-rw-r--r--",
    "/usr/lib/tmpfiles.d/lbd.conf": "-rw-r--r--",
    "/usr/share/bash-completion/completions/lbd": "-rw-r--r--",
    "/usr/share/doc/lbd/README.md.gz": "-rw-r--r--",
    "/usr/share/doc/lbd/changelog.gz": "-rw-r--r--",
    "/usr/share/doc/lbd/copyright": "-rw-r--r--",
    "/usr/share/lbd/lbd.yaml": "-rw-r--r--",
    "/usr/share/man/man5/lbd-pools.yaml.5.gz": "-rw-r--r--",
    "/usr/share/man/man5/lbd.yaml.5.gz": "-rw-r--r--",
    "/usr/share/man/man8/lbd.8.gz": "-rw-r--r--",
}


def check_binary(program: Path) -> None:
    """It is stripped, asks for no other libraries, and no path of the build is in it."""
    dynamic = run("readelf", "--wide", "--dynamic", program).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    assert {name for name in needed if not name.startswith("ld-linux-")} == _LIBRARIES
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic
    sections = run("readelf", "--wide", "--sections", program).stdout
    assert ".symtab" not in sections and ".debug_" not in sections
    assert ".note.gnu.build-id" in sections
    contents = program.read_bytes()
    assert b"/mnt/" not in contents and b"debian/build" not in contents


def check_hardening(root: Path, program: Path) -> None:
    """What the flags of dpkg-buildflags are to bring about."""
    # Fortified functions of libc are for C: the standard library of Swift is built without.
    said = in_root(root, program.parent, "hardening-check", "--nofortify", f"/mnt/{program.name}", check=False)
    found = dict(re.findall(r"(?m)^ (.*?): (\w+)", said))
    assert found["Position Independent Executable"] == "yes", said
    assert found["Read-only relocations"] == "yes", said
    assert found["Immediate binding"] == "yes", said
    assert found["Stack protected"] == "yes", said


def check_lintian(root: Path, package: Package) -> None:
    """It finds nothing, down to the level of pedantry."""
    architecture = package.field("Architecture")
    said = in_root(
        root, package.path.parent, "lintian", "--pedantic", "--fail-on=error,warning,pedantic",
        f"/mnt/lbd_{version()}_{architecture}.changes",
    )
    assert said == ""


def test_the_version_is_the_changelogs(package: Package, root: Path, unpacked: Path) -> None:
    assert package.field("Version") == version()
    assert in_root(root, unpacked, "/mnt/usr/bin/lbd", "--version") == f"lbd {version()}"


def test_it_depends_on_c_libraries_of_debian_alone(package: Package) -> None:
    assert package.depends() == [
        "libc6", "libcurl4t64", "libssl3t64", "libsystemd0", "libyaml-0-2",
        "systemd | systemd-standalone-sysusers | systemd-sysusers",
    ]


def test_its_files_and_their_modes(package: Package) -> None:
    entries = package.entries()
    assert {entry.owner for entry in entries} == {"root/root"}
    folders = [entry for entry in entries if entry.mode.startswith("d")]
    assert {folder.mode for folder in folders} == {"drwxr-xr-x"}
    files = {entry.path: entry.mode for entry in entries if entry not in folders}
    assert files == _FILES
    # pools.yaml is no conffile, and not in the package: lbd itself writes it.
    assert package.control_file("conffiles").split() == ["/etc/lbd/lbd.yaml"]


def test_nothing_of_the_build_is_in_the_program(unpacked: Path) -> None:
    check_binary(unpacked / "usr/bin/lbd")


def test_the_hardening_reaches_the_program(root: Path, unpacked: Path) -> None:
    check_hardening(root, unpacked / "usr/bin/lbd")


def test_lintian_has_nothing_to_say(root: Path, package: Package) -> None:
    check_lintian(root, package)


def test_nothing_is_hidden_from_lintian() -> None:
    assert not list((REPOSITORY / "debian").rglob("*lintian-overrides*"))
