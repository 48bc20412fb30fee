"""Texts for the ConfigMap's key `config` and for pools.yaml."""

POOL = """\
address-pools:
- name: address-pool-1
  protocol: layer2
  addresses:
  - 192.168.2.128/25
"""
"""The pool that most tests use."""

BROKEN = """\
address-pools:
- name: address-pool-1
  protocol: layer2
  adresses:
  - 192.168.2.128/25
"""
"""With a misspelt key, at 4:3."""

WIDER = """\
address-pools:
- name: address-pool-1
  protocol: layer2
  addresses:
  - 192.168.2.128/25
- name: address-pool-2
  protocol: layer2
  addresses:
  - 192.168.2.100-192.168.2.109
"""
"""The same pool and a second one."""

ELSEWHERE = """\
address-pools:
- name: address-pool-1
  protocol: layer2
  addresses:
  - 192.168.2.200-192.168.2.254
"""
"""A pool of which 192.168.2.128, the first address of the others, is no part."""

POOL6 = """\
address-pools:
- name: home
  protocol: layer2
  addresses:
  - 192.168.2.128/25
  - fd00:2::1000-fd00:2::10ff
"""
"""The pool that most tests use, and addresses of IPv6 in it."""
