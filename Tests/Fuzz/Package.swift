// swift-tools-version: 6.0
import PackageDescription

/// A libFuzzer program over the decoders of one module of lbd. libFuzzer brings the `main`.
func fuzzer(_ name: String, over module: String) -> Target {
    .executableTarget(
        name: name, dependencies: [.product(name: module, package: "lbd"), .product(name: "Wire", package: "lbd")],
        swiftSettings: [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "lbd", path: "../..")],
    targets: [
        fuzzer("FuzzARP", over: "ARP"),
        fuzzer("FuzzBFD", over: "BGP"),
        fuzzer("FuzzBGP", over: "BGP"),
        fuzzer("FuzzBalancer", over: "Balancer"),
        fuzzer("FuzzDHCP", over: "DHCP"),
        fuzzer("FuzzHeartbeat", over: "Heartbeat"),
        fuzzer("FuzzJSON", over: "KubeWatch"),
        fuzzer("FuzzNetLink", over: "NetLink"),
        fuzzer("FuzzSWIM", over: "SWIM"),
        fuzzer("FuzzVarlink", over: "Varlink"),
    ],
    swiftLanguageModes: [.v6]
)
