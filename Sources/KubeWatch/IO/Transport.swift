internal import CCurl
internal import EventLoop
internal import Glibc
internal import System

/// Carries requests to the API server by libcurl's multi interface on the event loop: over HTTP/2 where the server
/// offers it, all on one connection.
final class Transport {
    /// Where it is set, it is told what time the server has, in seconds since 1970 began, with each head that says so.
    var onDate: ((Int) -> Void)?

    private let loop: Loop
    private let onEvent: (Client.Event) -> Void
    private let credentials: Credentials
    private let server: ServerURL
    private let template: EasyHandle
    private var tokenFile: TokenFile?
    private var multi: UnsafeMutableRawPointer?
    private var transfers: [RequestID: Transfer] = [:]
    private var sources: [Int32: IOSource] = [:]
    private var sockets: Set<Int32> = []
    private var timer: Timer?
    private var next: Deferred?
    private var inbox: [Client.Event] = []

    /// Streams on one HTTP/2 connection.
    private static let streams = 250
    /// Connections where the server speaks HTTP/1.1 only: each watch holds one.
    private static let connections = 32
    /// What one read takes at most.
    private static let bufferBytes = 32 * 1024

    /// libcurl's set-up for the process. A peer's reset must come as an error, not as a signal.
    private static let isPrepared: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    /// A transport without connections; `onEvent` gets heads, bodies and ends of answers.
    init(
        loop: Loop, credentials: Credentials, onEvent: @escaping (Client.Event) -> Void
    ) throws(ConnectionError) {
        guard Self.isPrepared else { throw .library(action: "start", reason: "it does not say why") }
        self.loop = loop
        self.onEvent = onEvent
        self.credentials = credentials
        server = try ServerURL(credentials.server, tlsServerName: credentials.tlsServerName)
        template = try Self.template(credentials, server)
        if case .tokenFile(let path) = credentials.identity {
            tokenFile = TokenFile(path: path)
        }
        do {
            timer = try loop.timer { [unowned self] in drive(CURL_SOCKET_TIMEOUT, 0) }
            next = try loop.deferred { [unowned self] in
                deliver()
                readMessage()
            }
        } catch { throw .system(error) }
        let context = Unmanaged.passUnretained(self).toOpaque()
        try template.set(CURLOPT_CLOSESOCKETDATA, pointer: context)
        try template.set(CURLOPT_SOCKOPTDATA, pointer: context)
        multi = makeMulti()
    }

    deinit {
        close()
    }

    // MARK: Requests

    /// Sends a request; its answer comes as events, never before this returns.
    func send(_ request: Request) {
        do {
            var headers = ["Accept: application/json"]
            if let host = server.host {
                headers.append("Host: \(host)")
            }
            if let token = try token() {
                headers.append("Authorization: Bearer \(token)")
            }
            let transfer = try Transfer(
                request, copying: template, base: server.base, headers: headers, transport: self)
            guard let multi, curl_multi_add_handle(multi, transfer.handle.pointer) == CURLM_OK else {
                throw ConnectionError.library(action: "add a transfer", reason: "out of memory")
            }
            transfers[request.id] = transfer
        } catch {
            receive(.finished(request.id, failure: "\(error)"))
        }
    }

    /// Forgets a request.
    func cancel(_ id: RequestID) {
        guard let transfer = transfers.removeValue(forKey: id), let multi else { return }
        curl_multi_remove_handle(multi, transfer.handle.pointer)
    }

    /// Closes all connections at once; nothing that is queued on them is sent any more.
    func closeConnections() {
        close()
        multi = makeMulti()
    }

    /// Closes all connections, for good.
    func close() {
        // First of all, since libcurl says goodbye on what it closes and flushes what it holds on the way.
        for socket in sockets {
            SocketOptions.abort(socket)
        }
        if let multi {
            for transfer in transfers.values {
                curl_multi_remove_handle(multi, transfer.handle.pointer)
            }
            transfers = [:]
            curl_multi_cleanup(multi)
        }
        multi = nil
        for socket in sources.keys {
            unwatch(socket)
        }
        inbox = []
        timer?.disarm()
    }

    /// Keeps what a callback of libcurl brings until libcurl may be called again.
    func receive(_ event: Client.Event) {
        inbox.append(event)
        next?.schedule()
    }

    private func token() throws -> String? {
        switch credentials.identity {
        case .token(let token): token
        case .tokenFile: try tokenFile?.current()
        case .anonymous, .certificate: nil
        }
    }

    // MARK: libcurl

    /// Lets libcurl do what is due on `socket`, then passes on what it brought.
    private func drive(_ socket: Int32, _ events: Int32) {
        guard let multi else { return }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, events, &running)
        deliver()
        readMessage()
    }

    private func deliver() {
        let events = inbox
        inbox = []
        for event in events {
            onEvent(event)
        }
    }

    /// Takes one finished transfer. What it leads to may change everything here, so the next one waits for its turn.
    private func readMessage() {
        var count: Int32 = 0
        guard let multi, let message = curl_multi_info_read(multi, &count), message.pointee.msg == CURLMSG_DONE,
            let easy = message.pointee.easy_handle, let transfer = Transfer.of(easy)
        else { return }
        next?.schedule()
        let failure = transfer.failure(lbd_curl_message_result(message))
        curl_multi_remove_handle(multi, easy)
        transfers[transfer.id] = nil
        onEvent(.finished(transfer.id, failure: failure))
    }

    private func makeMulti() -> UnsafeMutableRawPointer? {
        guard let multi = curl_multi_init() else { return nil }
        let context = Unmanaged.passUnretained(self).toOpaque()
        lbd_curlm_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
        lbd_curlm_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        lbd_curlm_set_socket_function(multi) { _, socket, interest, context, _ in
            Transport.from(context)?.watch(socket, interest)
            return 0
        }
        lbd_curlm_set_timer_function(multi) { _, milliseconds, context in
            Transport.from(context)?.arm(milliseconds)
            return 0
        }
        lbd_curlm_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        lbd_curlm_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, Self.streams)
        lbd_curlm_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, Self.connections)
        lbd_curlm_set_long(multi, CURLMOPT_MAXCONNECTS, Self.connections)
        return multi
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transport? {
        context.map { Unmanaged<Transport>.fromOpaque($0).takeUnretainedValue() }
    }

    /// libcurl wants to know when `socket` is ready, or no longer does.
    private func watch(_ socket: Int32, _ interest: Int32) {
        var wanted: Readiness = []
        if interest == CURL_POLL_IN || interest == CURL_POLL_INOUT { wanted.insert(.readable) }
        if interest == CURL_POLL_OUT || interest == CURL_POLL_INOUT { wanted.insert(.writable) }
        guard !wanted.isEmpty else {
            unwatch(socket)
            return
        }
        if let source = sources[socket], (try? source.watch(for: wanted)) != nil { return }
        sources[socket] = try? loop.watch(socket, for: wanted) { [unowned self] ready in
            var events: Int32 = 0
            if ready.contains(.readable) { events |= CURL_CSELECT_IN }
            if ready.contains(.writable) { events |= CURL_CSELECT_OUT }
            if ready.contains(.failed) || ready.contains(.hungUp) { events |= CURL_CSELECT_ERR }
            drive(socket, events)
        }
    }

    /// libcurl does this from within the socket's own handler too, and then closes it or wants it watched again.
    private func unwatch(_ socket: Int32) {
        sources.removeValue(forKey: socket)?.end()
    }

    /// libcurl wants to be called after so many milliseconds; -1 for never.
    private func arm(_ milliseconds: Int) {
        if milliseconds < 0 {
            timer?.disarm()
        } else {
            timer?.arm(at: loop.now.advanced(by: .milliseconds(milliseconds)))
        }
    }

    fileprivate func opened(_ socket: Int32) {
        sockets.insert(socket)
        SocketOptions.watchPeer(socket)
    }

    fileprivate func closed(_ socket: Int32) {
        sockets.remove(socket)
        unwatch(socket)
        Glibc.close(socket)
    }

    /// The options that all requests have in common.
    private static func template(_ credentials: Credentials, _ server: ServerURL) throws(ConnectionError) -> EasyHandle
    {
        let handle = try EasyHandle()
        try handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // Requests wait for the first one's connection rather than open their own.
        try handle.set(CURLOPT_PIPEWAIT, 1)
        try handle.set(CURLOPT_NOSIGNAL, 1)
        // Letting go of a transfer must not wait for a name server.
        try handle.set(CURLOPT_QUICK_EXIT, 1)
        try handle.set(CURLOPT_PROXY, "")
        try handle.set(CURLOPT_PATH_AS_IS, 1)
        try handle.set(CURLOPT_USERAGENT, "lbd")
        try handle.set(CURLOPT_BUFFERSIZE, bufferBytes)
        try handle.set(CURLOPT_CONNECTTIMEOUT_MS, 5_000)
        try handle.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // Certificates may be replaced on disk; they are read once a connection.
        try handle.set(CURLOPT_CA_CACHE_TIMEOUT, 0)
        if let authority = credentials.certificateAuthority {
            try handle.set(authority, text: CURLOPT_CAINFO_BLOB, file: CURLOPT_CAINFO)
        }
        if credentials.skipsVerification {
            try handle.set(CURLOPT_SSL_VERIFYPEER, 0)
            try handle.set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if case .certificate(let certificate, let key) = credentials.identity {
            try handle.set(certificate, text: CURLOPT_SSLCERT_BLOB, file: CURLOPT_SSLCERT)
            try handle.set(key, text: CURLOPT_SSLKEY_BLOB, file: CURLOPT_SSLKEY)
        }
        if let connectTo = server.connectTo {
            try handle.set(CURLOPT_CONNECT_TO, list: [connectTo])
        }
        lbd_curl_set_sockopt_function(handle.pointer) { context, socket, _ in
            Transport.from(context)?.opened(socket)
            return CURL_SOCKOPT_OK
        }
        lbd_curl_set_close_function(handle.pointer) { context, socket in
            Transport.from(context)?.closed(socket)
            return 0
        }
        return handle
    }
}
