import EventLoop
import Testing

@testable import KubeWatch

/// Single requests to a server on the loopback interface, which runs on the same loop.
@Suite struct ExchangeTests {
    private let loop: Loop

    init() throws {
        loop = try Loop()
    }

    private func exchange(_ server: LoopbackServer, _ identity: Credentials.Identity = .anonymous) throws -> Exchange {
        let credentials = Credentials(server: "http://127.0.0.1:\(server.port)", identity: identity)
        return try Exchange(loop: loop, credentials: credentials)
    }

    @Test func requestsAreAnsweredOneAfterTheOther() throws {
        let server = try LoopbackServer(loop) { request in
            request.method == "PATCH" ? .answer(201, "made") : .answer(404, JSON.status(404, "NotFound", "none here"))
        }
        let exchange = try exchange(server, .token("secret"))
        let body = Request.Body(contentType: "application/apply-patch+yaml", bytes: Array("kind: Namespace\n".utf8))
        let made = try exchange.send(.patch, "/api/v1/namespaces/a?fieldManager=lbd", body: body)
        #expect(made.status == 201 && made.body == Array("made".utf8))
        let missing = try exchange.send(.get, "/api/v1/namespaces/b")
        #expect(missing.status == 404 && missing.problem == "none here")
        #expect(server.requests.map(\.path) == ["/api/v1/namespaces/a?fieldManager=lbd", "/api/v1/namespaces/b"])
        #expect(server.requests[0].headers["content-type"] == "application/apply-patch+yaml")
        #expect(server.requests[0].headers["authorization"] == "Bearer secret")
        #expect(server.requests[0].body == "kind: Namespace\n")
        #expect(server.connections == 1)
    }

    /// In the one form that HTTP servers write (RFC 9110 section 5.6.7).
    @Test func theServersTimeIsRead() throws {
        let server = try LoopbackServer(loop) { request in
            let date = request.path == "/odd" ? "yesterday, as it were" : "Sun, 06 Nov 1994 08:49:37 GMT"
            return .answer(200, "", headers: request.path == "/none" ? [] : ["Date: \(date)"])
        }
        let exchange = try exchange(server)
        #expect(try exchange.send(.get, "/").dateSeconds == 784_111_777)
        #expect(try exchange.send(.get, "/none").dateSeconds == nil)
        #expect(try exchange.send(.get, "/odd").dateSeconds == nil)
    }

    @Test func aSilentServerIsWaitedForAsLongAsIsSaid() throws {
        let server = try LoopbackServer(loop) { _ in .silence }
        let credentials = Credentials(server: "http://127.0.0.1:\(server.port)")
        let exchange = try Exchange(loop: loop, credentials: credentials, limit: .seconds(1))
        #expect(throws: ConnectionError.unanswered(reason: "no answer within 1 s")) { try exchange.send(.get, "/") }
    }

    @Test func anAnswerThatBreaksOffIsNone() throws {
        let server = try LoopbackServer(loop) { _ in .broken("half") }
        let exchange = try exchange(server)
        do throws(ConnectionError) {
            _ = try exchange.send(.get, "/")
            Issue.record("half an answer was taken for one")
        } catch {
            guard case .unanswered = error else { throw error }
        }
    }

    @Test func aServerThatIsNotThereIsToldInWords() throws {
        var port: UInt16 = 0
        do {
            // Bound and let go of: nobody listens there.
            port = try LoopbackServer(loop) { _ in .silence }.port
        }
        let exchange = try Exchange(loop: loop, credentials: Credentials(server: "http://127.0.0.1:\(port)"))
        #expect { try exchange.send(.get, "/") } throws: { "\($0)".hasPrefix("Failed to connect to 127.0.0.1 port") }
    }
}
