import Wire

/// The URL of an API server, taken apart: `SCHEME://HOST[:PORT][/PATH]`.
struct ServerURL: Hashable, Sendable {
    private let scheme: String
    /// A name or an address; an IPv6 address without its brackets.
    private let host: String
    /// Port and path.
    private let rest: String

    /// Takes `text` apart; nil for anything else than http and https.
    init?(_ text: String) {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
        let place = text.dropFirst(scheme.count)
        self.scheme = scheme
        let rest: Substring
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { return nil }
            host = String(place[..<end].dropFirst())
            rest = place[end...].dropFirst()
        } else {
            let end = place.firstIndex { $0 == ":" || $0 == "/" } ?? place.endIndex
            host = String(place[..<end])
            rest = place[end...]
        }
        self.rest = String(rest.hasSuffix("/") ? rest.dropLast() : rest)
        guard !host.isEmpty, rest.isEmpty || rest.hasPrefix(":") || rest.hasPrefix("/") else { return nil }
    }

    /// The family of the loopback address that the host is or stands for; nil for any other host.
    var loopbackFamily: AddressFamily? {
        if host.lowercased() == "localhost" { return .ipv4 }
        return switch IPAddress(host) {
        case .v4(let address)? where address.rawValue >> 24 == 127: .ipv4
        case .v6(IPv6Address(high: 0, low: 1))?: .ipv6
        default: nil
        }
    }

    /// The same on another host.
    func on(_ address: IPAddress) -> ServerURL {
        ServerURL(scheme: scheme, host: address.description, rest: rest)
    }

    private init(scheme: String, host: String, rest: String) {
        self.scheme = scheme
        self.host = host
        self.rest = rest
    }

    /// The URL, without a slash at its end.
    var text: String {
        scheme + (host.contains(":") ? "[\(host)]" : host) + rest
    }
}
