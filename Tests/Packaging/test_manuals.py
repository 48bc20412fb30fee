"""The manuals, the settings as shipped and the completion say what the program knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from debian import REPOSITORY, in_root, run

_DOCS = REPOSITORY / "docs"
_MANUALS = ["lbd.8", "lbd.yaml.5", "lbd-pools.yaml.5"]

# Settings with a key that does not exist at each place where lbd-pools.yaml has keys.
_POOLS_PLACES = [
    "no-such-key: 1",
    "address-pools: [{no-such-key: 1}]",
    "address-pools: [{protocol: bgp, bgp-advertisements: [{no-such-key: 1}]}]",
    "peers: [{no-such-key: 1}]",
    "peers: [{bfd: {no-such-key: 1}}]",
    "peers: [{node-selectors: [{no-such-key: 1}]}]",
    "peers: [{node-selectors: [{match-expressions: [{no-such-key: 1}]}]}]",
]


class Program:
    """lbd, run in a Debian system."""

    def __init__(self, root: Path, unpacked: Path) -> None:
        self._root = root
        self._folder = unpacked

    def __call__(self, *argv: str, check: bool = True) -> str:
        """What it prints."""
        return in_root(self._root, self._folder, "/mnt/usr/bin/lbd", *argv, check=check)

    def check_settings(self, text: str, check: bool = True) -> str:
        """What it says about a lbd.yaml."""
        (self._folder / "lbd.yaml").write_text(text)
        return self("check", "--config", "/mnt/lbd.yaml", check=check)

    def check_pools(self, text: str, check: bool = True) -> str:
        """What it says about a pools.yaml."""
        (self._folder / "pools.yaml").write_text(text)
        return self("check", "/mnt/pools.yaml", check=check)

    def bash(self, script: str) -> list[str]:
        """The words that a script of bash prints which finds it on its PATH."""
        return in_root(self._root, self._folder, "bash", "-euc", f"PATH=/mnt/usr/bin:$PATH; {script}").split()


@pytest.fixture(scope="module")
def lbd(root: Path, unpacked: Path) -> Program:
    """The program of the package."""
    return Program(root, unpacked)


def _known_keys(said: str) -> list[str]:
    """The keys that are known where the program has met one that it does not know."""
    found = re.search(r'unknown key "no-such-key" .*known are (.*)', said)
    return found[1].split(", ") if found else []


def _settings_keys(lbd: Program) -> Iterator[str]:
    """Every key of lbd.yaml: `node`, `kubernetes.namespace`."""
    for key in _known_keys(lbd.check_settings("no-such-key: 1", check=False)):
        inner = _known_keys(lbd.check_settings(f"{key}: {{no-such-key: 1}}", check=False))
        yield from (f"{key}.{name}" for name in inner) if inner else [key]


def _described_keys(manual: str) -> set[str]:
    """The keys that a manual has a heading or an item for."""
    return set(re.findall(r"(?m)^\.(?:It Va|Ss) ([a-z][a-zA-Z0-9.-]+)$", (_DOCS / manual).read_text()))


def _examples(manual: str) -> list[str]:
    """The files that a manual shows."""
    text = (_DOCS / manual).read_text()
    return re.findall(r"(?ms)^\.Bd -literal -offset indent\n(.*?)^\.Ed$", text)


@pytest.mark.parametrize("manual", _MANUALS)
def test_a_manual_is_well_formed(root: Path, manual: str) -> None:
    assert in_root(root, _DOCS, "bash", "-c", f"man --warnings --local-file /mnt/{manual} 2>&1 >/dev/null") == ""


def test_every_setting_is_described_and_shipped(lbd: Program) -> None:
    keys = set(_settings_keys(lbd))
    assert "node" in keys and "kubernetes.namespace" in keys
    described = _described_keys("lbd.yaml.5")
    sections = {key.split(".")[0] for key in keys if "." in key}
    assert described - sections == keys
    shipped = yaml.safe_load(_uncommented())
    assert keys == {
        f"{key}.{inner}" for key, value in shipped.items() if isinstance(value, dict) for inner in value
    } | {key for key, value in shipped.items() if not isinstance(value, dict)}


def test_every_key_of_the_pools_is_described(lbd: Program) -> None:
    keys = {key for place in _POOLS_PLACES for key in _known_keys(lbd.check_pools(place, check=False))}
    assert len(keys) > 20
    inline = set(re.findall(r"(?m)^\.Va ([a-z0-9-]+)(?: |$)", (_DOCS / "lbd-pools.yaml.5").read_text()))
    assert keys <= _described_keys("lbd-pools.yaml.5") | inline
    assert _described_keys("lbd-pools.yaml.5") <= keys


def _uncommented() -> str:
    """The settings as shipped with each key uncommented."""
    text = (REPOSITORY / "debian/lbd.yaml").read_text()
    return re.sub(r"(?m)^#(?! \S)", "", text)


def test_the_settings_as_shipped_are_right(lbd: Program) -> None:
    text = (REPOSITORY / "debian/lbd.yaml").read_text()
    assert yaml.safe_load(text) is None
    assert "ok: node raspberrypi" in lbd.check_settings(_uncommented())


def test_the_examples_are_right(lbd: Program) -> None:
    settings = _examples("lbd.yaml.5")
    assert settings
    for example in settings:
        assert "ok: node" in lbd.check_settings(example)
    pools = _examples("lbd-pools.yaml.5")
    assert pools
    for example in pools:
        content = yaml.safe_load(example)
        text = content["data"]["config"] if content.get("kind") == "ConfigMap" else example
        assert "/mnt/pools.yaml: ok: " in lbd.check_pools(text)


def test_commands_and_options_are_described_and_completed(lbd: Program) -> None:
    usage = lbd("--help")
    commands = re.findall(r"(?m)^  ([a-z]+) .*", usage.split("Commands:")[1].split("Options:")[0])
    options = sorted(set(re.findall(r"--[a-z]+", usage)))
    assert "run" in commands and "--config" in options
    manual = (_DOCS / "lbd.8").read_text()
    for command in commands:
        assert re.search(rf"(?m)^\.It Cm {command}\b", manual), f"lbd.8 does not describe {command}"
    for option in options:
        assert f"Fl {option[1:]}" in manual, f"lbd.8 does not describe {option}"

    completion = "source /mnt/usr/share/bash-completion/completions/lbd"
    assert lbd.bash(f'{completion}; COMP_WORDS=(lbd "") COMP_CWORD=1; _lbd; echo "${{COMPREPLY[@]}}"') == commands
    assert lbd.bash(f'{completion}; COMP_WORDS=(lbd -) COMP_CWORD=1; _lbd; echo "${{COMPREPLY[@]}}"') == options
