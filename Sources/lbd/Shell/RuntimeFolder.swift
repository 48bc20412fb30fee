import Balancer
import FoundationEssentials
internal import Glibc
import System
import Wire

/// The folder that a boot empties (`/run/lbd`): what a daemon leaves to the one that follows it.
struct RuntimeFolder {
    private static let limitBytes = 4 << 20

    private let path: String

    /// The folder at `path`, made where it is missing. Where that fails, so does what is written into it.
    init(_ path: String) {
        self.path = path
        try? Folder.make(path, mode: 0o755)
    }

    /// The file that holds what the last daemon left.
    var inheritancePath: String { "\(path)/inheritance.json" }

    private struct File: Codable {
        struct Entry: Codable {
            var address: String
            var interfaceIndex: UInt32
            var epoch: UInt64?
        }

        struct Routed: Codable {
            var addresses: [String]
            var labels: [String: String]
            var nodeAddresses: [String]
        }

        /// On the boot clock.
        var leftAtNanoseconds: Int64
        var claims: [Entry]
        var routed: Routed?
    }

    /// What is left, as the bytes of its file.
    static func encode(_ inheritance: Inheritance) -> [UInt8] {
        let claims = inheritance.claims.map {
            File.Entry(
                address: $0.address.description, interfaceIndex: $0.interfaceIndex,
                epoch: inheritance.epochs[$0.address])
        }
        let routed = inheritance.routed.map {
            File.Routed(
                addresses: $0.addresses.map(\.description), labels: $0.labels,
                nodeAddresses: $0.nodeAddresses.map(\.description))
        }
        let file = File(leftAtNanoseconds: inheritance.leftAt.nanoseconds, claims: claims, routed: routed)
        return (try? JSONEncoder().encode(file)).map { Array($0) } ?? []
    }

    /// What `bytes` say; nil where they are no such file. Entries that make no sense are left out.
    static func decode(_ bytes: [UInt8]) -> Inheritance? {
        guard let file = try? JSONDecoder().decode(File.self, from: Data(bytes)) else { return nil }
        let claims = file.claims.compactMap { entry in
            IPAddress(entry.address).map { Claim($0, on: entry.interfaceIndex) }
        }
        let epochs = file.claims.compactMap { entry in
            IPAddress(entry.address).flatMap { address in entry.epoch.map { (address, $0) } }
        }
        return Inheritance(
            claims: claims.sorted(), epochs: Dictionary(epochs) { max($0, $1) },
            routed: file.routed.map {
                Inheritance.Routed(
                    addresses: $0.addresses.compactMap { IPAddress($0) }.sorted(), labels: $0.labels,
                    nodeAddresses: $0.nodeAddresses.compactMap { IPAddress($0) })
            },
            leftAt: Instant(nanoseconds: file.leftAtNanoseconds))
    }

    /// What the last daemon left, once: a later start finds nothing.
    func takeInheritance() -> Inheritance? {
        let bytes = try? System.File.read(inheritancePath, limit: Self.limitBytes)
        unlink(inheritancePath)
        return bytes.flatMap(Self.decode)
    }
}
