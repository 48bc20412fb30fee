import KubeWatch
import Testing

/// Which form of EndpointSlices is listed, by what the server says it has.
@Suite struct DiscoveryTests {
    static func group(_ versions: [String]) -> String {
        let list = versions.map { #"{"groupVersion":"discovery.k8s.io/\#($0)","version":"\#($0)"}"# }
        return #"{"kind":"APIGroup","apiVersion":"v1","name":"discovery.k8s.io","versions":["#
            + list.joined(separator: ",") + #"],"preferredVersion":{"groupVersion":"x","version":"x"}}"#
    }

    @Test(arguments: [
        (["v1"], "/apis/discovery.k8s.io/v1/endpointslices"),
        (["v1beta1", "v1"], "/apis/discovery.k8s.io/v1/endpointslices"),
        (["v1beta1"], "/apis/discovery.k8s.io/v1beta1/endpointslices"),
        (["v2"], "/api/v1/endpoints"),
    ])
    func theNewestKnownVersionIsListed(versions: [String], path: String) {
        var talk = Conversation([.endpointSlice])
        let ask = talk.handle(.start).requests
        #expect(ask.map(\.path) == ["/apis/discovery.k8s.io"])
        #expect(talk.answer(ask[0], 200, Self.group(versions)).paths == [path + "?limit=500"])
    }

    @Test func aServerWithoutTheGroupHasEndpoints() {
        var talk = Conversation([.endpointSlice])
        let list = talk.answer(talk.handle(.start).requests[0], 404, "404 page not found").requests
        #expect(list.map(\.path) == ["/api/v1/endpoints?limit=500"])
        let endpoints =
            #"{"metadata":{"name":"web","namespace":"default","uid":"u","resourceVersion":"3"},"#
            + #""subsets":[{"addresses":[{"ip":"10.0.0.1","nodeName":"pi1"}],"#
            + #""notReadyAddresses":[{"ip":"10.0.0.2","nodeName":"pi2"}],"ports":[{"port":80}]},{"addresses":null}]}"#
        let told = talk.answer(list[0], 200, JSON.page("EndpointsList", "5", [endpoints]))
        let key = ObjectKey(namespace: "default", name: "web")
        let slice = EndpointSlice(
            metadata: ObjectMeta(key: key, uid: "u", resourceVersion: "3"), serviceName: "web",
            endpoints: [
                .init(nodeName: "pi1", address: "10.0.0.1"),
                .init(nodeName: "pi2", isServing: false, address: "10.0.0.2"),
            ])
        #expect(told.changes == [.upserted(.endpointSlice(slice)), .synced(.endpointSlice)])
        #expect(told.paths.first?.hasPrefix("/api/v1/endpoints?watch=1") == true)
    }

    @Test func aListThatIsNotFoundDiscoversAgain() {
        var talk = Conversation([.endpointSlice])
        let list = talk.answer(talk.handle(.start).requests[0], 200, Self.group(["v1beta1"])).requests[0]
        let watch = talk.answer(list, 200, JSON.page("EndpointSliceList")).requests[0]
        talk.handle(.head(watch.id, status: 200, retryAfter: nil))
        talk.line(watch, JSON.bookmark("101"))
        // A break alone discovers nothing.
        talk.handle(.finished(watch.id, failure: "reset"))
        let resumed = talk.pass(.seconds(1)).requests[0]
        #expect(resumed.path.hasPrefix("/apis/discovery.k8s.io/v1beta1/endpointslices?watch=1"))
        talk.answer(resumed, 404, "404 page not found")
        let again = talk.pass(.seconds(2)).requests[0]
        #expect(again.path == "/apis/discovery.k8s.io/v1beta1/endpointslices?limit=500")
        talk.answer(again, 404, "404 page not found")
        let asked = talk.pass(.seconds(3)).requests[0]
        #expect(asked.path == "/apis/discovery.k8s.io")
        #expect(
            talk.answer(asked, 200, Self.group(["v1"])).paths == ["/apis/discovery.k8s.io/v1/endpointslices?limit=500"])
    }

    @Test func aServerThatSaysNothingIsAskedAgain() {
        var talk = Conversation([.endpointSlice])
        let told = talk.answer(talk.handle(.start).requests[0], 200, "hello")
        #expect(told.changes.map(\.short) == ["interrupted"])
        #expect(talk.pass(.seconds(1)).paths == ["/apis/discovery.k8s.io"])
    }
}
