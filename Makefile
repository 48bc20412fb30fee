# lbd: build, try out and check. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

# Debian's swiftlang keeps most of its tools here.
export PATH := $(PATH):/usr/libexec/swift/bin

PYTHON := /usr/bin/python3
SWIFT_SOURCES := Package.swift Sources Tests
RELEASE := .build/release/lbd
# Most of what the interop tests do is to wait: so many of them run side by side, each in networks of its own.
WORKERS := 3
VERSION := $(shell sed -n '1s/^lbd (\(.*\)).*/\1/p' debian/changelog)
DEB_SOURCES := $(shell find Package.swift README.md Sources completions debian docs kubernetes systemd)
DEB := dist/lbd_$(VERSION)_$(shell dpkg --print-architecture).deb
DEB_ARM64 := dist/lbd_$(VERSION)_arm64.deb
DEBS := $(foreach architecture,amd64 arm64,dist/lbd_$(VERSION)_$(architecture).deb)

# Debian packages: to build; to try out; to package; to check. kubectl may come from elsewhere.
BUILD_PACKAGES := make git pkg-config libsystemd-dev libcurl4-openssl-dev libyaml-dev libssl-dev
DEMO_PACKAGES := $(BUILD_PACKAGES) python3 python3-yaml iproute2 arping iptables nftables curl openssl kubectl=kubernetes-client
DEB_PACKAGES := make git mmdebstrap systemd-container debian-archive-keyring
APT_REPO_PACKAGES := $(DEB_PACKAGES) reprepro gpg
# Another kernel for tests that want what this machine's own may lack; Debian has it for this architecture.
UML_PACKAGES := $(if $(filter amd64,$(shell dpkg --print-architecture)),user-mode-linux)
CHECK_PACKAGES := $(DEMO_PACKAGES) $(APT_REPO_PACKAGES) gpg-agent python3-pytest python3-pytest-xdist rsync jq conntrack gcc libc6-dev \
  serf prometheus-alertmanager bird2 frr gobgpd ndisc6 iputils-ping dnsmasq-base arp-scan tcpdump busybox radvd kmod $(UML_PACKAGES)
ARM64_PACKAGES := $(CHECK_PACKAGES) arch-test qemu-user-static qemu-system-arm e2fsprogs
RELEASE_PACKAGES := $(ARM64_PACKAGES) piuparts
BENCH_PACKAGES := $(CHECK_PACKAGES) python3-pycurl keepalived e2fsprogs

.PHONY: help build release lint format check-quick soak check check-release check-arm64 fuzz interop packaging appliance bench \
  bench-failover soak-alarms soak-calm demo deb apt-repo clean packages-build packages-check packages-deb

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

packages-build:
	@scripts/install-packages $(BUILD_PACKAGES)
	@scripts/require-swift

packages-check:
	@scripts/install-packages $(CHECK_PACKAGES)
	@scripts/require-swift

packages-deb:
	@scripts/install-packages $(DEB_PACKAGES)

build: packages-build ## the daemon with debugging symbols: .build/debug/lbd
	swift build --product lbd

release: packages-build ## the daemon as it is shipped: .build/release/lbd
	@echo "Building lbd (a minute or two the first time)"
	swift build --configuration release --product lbd --static-swift-stdlib

deb: $(DEBS) ## the Debian packages, as root: dist/lbd_VERSION_ARCHITECTURE.deb

$(DEBS): dist/lbd_$(VERSION)_%.deb: $(DEB_SOURCES) | packages-deb
	scripts/make-deb $* dist
	@touch $@

apt-repo: deb ## a signed apt repository for a web server, as root: dist/apt (KEY=fingerprint to sign with, URL=its address)
	@scripts/install-packages $(APT_REPO_PACKAGES)
	URL="$(URL)" scripts/make-apt-repo "$(KEY)" dist/apt $(DEBS)

demo: ## see it work: three nodes, a client and a small control plane in network namespaces (KUBE=real: a real one)
	@scripts/install-packages $(DEMO_PACKAGES)
	@scripts/require-swift
	@$(MAKE) --no-print-directory release
	LBD_BINARY=$(CURDIR)/$(RELEASE) $(PYTHON) Tests/demo.py

lint: ## formatting, as .swift-format says
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)

format: ## put the sources into shape
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

check-quick: packages-build ## module tests and simulation, in under two minutes after a build
	swift build --build-tests -Xswiftc -warnings-as-errors
	swift test --skip-build --parallel
	scripts/check-traces

soak: packages-build ## SEEDS=n seeds more of the simulation, of each kind, from the seed FROM=k on
	swift build --build-tests
	SIM_SEEDS=$(or $(SEEDS),10000) SIM_FROM=$(or $(FROM),1000000) \
	  swift test --skip-build --parallel --filter 'Simulation\.(SimulationTests|FailoverTests)'

fuzz: packages-check ## two minutes of fuzzing from the kept corpus
	Tests/Fuzz/run.sh 13

interop: packages-check release ## the daemon among real peers, in network namespaces
	Tests/Interop/lab/kube_build.sh
	cd Tests/Interop && LBD_BINARY=$(CURDIR)/$(RELEASE) $(PYTHON) -m pytest -p no:cacheprovider --durations=10 \
	  --numprocesses=$(WORKERS) --dist=loadfile

packaging: packages-check $(DEB) ## the Debian package, looked at and installed
	cd Tests/Packaging && $(PYTHON) -m pytest -p no:cacheprovider --durations=5 --ignore=release

appliance: packages-check release $(DEB) ## nodes that boot: Debian 13, cloud-init, apt, systemd
	Tests/Interop/lab/kube_build.sh >/dev/null
	Tests/Appliance/rig/root.sh >/dev/null
	cd Tests/Appliance && LBD_BINARY=$(CURDIR)/$(RELEASE) LBD_PACKAGE=$(CURDIR)/$(DEB) \
	  $(PYTHON) -m pytest -p no:cacheprovider --durations=10 --ignore=arm64

check-arm64: packages-check release $(DEB_ARM64) ## an arm64 machine that boots, emulated: Debian's kernel, systemd, lbd
	@scripts/install-packages $(ARM64_PACKAGES)
	Tests/Interop/lab/kube_build.sh >/dev/null
	Tests/Appliance/arm64/root.sh >/dev/null
	cd Tests/Appliance && LBD_BINARY=$(CURDIR)/$(RELEASE) LBD_PACKAGE=$(CURDIR)/$(DEB_ARM64) \
	  $(PYTHON) -m pytest -p no:cacheprovider arm64

check: packages-check ## everything but what check-release adds
	$(MAKE) lint
	$(MAKE) check-quick
	$(MAKE) fuzz
	$(MAKE) interop
	$(MAKE) packaging
	$(MAKE) appliance

check-release: ## everything, for a release: also a second build of both packages, piuparts, arm64, false alarms
	$(MAKE) check
	$(MAKE) deb
	@scripts/install-packages $(RELEASE_PACKAGES)
	cd Tests/Packaging && $(PYTHON) -m pytest -p no:cacheprovider --durations=5 release
	$(MAKE) check-arm64
	$(MAKE) soak-calm
	$(MAKE) soak-alarms

bench: $(DEB) ## figures of lbd, each beside a floor in the same run (BENCH_SERVICES=10000: a larger cold start; TRIALS=100)
	@scripts/install-packages $(BENCH_PACKAGES)
	@scripts/require-swift
	@$(MAKE) --no-print-directory release
	LBD_BINARY=$(CURDIR)/$(RELEASE) LBD_PACKAGE=$(CURDIR)/$(DEB) $(PYTHON) Tests/bench.py
	@echo "In simulation, packets and bytes a second from each node: beats, gossip, direct messages"
	@SIM_COST=1 swift test --filter 'Simulation\.CostTests' | grep '^|'

bench-failover: ## what faults cost, beside keepalived, into docs/failover.md and docs/failover.svg (TRIALS=100)
	@scripts/install-packages $(BENCH_PACKAGES)
	@scripts/require-swift
	@$(MAKE) --no-print-directory release
	LBD_BINARY=$(CURDIR)/$(RELEASE) $(PYTHON) Tests/failover.py --docs docs

soak-alarms: ## half an hour of a busy machine and a lossy network: nobody takes an address over falsely (MINUTES=30)
	@scripts/install-packages $(BENCH_PACKAGES)
	@scripts/require-swift
	@$(MAKE) --no-print-directory release
	LBD_BINARY=$(CURDIR)/$(RELEASE) $(PYTHON) Tests/alarms.py

soak-calm: packages-build ## 24 simulated hours of a lossy network: no address changes its owner (HOURS=24)
	swift build --build-tests
	SIM_MINUTES=$$(($(or $(HOURS),24) * 60 / 8)) \
	  swift test --skip-build --parallel --filter 'Simulation\.FailoverTests/nothingMovesWithoutReason'

clean: ## remove what was built here
	rm -rf .build .build-* Tests/Fuzz/.build dist
