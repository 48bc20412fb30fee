import KubeWatch
import Testing
import Wire

/// Transcripts of writes, and of the care for the connection.
@Suite struct ClientTests {
    static let wallTime = "2026-11-24T00:00:00.123456Z"
    static let object = ObjectMeta(key: ObjectKey(namespace: "default", name: "web"), uid: "u", resourceVersion: "7")
    static let status = Write.serviceStatus(object, ingress: ["192.168.2.129"])

    @Test func aWriteGoesOutAndItsAnswerIsTold() {
        var talk = Conversation([])
        talk.handle(.start)
        let sent = talk.handle(.write(1, Self.status, wallTime: Self.wallTime)).requests
        #expect(sent.map(\.method) == [.patch])
        let body =
            #"{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"default","uid":"u","#
            + #""resourceVersion":"8"},"spec":{},"status":{}}"#
        var written = Self.object
        written.resourceVersion = "8"
        #expect(talk.answer(sent[0], 200, body).outcomes == [1: .done(written)])
    }

    @Test(arguments: [
        (201, "{", Outcome.done(nil)), (200, JSON.status(0, "", ""), .done(nil)),
        (409, JSON.status(409, "Conflict"), .conflict), (404, JSON.status(404, "NotFound"), .notFound),
        (401, JSON.status(401, "Unauthorized", "who?"), .forbidden(message: "who?")),
        (403, JSON.status(403, "Forbidden", "not you"), .forbidden(message: "not you")),
        (422, JSON.status(422, "Invalid", "bad ip"), .rejected(status: 422, message: "bad ip")),
        (400, "nonsense", .rejected(status: 400, message: "the API server answers with HTTP status 400")),
        (500, "", .busy(after: nil)), (503, "", .busy(after: .seconds(3))), (429, "", .busy(after: .seconds(3))),
    ])
    func statusesBecomeOutcomes(status: Int, body: String, outcome: Outcome) {
        var talk = Conversation([])
        talk.handle(.start)
        let sent = talk.handle(.write(1, Self.status, wallTime: Self.wallTime)).requests[0]
        let told = talk.answer(sent, status, body, retryAfter: outcome == .busy(after: nil) ? nil : "3")
        #expect(told.outcomes == [1: outcome])
    }

    @Test func aWriteThatCannotBeSentIsUnanswered() {
        var talk = Conversation([])
        talk.handle(.start)
        let sent = talk.handle(.write(1, Self.status, wallTime: Self.wallTime)).requests[0]
        let told = talk.handle(.finished(sent.id, failure: "connection refused"))
        #expect(told.outcomes == [1: .unanswered(reason: "connection refused")])
        #expect(told.contains(.reachable(false, detail: "connection refused")))
    }

    @Test func aWriteUnansweredForFiveSecondsClosesTheConnection() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        talk.line(watch, JSON.bookmark("101"))
        talk.handle(.write(1, Self.status, wallTime: Self.wallTime))
        #expect(talk.pass(.seconds(3)).isEmpty)
        talk.handle(.write(2, Self.status, wallTime: Self.wallTime))
        #expect(talk.pass(.milliseconds(1_999)).isEmpty)
        let told = talk.pass(.milliseconds(1))
        #expect(told.first == .closeConnections)
        let reason = "the API server did not answer a write within 5 s"
        #expect(told.outcomes == [1: .unanswered(reason: reason), 2: .unanswered(reason: reason)])
        #expect(told.changes == [.interrupted(.service, reason: reason)])
        #expect(told.contains(.reachable(false, detail: reason)))
        #expect(talk.client.counters.unansweredWrites == 1)
        #expect(talk.pass(.seconds(1)).paths.first?.contains("resourceVersion=101&") == true)
        // What the old connection still brings is nobody's.
        #expect(talk.line(watch, JSON.event("ADDED", JSON.service("late", "102"))).isEmpty)
    }

    @Test func aBurstGoesOutAtOnceUpToTheLimit() {
        var talk = Conversation([])
        talk.handle(.start)
        for number in 1...256 {
            let sent = talk.handle(.write(UInt64(number), Self.status, wallTime: Self.wallTime))
            #expect(sent.requests.count == 1)
        }
        #expect(talk.handle(.write(257, Self.status, wallTime: Self.wallTime)).outcomes == [257: .busy(after: nil)])
    }

    @Test func droppedConnectionsEndWritesAndResumeWatchesAtOnce() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        talk.handle(.write(1, Self.status, wallTime: Self.wallTime))
        talk.handle(.write(2, .relistServices, wallTime: Self.wallTime))
        let told = talk.handle(.dropConnections(reason: "woke late"))
        #expect(told.first == .closeConnections)
        #expect(told.outcomes == [1: .unanswered(reason: "woke late"), 2: .unanswered(reason: "woke late")])
        #expect(told.changes == [.interrupted(.service, reason: "woke late")])
        // The list that was under way is begun anew.
        #expect(told.paths == ["/api/v1/services?limit=500"])
        #expect(talk.handle(.finished(watch.id, failure: "closed")).isEmpty)
    }

    @Test func whatIsWrongWithNewCredentialsIsTold() {
        var talk = Conversation([.service])
        _ = talk.openEmptyWatch()
        let again = talk.handle(.start)
        #expect(again.changes == [.interrupted(.service, reason: "no answer yet with the new kubeconfig")])
        let refused = talk.handle(.finished(again.requests[0].id, failure: "refused"))
        #expect(refused.changes == [.interrupted(.service, reason: "refused")])
        let next = talk.pass(.seconds(30)).requests[0]
        #expect(talk.handle(.finished(next.id, failure: "refused")).changes.isEmpty)
        // A change of credentials between two attempts is one as well, and so is a refusal.
        let other = talk.handle(.start).requests[0]
        #expect(
            talk.handle(.finished(other.id, failure: "timed out")).changes == [
                .interrupted(.service, reason: "timed out")
            ])
        let refusing = talk.handle(.start).requests[0]
        let message = JSON.status(403, "Forbidden", "not you")
        #expect(talk.answer(refusing, 403, message).changes == [.forbidden(.service, message: "not you")])
    }

    @Test func aSilentWatchIsProbedAndClosedWithinAMinute() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        #expect(talk.pass(.milliseconds(29_999)).isEmpty)
        let probe = talk.pass(.milliseconds(1)).requests
        #expect(probe.map(\.path) == ["/version"])
        #expect(talk.answer(probe[0], 200, "{}").isEmpty)
        #expect(talk.pass(.seconds(29)).isEmpty)
        talk.line(watch, JSON.bookmark("101"))
        #expect(talk.pass(.seconds(29)).isEmpty)
        #expect(talk.pass(.seconds(1)).paths == ["/version"])
        #expect(talk.pass(.milliseconds(4_999)).isEmpty)
        let told = talk.pass(.milliseconds(1))
        #expect(told.closesConnections)
        #expect(told.changes.map(\.short) == ["interrupted"])
        #expect(talk.client.counters.probes == 2)
        #expect(talk.pass(.seconds(1)).paths.first?.contains("resourceVersion=101&") == true)
    }

    @Test func aSilentListClosesTheConnection() {
        var talk = Conversation([.node])
        talk.handle(.start)
        let told = talk.pass(.seconds(30))
        #expect(told.closesConnections)
        #expect(talk.pass(.seconds(1)).paths == ["/api/v1/nodes?limit=500"])
    }

    @Test func aRequestThatHangsAloneIsGivenUpAlone() {
        var talk = Conversation([.node, .service])
        let lists = talk.handle(.start).requests
        let watch = talk.answer(lists[1], 200, JSON.page()).requests[0]
        talk.handle(.head(watch.id, status: 200, retryAfter: nil))
        talk.pass(.seconds(29))
        talk.line(watch, JSON.bookmark("101"))
        let told = talk.pass(.seconds(1))
        #expect(told.contains(.cancel(lists[0].id)))
        #expect(!told.closesConnections)
    }

    @Test func aWatchThatTheServerForgotToEndIsResumed() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        var told: [Client.Directive] = []
        for _ in 0..<700 where !told.contains(.cancel(watch.id)) {
            talk.line(watch, JSON.bookmark("101"))
            told = talk.pass(.seconds(1))
        }
        #expect(told.contains(.cancel(watch.id)))
        #expect(told.paths.first?.contains("resourceVersion=101&") == true)
        #expect(told.changes.isEmpty)
    }

    @Test func reachabilityIsToldWhenItChanges() {
        var talk = Conversation([.node, .service])
        let lists = talk.handle(.start).requests
        let refused = talk.handle(.finished(lists[0].id, failure: "refused"))
        #expect(refused.contains(.reachable(false, detail: "refused")))
        #expect(!talk.handle(.finished(lists[1].id, failure: "refused")).contains(.reachable(false, detail: "refused")))
        for _ in 0..<5 {
            for request in talk.pass(.seconds(30)).requests {
                talk.handle(.finished(request.id, failure: "refused"))
            }
        }
        var requests: [Request] = []
        for _ in 0..<30 where requests.isEmpty { requests = talk.pass(.seconds(1)).requests }
        #expect(talk.handle(.head(requests[0].id, status: 200, retryAfter: nil)).contains(.reachable(true, detail: "")))
        // Whoever still waited goes on at once.
        #expect(talk.pass(.zero).requests.count == 2 - requests.count)
    }

    /// An API server that has just started may turn everybody away for a moment: the outage's long waits are over by then.
    @Test func whatFailsAfterAnOutageHasShortWaitsOfItsOwn() {
        var talk = Conversation([.service])
        var request = talk.handle(.start).requests[0]
        for _ in 0..<8 {
            talk.handle(.finished(request.id, failure: "refused"))
            request = talk.pass(.seconds(12)).requests[0]
        }
        for wait in [375, 750, 1500] {
            talk.answer(request, 503, "etcd is not there yet")
            request = talk.pass(.milliseconds(wait)).requests[0]
        }
    }

    @Test func aRequestThatFailsBesideAFlowingWatchIsNoOutage() {
        var talk = Conversation([.service])
        _ = talk.openEmptyWatch()
        let sent = talk.handle(.write(1, Self.status, wallTime: Self.wallTime)).requests[0]
        let told = talk.handle(.finished(sent.id, failure: "stream reset"))
        #expect(told == [.wrote(1, .unanswered(reason: "stream reset"))])
    }

    @Test func aQuorumListStopsTheWatchAndGoesOnAfterIt() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        let begun = talk.handle(.write(9, .relistServices, wallTime: Self.wallTime))
        #expect(begun.contains(.cancel(watch.id)))
        #expect(begun.paths == ["/api/v1/services?limit=500"])
        let told = talk.answer(begun.requests[0], 200, JSON.page("ServiceList", "200", [JSON.service("a", "150")]))
        #expect(told.changes.map(\.short) == ["+a@150", "synced"])
        #expect(told.outcomes == [9: .done(nil)])
        #expect(told.paths.first?.contains("resourceVersion=200&") == true)
    }

    @Test func aQuorumListThatFailsSaysSoAndIsTriedOn() {
        var talk = Conversation([.service])
        _ = talk.openEmptyWatch()
        let begun = talk.handle(.write(9, .relistServices, wallTime: Self.wallTime))
        #expect(talk.answer(begun.requests[0], 503, "").outcomes == [9: .busy(after: nil)])
        #expect(talk.pass(.seconds(1)).paths == ["/api/v1/services?limit=500"])
    }

    @Test func aQuorumListNeedsAWatchOfServices() {
        var talk = Conversation([.node])
        talk.handle(.start)
        let told = talk.handle(.write(1, .relistServices, wallTime: Self.wallTime))
        #expect(told.outcomes == [1: .rejected(status: 0, message: "Services are not watched")])
    }

    @Test func newCredentialsBeginAnewAndKeepWhatIsKnown() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        talk.line(watch, JSON.event("ADDED", JSON.service("a", "101")))
        let again = talk.handle(.start)
        #expect(again.closesConnections)
        #expect(again.paths == ["/api/v1/services?limit=500"])
        let told = talk.answer(again.requests[0], 200, JSON.page("ServiceList", "3"))
        #expect(told.changes.map(\.short) == ["-a", "synced"])
    }
}
