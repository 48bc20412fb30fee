internal import CCurl

/// One request under way: hands what libcurl receives for it to the Transport's inbox. libcurl must not be called from
/// its own callbacks, so nothing is delivered from here.
final class Transfer {
    let id: RequestID
    let handle: EasyHandle
    private unowned let transport: Transport
    private var retryAfter: String?
    private let problem = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// Sets up `request` on a copy of `template`.
    init(
        _ request: Request, copying template: EasyHandle, base: String, headers: [String], transport: Transport
    ) throws(ConnectionError) {
        id = request.id
        handle = try EasyHandle(copying: template)
        self.transport = transport
        problem.initialize(repeating: 0)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try handle.set(CURLOPT_PRIVATE, pointer: context)
        try handle.set(CURLOPT_WRITEDATA, pointer: context)
        try handle.set(CURLOPT_HEADERDATA, pointer: context)
        try handle.set(CURLOPT_ERRORBUFFER, pointer: UnsafeMutableRawPointer(problem.baseAddress))
        try handle.set(CURLOPT_URL, base + request.path)
        var headers = headers
        if let body = request.body {
            try handle.setBody(body.bytes)
            headers.append("Content-Type: \(body.contentType)")
            // No waiting for permission to send a body.
            headers.append("Expect:")
        }
        if request.method != .get {
            try handle.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        try handle.set(CURLOPT_HTTPHEADER, list: headers)
        lbd_curl_set_data_function(handle.pointer, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            Transfer.from(context)?.receive(data, size * count)
            return size * count
        }
        lbd_curl_set_data_function(handle.pointer, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            Transfer.from(context)?.receiveHeader(data, size * count)
            return size * count
        }
    }

    deinit {
        problem.deallocate()
    }

    /// The transfer that a finished handle belongs to.
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        var context: UnsafeMutableRawPointer?
        lbd_curl_get_pointer(easy, CURLINFO_PRIVATE, &context)
        return from(context)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// What `code` means here, in libcurl's most exact words; nil for success.
    func failure(_ code: CURLcode) -> String? {
        guard code != CURLE_OK else { return nil }
        let detail = problem.baseAddress.map { String(cString: $0) } ?? ""
        return detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    }

    private func receive(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) {
        guard count > 0 else { return }
        transport.receive(.body(id, Array(UnsafeRawBufferPointer(start: data, count: count))))
    }

    private func receiveHeader(_ data: UnsafeMutablePointer<CChar>?, _ count: Int) {
        let line = String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            retryAfter = nil
        } else if line.lowercased().hasPrefix("retry-after:") {
            retryAfter = String(line.dropFirst("retry-after:".count).filter { !$0.isWhitespace })
        } else if let onDate = transport.onDate, line.lowercased().hasPrefix("date:") {
            // An HTTP date (RFC 9110 section 5.6.7) of a server that speaks no other; -1 for nonsense.
            let date = curl_getdate(String(line.dropFirst("date:".count)), nil)
            if date >= 0 { onDate(date) }
        } else if line.allSatisfy(\.isNewline) {
            var status = 0
            lbd_curl_get_long(handle.pointer, CURLINFO_RESPONSE_CODE, &status)
            // 1xx heads are followed by another.
            guard status >= 200 else { return }
            transport.receive(.head(id, status: status, retryAfter: retryAfter))
        }
    }
}
