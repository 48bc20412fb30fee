/// What a server says about itself.
public struct ServerInfo: Hashable, Sendable {
    private struct Info: Encodable {
        var vendor: String
        var product: String
        var version: String
        var url: String
        var interfaces: [String]
    }

    private struct Description: Encodable {
        var description: String
    }

    /// Who made it.
    public var vendor: String
    /// What it is.
    public var product: String
    /// Which version of it.
    public var version: String
    /// Where to read about it.
    public var url: String
    /// What it offers besides org.varlink.service.
    public var interfaces: [Interface]

    /// A server with these properties.
    public init(vendor: String, product: String, version: String, url: String, interfaces: [Interface]) {
        self.vendor = vendor
        self.product = product
        self.version = version
        self.url = url
        self.interfaces = interfaces
    }

    /// The reply to `call`; nil where that is for the server's own methods to give.
    func reply(to call: Call) -> Reply? {
        guard let interface = call.interface else { return .failure(.invalidParameter("method")) }
        guard let offered = find(interface) else { return .failure(.interfaceNotFound(interface)) }
        guard offered.methods.contains(call.name) else { return .failure(.methodNotFound(call.method)) }
        if call.wantsUpgrade { return .failure(.methodNotImplemented(call.method)) }
        guard offered.name == Interface.service.name else { return nil }
        return call.name == "GetInfo" ? info(call) : description(call)
    }

    private func find(_ name: String) -> Interface? {
        ([.service] + interfaces).first { $0.name == name }
    }

    private func info(_ call: Call) -> Reply {
        if let unknown = call.unknownParameter() { return .failure(.invalidParameter(unknown)) }
        return Reply(
            Info(
                vendor: vendor, product: product, version: version, url: url,
                interfaces: ([.service] + interfaces).map(\.name)))
    }

    private func description(_ call: Call) -> Reply {
        if let unknown = call.unknownParameter(besides: ["interface"]) { return .failure(.invalidParameter(unknown)) }
        guard case .text(let name) = call.parameters["interface"] else {
            return .failure(.invalidParameter("interface"))
        }
        guard let interface = find(name) else { return .failure(.interfaceNotFound(name)) }
        return Reply(Description(description: interface.description))
    }
}
