// swift-tools-version: 6.0
import PackageDescription

/// A C library of the distribution: a module map and a shim header, found by pkg-config.
func library(_ name: String, _ pkgConfig: String? = nil, debian package: String? = nil) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: package.map { [.apt([$0])] })
}

/// For what the simulation runs a million times: without this, its thousand seeds take minutes in a debug build.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
    name: "lbd",
    products: [
        .executable(name: "lbd", targets: ["lbd"]),
        // For the fuzzers, which are a package of their own.
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "ARP", targets: ["ARP"]),
        .library(name: "BGP", targets: ["BGP"]),
        .library(name: "DHCP", targets: ["DHCP"]),
        .library(name: "Balancer", targets: ["Balancer"]),
        .library(name: "Heartbeat", targets: ["Heartbeat"]),
        .library(name: "KubeWatch", targets: ["KubeWatch"]),
        .library(name: "NetLink", targets: ["NetLink"]),
        .library(name: "SWIM", targets: ["SWIM"]),
        .library(name: "Varlink", targets: ["Varlink"]),
    ],
    targets: [
        library("CSystemd", "libsystemd", debian: "libsystemd-dev"),
        library("CCurl", "libcurl", debian: "libcurl4-openssl-dev"),
        library("CYAML", "yaml-0.1", debian: "libyaml-dev"),
        library("CCrypto", "libcrypto", debian: "libssl-dev"),
        library("CLinux"),

        .target(name: "Crypto", dependencies: ["CCrypto"]),
        .target(name: "Wire", swiftSettings: optimized),
        .target(name: "Varlink", dependencies: ["Wire"]),
        .target(name: "Heartbeat", dependencies: ["Wire"], swiftSettings: optimized),
        .target(name: "System", dependencies: ["Wire", "CLinux"]),
        .target(name: "EventLoop", dependencies: ["System", "Wire", "CSystemd", "CLinux"]),
        .target(name: "BGP", dependencies: ["Wire", "Crypto", "System", "EventLoop"], swiftSettings: optimized),
        .target(name: "SWIM", dependencies: ["Wire", "Crypto", "System", "EventLoop"], swiftSettings: optimized),
        .target(name: "NetLink", dependencies: ["Wire", "System", "EventLoop", "CLinux"]),
        .target(name: "ARP", dependencies: ["Wire", "System", "EventLoop", "CLinux"], swiftSettings: optimized),
        .target(name: "DHCP", dependencies: ["Wire", "System", "EventLoop"]),
        .target(name: "KubeWatch", dependencies: ["Wire", "System", "EventLoop", "CCurl"]),
        .target(
            name: "Balancer",
            dependencies: ["Wire", "Crypto", "Heartbeat", "NetLink", "ARP", "BGP", "SWIM", "KubeWatch"],
            swiftSettings: optimized),
        .executableTarget(
            name: "lbd",
            dependencies: [
                "Wire", "Crypto", "System", "EventLoop", "NetLink", "ARP", "DHCP", "BGP", "SWIM", "KubeWatch",
                "Balancer", "Varlink", "CYAML", "CLinux",
            ],
            // A link to kubernetes/lbd.yaml, so that a bare program can apply it.
            resources: [.embedInCode("Enrollment/lbd.yaml")]),

        .testTarget(name: "WireTests", dependencies: ["Wire", "Crypto"]),
        .testTarget(name: "VarlinkTests", dependencies: ["Varlink", "Wire"]),
        .testTarget(name: "HeartbeatTests", dependencies: ["Heartbeat", "Wire"], swiftSettings: optimized),
        .testTarget(
            name: "BGPTests", dependencies: ["BGP", "Wire", "System", "EventLoop"], swiftSettings: optimized),
        .testTarget(
            name: "SWIMTests", dependencies: ["SWIM", "Wire", "Crypto", "System", "EventLoop"],
            // Read from where they are.
            exclude: ["Captures"],
            swiftSettings: optimized),
        .testTarget(name: "HouseTests"),
        .testTarget(name: "SystemTests", dependencies: ["System", "Wire"]),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "System", "Wire"]),
        .testTarget(
            name: "lbdTests",
            dependencies: [
                "lbd", "ARP", "Balancer", "BGP", "DHCP", "KubeWatch", "NetLink", "SWIM", "Varlink", "EventLoop",
                "System", "Wire",
            ]),
        .testTarget(name: "NetLinkTests", dependencies: ["NetLink", "Wire"]),
        .testTarget(name: "ARPTests", dependencies: ["ARP", "Wire"]),
        .testTarget(name: "DHCPTests", dependencies: ["DHCP", "Wire"]),
        .testTarget(name: "KubeWatchTests", dependencies: ["KubeWatch", "Wire", "EventLoop", "System"]),
        .testTarget(name: "BalancerTests", dependencies: ["Balancer", "Wire", "NetLink", "BGP", "SWIM", "KubeWatch"]),
        .testTarget(
            name: "Simulation",
            dependencies: ["lbd", "Balancer", "BGP", "SWIM", "Heartbeat", "ARP", "KubeWatch", "NetLink", "Wire"],
            swiftSettings: optimized),
    ],
    swiftLanguageModes: [.v6]
)
