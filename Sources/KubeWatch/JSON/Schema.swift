import FoundationEssentials

/// How the objects of a list or watch are written in JSON.
enum Schema: Hashable, Sendable {
    case service
    /// discovery.k8s.io EndpointSlice, v1 or v1beta1.
    case endpointSlice
    /// core/v1 Endpoints, read as one EndpointSlice of the same name.
    case endpoints
    case node
    case configMap
    case lease
    case pod
    case secret

    /// The `kind` of one object.
    var kindName: String {
        switch self {
        case .service: "Service"
        case .endpointSlice: "EndpointSlice"
        case .endpoints: "Endpoints"
        case .node: "Node"
        case .configMap: "ConfigMap"
        case .lease: "Lease"
        case .pod: "Pod"
        case .secret: "Secret"
        }
    }

    /// The `kind` of a list of them.
    var listName: String {
        kindName + "List"
    }

    /// Reads the object that `decoder` stands on, whose metadata have been read.
    func object(_ metadata: Metadata, from decoder: any Decoder) throws -> Object {
        switch self {
        case .service: .service(try Service(metadata, from: decoder))
        case .endpointSlice: .endpointSlice(try EndpointSlice(metadata, from: decoder))
        case .endpoints: .endpointSlice(try EndpointSlice(endpoints: metadata, from: decoder))
        case .node: .node(try Node(metadata, from: decoder))
        case .configMap: .configMap(try ConfigMap(metadata, from: decoder))
        case .lease: .lease(try Lease(metadata, from: decoder))
        case .pod: .pod(try Pod(metadata, from: decoder))
        case .secret: .secret(try Secret(metadata, from: decoder))
        }
    }

    /// The schema that a decoder made by `decode` reads its objects by.
    static func current(_ decoder: any Decoder) throws -> Schema {
        guard let schema = CodingUserInfoKey.schema.flatMap({ decoder.userInfo[$0] }) as? Schema else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no schema"))
        }
        return schema
    }

    /// Reads JSON whose objects follow this schema.
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        if let key = CodingUserInfoKey.schema {
            decoder.userInfo[key] = self
        }
        return try decoder.decode(type, from: Data(bytes))
    }
}

extension CodingUserInfoKey {
    /// Where the schema stands among what a decoder carries along.
    fileprivate static let schema = CodingUserInfoKey(rawValue: "schema")
}
