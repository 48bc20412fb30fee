import EventLoop
import Glibc
import Testing
import Wire

@testable import KubeWatch

/// The whole module against a server on the loopback interface.
@Suite struct ConnectionTests {
    /// A Connection, what it told, and the loop that both run on until enough has happened.
    private final class Bench {
        let loop: Loop
        var server: LoopbackServer?
        var connection: Connection?
        var changes: [String] = []
        var outcomes: [UInt64: Outcome] = [:]
        var reachability: [Bool] = []
        var onChange: (Change) -> Void = { _ in }

        init() throws {
            loop = try Loop()
        }

        func serve(_ respond: @escaping (LoopbackServer.Received) -> LoopbackServer.Reply) throws {
            server = try LoopbackServer(loop, respond)
        }

        func connect(
            _ kinds: Set<Kind>, identity: Credentials.Identity = .anonymous, port: UInt16? = nil
        ) throws {
            let port = port ?? server?.port ?? 0
            connection = try Connection(
                loop: loop, credentials: Credentials(server: "http://127.0.0.1:\(port)", identity: identity),
                configuration: Client.Configuration(kinds: kinds),
                onChange: { [unowned self] in
                    changes.append($0.short)
                    onChange($0)
                }, onOutcome: { [unowned self] in outcomes[$0] = $1 },
                onReachability: { [unowned self] isReachable, _ in reachability.append(isReachable) })
        }

        /// Turns the loop until each of the stages is reached in turn, doing what it leads to; gives up after 20 s. A
        /// loop that has ended cannot be run again, so this is done once.
        func run(_ stages: (until: () -> Bool, then: () throws -> Void)...) throws {
            var turns = 0
            var reached = 0
            var problem: (any Error)?
            var ticker: EventLoop.Timer?
            ticker = try loop.timer { [unowned self] in
                turns += 1
                do {
                    while reached < stages.count, stages[reached].until() {
                        reached += 1
                        try stages[reached - 1].then()
                    }
                } catch { problem = error }
                guard reached < stages.count, problem == nil, turns < 4000 else {
                    loop.exit(0)
                    return
                }
                ticker?.arm(at: loop.now.advanced(by: .milliseconds(5)))
            }
            ticker?.arm(at: loop.now)
            _ = try loop.run()
            if let problem { throw problem }
            #expect(reached == stages.count)
        }

        /// Turns the loop until `isEnough`.
        func run(until isEnough: @escaping () -> Bool) throws {
            try run((until: isEnough, then: {}))
        }
    }

    private static let object = ObjectMeta(
        key: ObjectKey(namespace: "default", name: "web"), uid: "u", resourceVersion: "7")

    @Test func aListAWatchAndAWriteReachTheServer() throws {
        let bench = try Bench()
        try bench.serve { request in
            if request.method == "PATCH" { return .answer(200, JSON.service("web", "8")) }
            if request.path.contains("watch=1") {
                return .stream(JSON.event("ADDED", JSON.service("two", "101")) + "\n" + #"{"type":"#)
            }
            return .answer(200, JSON.page("ServiceList", "100", [JSON.service("one", "7")]))
        }
        try bench.connect([.service], identity: .token("secret"))
        // A write from within a change, as the daemon does.
        bench.onChange = { [unowned bench] change in
            guard change.short == "+two@101" else { return }
            bench.connection?.write(5, .serviceStatus(Self.object, ingress: ["192.0.2.1"]))
        }
        try bench.run { !bench.outcomes.isEmpty }
        #expect(bench.changes == ["+one@7", "synced", "+two@101"])
        let written = ObjectMeta(key: Self.object.key, uid: "u-web", resourceVersion: "8")
        #expect(bench.outcomes == [5: .done(written)])
        #expect(bench.reachability == [true])
        let patch = try #require(bench.server?.requests.last)
        #expect(patch.path == "/api/v1/namespaces/default/services/web/status")
        #expect(patch.headers["content-type"] == "application/merge-patch+json")
        #expect(patch.headers["authorization"] == "Bearer secret")
        let server = try #require(bench.server)
        #expect(patch.headers["host"] == "127.0.0.1:\(server.port)")
        #expect(
            patch.body
                == #"{"metadata":{"resourceVersion":"7"},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}"#)
    }

    @Test func everyWriteOfABurstIsAnswered() throws {
        let bench = try Bench()
        try bench.serve { request in
            request.method == "PATCH" ? .answer(200, JSON.service("web", "8")) : .silence
        }
        try bench.connect([])
        for number in 1...100 {
            bench.connection?.write(UInt64(number), .serviceStatus(Self.object, ingress: ["192.0.2.\(number)"]))
        }
        try bench.run { bench.outcomes.count == 100 }
        #expect(bench.server?.requests.count == 100)
        #expect(bench.outcomes.values.allSatisfy { if case .done = $0 { true } else { false } })
    }

    @Test func aBrokenWatchGoesOnWhereItStood() throws {
        let bench = try Bench()
        var watches: [String] = []
        try bench.serve { request in
            guard request.path.contains("watch=1") else { return .answer(200, JSON.page()) }
            watches.append(request.path)
            let line = JSON.event("ADDED", JSON.service("one", "150")) + "\n" + #"{"type":"ADD"#
            return watches.count == 1 ? .broken(line) : .stream(JSON.bookmark("160") + "\n")
        }
        try bench.connect([.service])
        try bench.run { bench.changes.count == 4 }
        #expect(bench.changes == ["synced", "+one@150", "interrupted", "synced"])
        #expect(watches.last?.contains("resourceVersion=150&") == true)
    }

    @Test func droppedConnectionsAreResetAndBegunAnew() throws {
        let bench = try Bench()
        try bench.serve { request in
            if request.method == "PATCH" { return .silence }
            return request.path.contains("watch=1") ? .stream(JSON.bookmark("101") + "\n") : .answer(200, JSON.page())
        }
        try bench.connect([.service])
        bench.connection?.write(1, .serviceStatus(Self.object, ingress: []))
        var before = 0
        try bench.run(
            (
                until: { bench.server?.requests.contains { $0.path.contains("watch=1") } == true },
                then: {
                    before = try #require(bench.server?.connections)
                    bench.connection?.dropConnections(reason: "woke late")
                    #expect(bench.outcomes == [1: .unanswered(reason: "woke late")])
                }
            ), (until: { bench.changes.count == 3 && (bench.server?.resets ?? 0) > 0 }, then: {}))
        #expect(bench.changes == ["synced", "interrupted", "synced"])
        #expect((bench.server?.connections ?? 0) > before)
    }

    @Test func aServerThatIsNotThereIsToldAndTriedAgain() throws {
        let bench = try Bench()
        var port: UInt16 = 0
        do {
            // Bound and let go of: nobody listens there.
            let gone = try LoopbackServer(bench.loop) { _ in .silence }
            port = gone.port
        }
        try bench.connect([.service], port: port)
        try bench.run { (bench.connection?.counters.retries ?? 0) >= 2 }
        #expect(bench.changes == ["interrupted"])
        #expect(bench.reachability == [false])
    }

    @Test func aTokenFileIsReadAgainWhenItChanges() throws {
        let path = "/tmp/lbd-token-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        defer { unlink(path) }
        let bench = try Bench()
        try bench.serve { _ in .answer(201, "{}") }
        try bench.connect([], identity: .tokenFile(path))
        let lease = Write.createLease(Lease(metadata: Self.object))
        bench.connection?.write(1, lease)
        #expect(bench.outcomes.isEmpty)
        let refusal = "cannot open the token file \(path): No such file or directory"
        try bench.run(
            (
                until: { bench.outcomes == [1: .unanswered(reason: refusal)] },
                then: {
                    try write("first\n", to: path)
                    bench.connection?.write(2, lease)
                }
            ),
            (
                until: { bench.outcomes.count == 2 },
                then: {
                    try write("second\n", to: path)
                    bench.connection?.write(3, lease)
                }
            ), (until: { bench.outcomes.count == 3 }, then: {}))
        let sent = bench.server?.requests.compactMap { $0.headers["authorization"] }
        #expect(sent == ["Bearer first", "Bearer second"])
    }

    @Test func otherCredentialsLeadToAnotherServer() throws {
        let bench = try Bench()
        try bench.serve { request in
            request.path.contains("watch=1")
                ? .stream(JSON.bookmark("10") + "\n")
                : .answer(200, JSON.page("ServiceList", "9", [JSON.service("old", "1")]))
        }
        try bench.connect([.service])
        let other = try LoopbackServer(bench.loop) { request in
            request.path.contains("watch=1") ? .silence : .answer(200, JSON.page("ServiceList", "3"))
        }
        try bench.run(
            (
                until: { bench.changes.count == 2 },
                then: { try bench.connection?.use(Credentials(server: "http://127.0.0.1:\(other.port)")) }
            ), (until: { bench.changes.last == "synced" && bench.changes.count > 2 }, then: {}))
        #expect(bench.changes == ["+old@1", "synced", "interrupted", "-old", "synced"])
    }

    @Test func nothingIsToldAfterTheEnd() throws {
        let bench = try Bench()
        try bench.serve { _ in .answer(200, JSON.page("ServiceList", "9", [JSON.service("a", "1")])) }
        try bench.connect([.service])
        bench.onChange = { [unowned bench] _ in bench.connection?.close() }
        try bench.run { !bench.changes.isEmpty }
        #expect(bench.changes == ["+a@1"])
    }

    @Test(arguments: ["", "ftp://a", "10.0.0.1 6443", "https://user@host:1", "https://h:1/?q"])
    func aServerThatIsNoURLIsRefused(server: String) {
        #expect(throws: ConnectionError.server(server)) { _ = try ServerURL(server, tlsServerName: nil) }
    }

    @Test func aTLSServerNameTakesTheHostsPlace() throws {
        let plain = try ServerURL("https://10.0.0.1:6443/", tlsServerName: nil)
        #expect(plain.base == "https://10.0.0.1:6443")
        #expect(plain.connectTo == nil)
        let named = try ServerURL("https://[fd00::1]:6443/k8s", tlsServerName: "kubernetes")
        #expect(named.base == "https://kubernetes:6443/k8s")
        #expect(named.connectTo == "kubernetes:6443:[fd00::1]:6443")
        #expect(named.host == "[fd00::1]:6443")
    }

    @Test func theWallTimeIsWrittenAsLeasesHaveIt() {
        #expect(WallTime.text(seconds: 1_795_478_400, microseconds: 123_456) == "2026-11-24T00:00:00.123456Z")
        #expect(WallTime.text(seconds: 951_782_399, microseconds: 7) == "2000-02-28T23:59:59.000007Z")
        #expect(WallTime.now().count == 27)
    }

    private func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(file >= 0)
        #expect(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
        close(file)
    }
}
