/// Names a request between the directive that sends it and the events that answer it. Never used twice.
public struct RequestID: Hashable, Comparable, Sendable {
    /// Counted up from 1.
    public let rawValue: UInt64

    /// The request with this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Whether `left` comes before `right`.
    public static func < (left: RequestID, right: RequestID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// An HTTP request to the API server.
public struct Request: Hashable, Sendable {
    /// The methods in use.
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// Bytes to send, and what they are.
    public struct Body: Hashable, Sendable {
        /// The Content-Type.
        public var contentType: String
        /// The bytes themselves.
        public var bytes: [UInt8]

        /// A body of this type.
        public init(contentType: String, bytes: [UInt8]) {
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// Names the request in the events that answer it.
    public var id: RequestID
    /// What is to be done.
    public var method: Method
    /// Path and query, percent-encoded, beginning with a slash.
    public var path: String
    /// Nil for requests without one.
    public var body: Body?

    /// A request with these parts.
    public init(id: RequestID, method: Method, path: String, body: Body? = nil) {
        self.id = id
        self.method = method
        self.path = path
        self.body = body
    }
}

extension String {
    /// The text as part of a path or query: all bytes but RFC 3986's unreserved ones are percent-encoded.
    var percentEncoded: String {
        var result = ""
        result.reserveCapacity(utf8.count)
        for byte in utf8 {
            let scalar = Unicode.Scalar(byte)
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(scalar)
            default:
                result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
