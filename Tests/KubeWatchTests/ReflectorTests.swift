import KubeWatch
import Testing
import Wire

/// Transcripts of lists and watches.
@Suite struct ReflectorTests {
    @Test func aListComesInChunksAndAWatchFollowsFromItsResourceVersion() throws {
        var talk = Conversation([.service])
        let first = talk.handle(.start).requests
        #expect(first.map(\.path) == ["/api/v1/services?limit=500"])
        let page = JSON.page(continuation: "a/b+c=", [JSON.service("one", "7")])
        let told = talk.answer(first[0], 200, page)
        #expect(told.changes.map(\.short) == ["+one@7"])
        #expect(told.paths == ["/api/v1/services?limit=500&continue=a%2Fb%2Bc%3D"])
        // The first page's version counts: what came between the pages is told again by the watch.
        let rest = talk.answer(told.requests[0], 200, JSON.page("ServiceList", "105", [JSON.service("two", "8")]))
        #expect(rest.changes.map(\.short) == ["+two@8", "synced"])
        let watch = try #require(rest.paths.first)
        #expect(
            watch.hasPrefix("/api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion=100&timeoutSeconds="))
        let seconds = try #require(watch.split(separator: "=").last.flatMap { Int($0) })
        #expect((300...600).contains(seconds))
    }

    @Test func linesOfAWatchAreTold() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        #expect(talk.line(watch, JSON.event("ADDED", JSON.service("one", "101"))).changes.map(\.short) == ["+one@101"])
        #expect(
            talk.line(watch, JSON.event("MODIFIED", JSON.service("one", "102"))).changes.map(\.short) == ["+one@102"])
        #expect(talk.line(watch, JSON.event("DELETED", JSON.service("one", "103"))).changes.map(\.short) == ["-one"])
        #expect(talk.line(watch, JSON.event("DELETED", JSON.service("never", "104"))).isEmpty)
    }

    @Test func aLineMayComeInPieces() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        let bytes = Array((JSON.event("ADDED", JSON.service("one", "101")) + "\n").utf8)
        var changes: [Change] = []
        for byte in bytes {
            changes += talk.handle(.body(watch.id, [byte])).changes
        }
        #expect(changes.map(\.short) == ["+one@101"])
    }

    @Test func aWatchThatEndsIsResumedFromTheLastBookmarkInSilence() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        #expect(talk.line(watch, JSON.bookmark("150")).isEmpty)
        let next = talk.handle(.finished(watch.id, failure: nil))
        #expect(next.changes.isEmpty)
        #expect(next.paths.first?.contains("resourceVersion=150&") == true)
    }

    @Test func aWatchThatEndsAtOnceIsNotResumedAtOnce() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        #expect(talk.handle(.finished(watch.id, failure: nil)).isEmpty)
        #expect(talk.pass(.milliseconds(375)).paths.first?.contains("watch=1") == true)
    }

    @Test func aWatchBrokenWithinALineGoesOnFromBeforeIt() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        talk.line(watch, JSON.event("ADDED", JSON.service("one", "101")))
        talk.handle(.body(watch.id, Array(#"{"type":"MODIFIED","obj"#.utf8)))
        let broken = talk.handle(.finished(watch.id, failure: "connection reset by peer"))
        #expect(broken.changes == [.interrupted(.service, reason: "connection reset by peer")])
        #expect(talk.client.counters.truncatedAnswers == 1)
        let resumed = talk.pass(.seconds(1)).requests
        #expect(resumed[0].path.contains("resourceVersion=101&"))
        // The server has all that was missed; what is known is as good as after a list.
        #expect(talk.handle(.head(resumed[0].id, status: 200, retryAfter: nil)).changes == [.synced(.service)])
    }

    @Test func aNewListTellsWhatIsGone() {
        var talk = Conversation([.service])
        let items = ["c", "b", "a"].map { JSON.service($0, "1") }
        let watch = talk.answer(talk.handle(.start).requests[0], 200, JSON.page("ServiceList", "5", items)).requests[0]
        talk.handle(.head(watch.id, status: 200, retryAfter: nil))
        let gone = talk.line(watch, JSON.event("ERROR", JSON.status(410, "Expired")))
        #expect(gone.contains(.cancel(watch.id)))
        #expect(gone.paths == ["/api/v1/services?limit=500"])
        let told = talk.answer(gone.requests[0], 200, JSON.page("ServiceList", "9", [JSON.service("b", "1")]))
        #expect(told.changes.map(\.short) == ["+b@1", "-a", "-c", "synced"])
        #expect(talk.client.counters.relists == 1)
    }

    @Test func anotherUidUnderTheSameNameIsAnotherObject() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        talk.line(watch, JSON.event("ADDED", JSON.service("one", "101", uid: "first")))
        let told = talk.line(watch, JSON.event("ADDED", JSON.service("one", "110", uid: "second")))
        #expect(told.changes.map(\.short) == ["-one", "+one@110"])
    }

    @Test func aPageThatIsGoneBeginsTheListAnew() {
        var talk = Conversation([.service])
        let first = talk.handle(.start).requests[0]
        let page = JSON.page(continuation: "x", [JSON.service("one", "7")])
        let second = talk.answer(first, 200, page).requests[0]
        let gone = talk.answer(second, 410, JSON.status(410, "Expired"))
        #expect(gone.paths == ["/api/v1/services?limit=500"])
        #expect(gone.changes.isEmpty)
        // What the first try told and the second does not hold is gone.
        #expect(talk.answer(gone.requests[0], 200, JSON.page()).changes.map(\.short) == ["-one", "synced"])
    }

    @Test func aWatchRefusedAsGoneListsAnewOnceAtOnceAndThenWithWaits() {
        var talk = Conversation([.service])
        let watch = talk.answer(talk.handle(.start).requests[0], 200, JSON.page()).requests[0]
        let list = talk.answer(watch, 410, JSON.status(410, "Gone"))
        #expect(list.paths == ["/api/v1/services?limit=500"])
        let again = talk.answer(list.requests[0], 200, JSON.page()).requests[0]
        let waiting = talk.answer(again, 410, JSON.status(410, "Gone"))
        #expect(waiting.requests.isEmpty)
        #expect(waiting.changes.map(\.short) == ["interrupted"])
        #expect(talk.pass(.seconds(2)).paths == ["/api/v1/services?limit=500"])
    }

    @Test func retryAfterIsHonoured() {
        var talk = Conversation([.service])
        let first = talk.handle(.start).requests[0]
        let refused = talk.answer(first, 429, JSON.status(429, "TooManyRequests", "slow down"), retryAfter: "7")
        #expect(refused.changes == [.interrupted(.service, reason: "cannot follow Services: slow down")])
        #expect(talk.pass(.milliseconds(6_999)).isEmpty)
        #expect(talk.pass(.milliseconds(3_501)).paths == ["/api/v1/services?limit=500"])
    }

    /// The Pods of one namespace, by their labels.
    @Test func podsAreNarrowedDownByTheirLabels() {
        var talk = Conversation([.pod])
        let list = talk.handle(.start).requests[0]
        let selected = "/api/v1/namespaces/metallb-system/pods?labelSelector=app%3Dmetallb%2Ccomponent%3Dcontroller&"
        #expect(list.path == selected + "limit=500")
        let watch = talk.answer(list, 200, JSON.page("PodList")).requests[0]
        #expect(watch.path.hasPrefix(selected + "watch=1&allowWatchBookmarks=true&resourceVersion=100&"))
    }

    /// 403 is told as what it is, once, also where an interruption was told before it; a list that succeeds ends it.
    @Test func whatIsForbiddenIsToldAsSuch() {
        var talk = Conversation([.service])
        let first = talk.handle(.start).requests[0]
        talk.handle(.write(9, .relistServices, wallTime: ""))
        #expect(talk.handle(.finished(first.id, failure: "reset")).changes.isEmpty)
        var list = talk.handle(.write(8, .relistServices, wallTime: "")).requests[0]
        let broken = talk.handle(.finished(list.id, failure: "reset"))
        #expect(broken.changes.map(\.short) == ["interrupted"])
        list = talk.pass(.seconds(1)).requests[0]
        talk.handle(.write(7, .relistServices, wallTime: ""))
        let forbidden = JSON.status(403, "Forbidden", "you cannot list")
        list = talk.handle(.write(6, .relistServices, wallTime: "")).requests[0]
        let refused = talk.answer(list, 403, forbidden)
        #expect(refused.changes == [.forbidden(.service, message: "you cannot list")])
        #expect(
            refused.outcomes == [7: .forbidden(message: "you cannot list"), 6: .forbidden(message: "you cannot list")])
        #expect(talk.answer(talk.pass(.seconds(2)).requests[0], 403, forbidden).changes.isEmpty)
        let allowed = talk.answer(talk.pass(.seconds(4)).requests[0], 200, JSON.page())
        #expect(allowed.changes.map(\.short) == ["synced"])
        let watch = talk.answer(allowed.requests[0], 403, JSON.status(403, "Forbidden", "you cannot watch"))
        #expect(watch.changes == [.forbidden(.service, message: "you cannot watch")])
    }

    /// An API server that has just started refuses everybody until it has read its roles, a second or two.
    @Test func refusalsAfterAnOutageHaveShortWaitsOfTheirOwn() {
        var talk = Conversation([.service])
        var request = talk.handle(.start).requests[0]
        for _ in 0..<10 {
            talk.answer(request, 503, "upstream")
            request = talk.pass(.seconds(24)).requests[0]
        }
        let forbidden = JSON.status(403, "Forbidden", "not yet")
        #expect(talk.answer(request, 403, forbidden).changes == [.forbidden(.service, message: "not yet")])
        for wait in [375, 750, 1500] {
            request = talk.pass(.milliseconds(wait)).requests[0]
            talk.answer(request, 403, forbidden)
        }
    }

    @Test func credentialsThatAreNotAcceptedAreAnInterruption() {
        var talk = Conversation([.service])
        let refused = talk.answer(
            talk.handle(.start).requests[0], 401, JSON.status(401, "Unauthorized", "Unauthorized"))
        let reason = "it does not accept the credentials in the kubeconfig (Unauthorized)"
        #expect(refused.changes == [.interrupted(.service, reason: reason)])
    }

    @Test func waitsGrowWithinTheirBoundsAndEndWithASuccess() {
        var talk = Conversation([.service])
        var request = talk.handle(.start).requests[0]
        for failures in 0..<10 {
            let base = 250 << min(failures, 5)
            let told = talk.answer(request, 503, "upstream").changes
            #expect(told.count == (failures == 0 ? 1 : 0))
            #expect(talk.pass(.milliseconds(base / 2 - 1)).isEmpty)
            request = talk.pass(.milliseconds(base + 1)).requests[0]
        }
        #expect(talk.client.counters.retries == 10)
        let watch = talk.answer(request, 200, JSON.page()).requests[0]
        talk.handle(.head(watch.id, status: 200, retryAfter: nil))
        talk.line(watch, JSON.bookmark("101"))
        talk.handle(.finished(watch.id, failure: "reset"))
        #expect(talk.pass(.milliseconds(375)).requests.count == 1)
    }

    @Test func waitsAreSpread() {
        let waits = Set(
            (1...20).map { seed in
                var talk = Conversation([.service], seed: UInt64(seed))
                talk.handle(.finished(talk.handle(.start).requests[0].id, failure: "refused"))
                var steps = 0
                while talk.pass(.milliseconds(10)).isEmpty, steps < 100 { steps += 1 }
                return steps
            })
        #expect(waits.count > 5)
        #expect(waits.allSatisfy { (12...38).contains($0) })
    }

    @Test func oneBadItemIsSkippedAndNotToldAsGone() {
        var talk = Conversation([.service])
        let watch = talk.answer(
            talk.handle(.start).requests[0], 200, JSON.page("ServiceList", "1", [JSON.service("a", "1")])
        ).requests[0]
        talk.handle(.head(watch.id, status: 200, retryAfter: nil))
        let list = talk.line(watch, JSON.event("ERROR", JSON.status(410, "Expired"))).requests[0]
        let bad = #"{"metadata":{"name":"a","namespace":"default"},"spec":{"ports":[{"port":70000}]}}"#
        let told = talk.answer(list, 200, JSON.page("ServiceList", "2", [bad, "17", JSON.service("b", "2")]))
        #expect(told.changes.map(\.short) == ["+b@2", "synced"])
        #expect(talk.client.counters.skippedObjects == 2)
    }

    @Test(arguments: [
        #"{"kind":"ServiceList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"#, "<html></html>",
        #"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}"#,
        #"{"kind":"ServiceList","metadata":{"resourceVersion":"1"}}"#,
        #"{"kind":"ServiceList","metadata":{},"items":[]}"#,
        "",
    ])
    func aListThatIsNoneDeletesNothing(body: String) {
        var talk = Conversation([.service])
        let told = talk.answer(talk.handle(.start).requests[0], 200, body)
        #expect(told.changes.map(\.short) == ["interrupted"])
        #expect(talk.client.counters.truncatedAnswers == 1)
        #expect(talk.pass(.seconds(1)).paths == ["/api/v1/services?limit=500"])
    }

    @Test func nullItemsAreAnEmptyList() {
        var talk = Conversation([.service])
        let body = #"{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":null}"#
        #expect(talk.answer(talk.handle(.start).requests[0], 200, body).changes == [.synced(.service)])
    }

    @Test func aLineThatIsNotJSONIsSkippedAndListsAnew() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        talk.line(watch, JSON.bookmark("101"))
        let told = talk.line(watch, #"{"type":"ADDED","object":{"metada"#)
        #expect(told.paths == ["/api/v1/services?limit=500"])
        #expect(talk.client.counters.skippedObjects == 1)
    }

    @Test func aLineBeyondTheLimitIsSkippedAndListsAnew() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var told: [Client.Directive] = []
        for _ in 0..<5 where told.isEmpty {
            told = talk.handle(.body(watch.id, piece))
        }
        #expect(told.paths == ["/api/v1/services?limit=500"])
        #expect(talk.client.counters.oversizedAnswers == 1)
    }

    @Test func aPageBeyondTheLimitAsksForFewerObjects() {
        var talk = Conversation([.service])
        let list = talk.handle(.start).requests[0]
        talk.handle(.head(list.id, status: 200, retryAfter: nil))
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 6 << 20)
        var told: [Client.Directive] = []
        for _ in 0..<3 where told.isEmpty {
            told = talk.handle(.body(list.id, piece))
        }
        #expect(told.contains(.cancel(list.id)))
        #expect(told.paths == ["/api/v1/services?limit=125"])
    }

    @Test func anErrorThatIsNoExpiryWaitsAndLists() {
        var talk = Conversation([.service])
        let watch = talk.openEmptyWatch()
        let told = talk.line(watch, JSON.event("ERROR", JSON.status(500, "InternalError", "etcd is ill")))
        #expect(told.changes == [.interrupted(.service, reason: "the watch of Services ended: etcd is ill")])
        #expect(talk.pass(.seconds(1)).paths == ["/api/v1/services?limit=500"])
    }

    @Test func singleObjectsAreSelectedByNameAndLeasesByNamespace() {
        var talk = Conversation([.configMap, .secret, .lease, .node])
        #expect(
            talk.handle(.start).paths == [
                "/api/v1/namespaces/metallb-system/configmaps?fieldSelector=metadata.name%3Dconfig&limit=500",
                "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases?limit=500", "/api/v1/nodes?limit=500",
                "/api/v1/namespaces/metallb-system/secrets?fieldSelector=metadata.name%3Dmemberlist&limit=500",
            ])
    }
}
