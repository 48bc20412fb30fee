internal import CCurl

/// How libcurl is told where the server is.
struct ServerURL {
    /// What every request's path is appended to, without a trailing slash.
    let base: String
    /// CURLOPT_CONNECT_TO: where to connect although `base` names another host; nil where it does not.
    let connectTo: String?
    /// The Host header, where `base` names another host.
    let host: String?

    /// With a TLS server name the URL bears that name, since libcurl checks the certificate against the URL's host.
    init(_ server: String, tlsServerName: String?) throws(ConnectionError) {
        let url = curl_url()
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, server, 0) == CURLUE_OK,
            let scheme = Self.part(url, CURLUPART_SCHEME), scheme == "https" || scheme == "http",
            let host = Self.part(url, CURLUPART_HOST), let port = Self.part(url, CURLUPART_PORT),
            Self.part(url, CURLUPART_USER) == nil, Self.part(url, CURLUPART_QUERY) == nil
        else { throw .server(server) }
        if let name = tlsServerName {
            guard curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK else { throw .server(name) }
            connectTo = "\(name):\(port):\(host):\(port)"
            self.host = "\(host):\(port)"
        } else {
            connectTo = nil
            self.host = nil
        }
        guard var base = Self.part(url, CURLUPART_URL) else { throw .server(server) }
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
    }

    private static func part(_ url: OpaquePointer?, _ part: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let flags = part == CURLUPART_PORT ? UInt32(CURLU_DEFAULT_PORT) : 0
        guard curl_url_get(url, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
