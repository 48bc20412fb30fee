import KubeWatch
import Testing

/// The look for MetalLB's custom resources.
@Suite struct SurveyTests {
    private static let group =
        #"{"kind":"APIGroup","apiVersion":"v1","name":"metallb.io","versions":[{"groupVersion":"metallb.io/v1beta1","#
        + #""version":"v1beta1"}],"preferredVersion":{"groupVersion":"metallb.io/v1beta1","version":"v1beta1"}}"#

    private static func talk() -> (Conversation, Request) {
        var talk = Conversation([], surveysMetalLB: true)
        let requests = talk.handle(.start).requests
        #expect(requests.map(\.path) == ["/apis/metallb.io"])
        return (talk, requests[0])
    }

    @Test func nobodyAsksUnlessTold() {
        var talk = Conversation([])
        #expect(talk.handle(.start).requests.isEmpty)
    }

    @Test func aChangeIsToldAndTheSameIsNot() {
        var (talk, request) = Self.talk()
        #expect(talk.answer(request, 404, "404 page not found").changes == [.metalLBResources(areServed: false)])
        #expect(talk.pass(.seconds(599)).isEmpty)
        request = talk.pass(.seconds(1)).requests[0]
        #expect(talk.answer(request, 200, Self.group).changes == [.metalLBResources(areServed: true)])
        request = talk.pass(.seconds(600)).requests[0]
        #expect(talk.answer(request, 200, Self.group).changes.isEmpty)
        request = talk.pass(.seconds(600)).requests[0]
        #expect(talk.answer(request, 404).changes == [.metalLBResources(areServed: false)])
    }

    @Test(arguments: [(200, "hello"), (403, JSON.status(403, "Forbidden")), (503, "not yet")])
    func whatSaysNothingIsAskedAgainSoon(status: Int, body: String) {
        var (talk, request) = Self.talk()
        #expect(talk.answer(request, status, body).changes.isEmpty)
        request = talk.pass(.seconds(60)).requests[0]
        #expect(talk.answer(request, 200, Self.group).changes == [.metalLBResources(areServed: true)])
    }

    @Test func aRequestThatIsNotAnsweredIsGivenUp() {
        var (talk, request) = Self.talk()
        #expect(talk.pass(.seconds(30)).contains(.cancel(request.id)))
        request = talk.pass(.seconds(60)).requests[0]
        #expect(talk.handle(.dropConnections(reason: "late")).closesConnections)
        #expect(talk.answer(request, 200, Self.group).changes.isEmpty, "it was asked on a connection that is closed")
        #expect(talk.pass(.seconds(60)).paths == ["/apis/metallb.io"])
    }
}
