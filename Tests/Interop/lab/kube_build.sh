#!/bin/bash
# Prints the folder that holds etcd, kubectl, kube-apiserver, kube-controller-manager and kube-proxy, the only line on
# standard output. The first two come from Debian 12's packages, unpacked and not installed, so that no service starts and
# no other kubectl is in the way; the rest is built from its source package `kubernetes`, whose tarball carries every
# dependency. The result is kept in ${LBD_CACHE:-/var/cache/lbd}/kubernetes-SOURCE-VERSION and used again; two callers at
# once wait for each other, and an interrupted build leaves nothing behind.
#
# Installs, where they are missing, the tools that the build calls. Needs root for that, and for nothing else.
set -euo pipefail
topic=kubernetes
source "$(dirname "$0")/../../../scripts/steps.sh"

readonly source_version='1.20.5+really1.20.2' # the upstream part of the Debian version
readonly kube_version='v1.20.2'
readonly suite=bookworm # also on later Debians, which have no source of the servers
readonly go_package=golang-1.19
readonly programs=(kube-apiserver kube-controller-manager kube-proxy)

install_missing() {
    local tool packages=()
    for tool in jq make rsync; do
        command -v "$tool" >/dev/null || packages+=("$tool")
    done
    ((${#packages[@]})) || return 0
    ((EUID == 0)) || die "needs these packages first: ${packages[*]}"
    say "installing ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2 ||
        die 'apt-get install failed'
}

# apt with a state folder of its own, so that the machine's lists and sources stay as they are.
private_apt() {
    local command=$1
    shift
    "$command" -q -o "Dir::State=$work/apt/state" -o "Dir::State::status=$work/apt/status" -o "Dir::Cache=$work/apt/cache" \
        -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o APT::Sandbox::User=root "$@"
}

fetch() {
    local mirror
    mirror=$(debian_mirror)
    mkdir -p "$work"/apt/{state/lists/partial,cache/archives/partial} "$work/download"
    : >"$work/apt/status"
    local line
    for line in deb deb-src; do
        printf '%s [signed-by=%s] %s %s main\n' "$line" "$keyring" "$mirror" "$suite"
    done >"$work/apt/sources.list"
    step "reading $suite's package lists" 10 private_apt apt-get update
    cd "$work/download"
    # apt checks what it fetches against the signed lists.
    step "fetching the source of kubernetes $source_version" 15 \
        private_apt apt-get source --download-only "kubernetes=$(debian_version)"
    # The same compiler everywhere: newer ones are too new for this source.
    step 'fetching etcd, kubectl and the Go compiler' 15 \
        private_apt apt-get download etcd-server kubernetes-client "$go_package-go" "$go_package-src"
}

debian_version() {
    private_apt apt-cache showsrc kubernetes |
        awk -v want="$source_version-" '$1 == "Version:" && index($2, want) == 1 { print $2; exit }'
}

unpack() {
    local package
    for package in "$work"/download/*.deb; do
        dpkg-deb --extract "$package" "$work/packages"
    done
    cp "$work/packages/usr/bin/etcd" "$work/packages/usr/bin/kubectl" "$work/bin/"
    mkdir -p "$tree"
    tar -xf "$work"/download/kubernetes_*.orig.tar.* -C "$tree" --strip-components=1
}

build() {
    local root=$work/packages/usr/lib/go-1.19
    tree=$work/path/src/k8s.io/kubernetes
    step 'unpacking' 20 unpack
    export GOROOT=$root PATH=$root/bin:$PATH GOPATH=$work/path GOCACHE=$work/gocache GOTOOLCHAIN=local
    export GO111MODULE=off CGO_ENABLED=0 GOFLAGS= HOME=$work
    cd "$tree"
    step 'generating code' 90 make generated_files
    local version=k8s.io/kubernetes/vendor/k8s.io/component-base/version
    step "building ${programs[*]}" 170 go build -o "$work/bin/" \
        -ldflags "-s -w -X $version.gitVersion=$kube_version -X $version.gitMajor=1 -X $version.gitMinor=20" \
        "${programs[@]/#/./cmd/}"
}

make_programs() {
    mkdir "$work/bin"
    install_missing
    fetch
    build
    local program
    for program in "${programs[@]}"; do
        local says
        says=$("$work/bin/$program" --version) || die "$program does not run"
        [[ $says == "Kubernetes $kube_version" ]] || die "$program says that it is $says"
    done
    mv "$work/bin" "$work/result"
}

keep "kubernetes-$source_version" make_programs
