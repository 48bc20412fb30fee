import Testing
import Wire

@testable import SWIM

extension Versions {
    /// Those of MetalLB's speakers.
    static let metalLB = Versions(protocolMinimum: 1, protocolMaximum: 5, protocolCurrent: 2)
}

/// A group of other make, such as serf's, whose members use a version of user messages that they do not all speak.
@Suite struct VersionsTests {
    private func own(_ directives: [Directive]) -> Versions? {
        for directive in directives {
            if case .answer(let state, id: _) = directive {
                return state.nodes.first { $0.alive.node == "pi1" }?.alive.versions
            }
        }
        return nil
    }

    private func state(_ name: String, delegates: ClosedRange<UInt8>, incarnation: UInt32 = 1) -> PushPull {
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_023D)), port: 7946)
        var versions = Versions.current
        (versions.delegateMinimum, versions.delegateMaximum) = (delegates.lowerBound, delegates.upperBound)
        versions.delegateCurrent = delegates.upperBound
        let alive = Alive(incarnation: incarnation, node: name, address: address, versions: versions)
        return PushPull(isJoin: true, nodes: [PushPull.NodeState(alive, status: .alive)])
    }

    @Test func thisNodeUsesWhatAllSpeak() {
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_020B)), port: 7946)
        var instance = Instance(name: "pi1", address: address)
        var rng = PRNG(seed: 1)
        _ = instance.handle(.started, at: .zero, using: &rng)
        // With MetalLB's speakers, which know no such versions.
        var answer = instance.handle(
            .pushed(state("a", delegates: 0...0), id: 1, from: address), at: .zero, using: &rng)
        #expect(own(answer)?.delegateCurrent == 0)
        #expect(own(answer)?.delegateMinimum == 0 && own(answer)?.delegateMaximum == 255)
        // In the answer to the first of serf's agents already: else it would not join.
        answer = instance.handle(.pushed(state("b", delegates: 2...5), id: 2, from: address), at: .zero, using: &rng)
        #expect(own(answer)?.delegateCurrent == 2)
        #expect(instance.members.first { $0.name == "pi1" }?.incarnation == 2)
    }
}
