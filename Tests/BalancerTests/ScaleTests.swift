import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct ScaleTests {
    @Test func tenThousandServicesGetTenThousandAddresses() {
        var rig = Rig.leader(pools: Rig.pools("10.0.0.0/16"))
        for number in 0..<10_000 {
            rig.put(.named("s\(number)"))
            rig.directives.removeAll(keepingCapacity: true)
        }
        #expect(Set(rig.services.values.flatMap(\.ingress)).count == 10_000)
        #expect(rig.address(of: "s9999") == "10.0.39.15")
    }

    @Test func oneFreedAddressOfAFullPoolWakesOneOfTheThousandThatWait() {
        var rig = Rig.leader(pools: Rig.pools("10.0.0.0/24"))
        for number in 0..<1_256 { rig.put(.named("s\(number)")) }
        #expect(rig.node.assignments.waiting.count == 1_000)
        rig.clear()
        rig.delete("s7")
        #expect(rig.address(of: "s256") == "10.0.0.7")
        #expect(rig.node.assignments.waiting.count == 999)
        #expect(rig.directives.count < 12)
    }

    @Test func aQueueThatIsOftenChangedDoesNotGrow() {
        var queue = KeyQueue()
        queue.append(.named("first"))
        for number in 0..<10_000 {
            queue.append(.named("s\(number % 3)"))
            queue.remove(.named("s\(number % 3)"))
        }
        queue.append(.named("last"))
        #expect(queue.popAll() == [.named("first"), .named("last")])
        #expect(queue.isEmpty)
    }
}
