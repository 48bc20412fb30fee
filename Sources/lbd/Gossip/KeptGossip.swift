import FoundationEssentials
import Wire

/// What of the gossip is kept in the state folder, so that after a boot of all nodes without the API server the group forms.
struct KeptGossip: Hashable {
    /// The secrets that it is encrypted with, the newest first.
    var secrets: [[UInt8]] = []
    /// Where the members were last seen, by name.
    var peers: [String: SocketAddress] = [:]
    /// What they were told as this node's address; nil for nothing yet.
    var address: IPAddress?

    private struct File: Codable {
        var secrets: [Data]
        var peers: [String: String]
        var address: String?
    }

    /// As the bytes of its file.
    var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let file = File(
            secrets: secrets.map { Data($0) }, peers: peers.mapValues(\.description), address: address?.description)
        return (try? encoder.encode(file)).map { Array($0) } ?? []
    }

    /// What is to be kept.
    init(secrets: [[UInt8]] = [], peers: [String: SocketAddress] = [:], address: IPAddress? = nil) {
        self.secrets = secrets
        self.peers = peers
        self.address = address
    }

    /// What `bytes` say; nil where they are no such file. Entries that make no sense are left out.
    init?(_ bytes: [UInt8]) {
        guard let file = try? JSONDecoder().decode(File.self, from: Data(bytes)) else { return nil }
        secrets = file.secrets.map { [UInt8]($0) }.filter { !$0.isEmpty && $0.count <= SecretRotation.maximumLength }
        peers = file.peers.compactMapValues { SocketAddress($0) }
        address = file.address.flatMap { IPAddress($0) }
    }
}
