import KubeWatch
import NetLink
import Wire

@testable import Balancer

/// One node's daemon: the Balancer, and what its Shell and its connections would know.
final class Daemon {
    /// A write on its way out of the process.
    struct Outgoing {
        var connection: Int
        var id: WriteID
        var write: Write
    }

    let name: String
    let index: Int
    var balancer: Instance?
    /// Counts the processes; what belongs to an earlier one is void.
    var process = 0
    /// Counts the connections; a write of an earlier one does not leave any more.
    var connection = 0
    /// The number of each kind's watch; what an earlier one had still to tell is void.
    var streams: [Kind: Int] = [:]
    var openStreams: Set<Kind> = []
    var lastTold: [Kind: Instant] = [:]
    var unreachableUntil = Instant.zero
    var frozenUntil: Instant?
    /// What waits for a frozen process.
    var inbox: [Event] = []
    var unflushed: [Outgoing] = []
    var hasMissedTimer = false
    var wakeGeneration = 0
    /// Writes without an outcome yet.
    var underWay: Set<WriteID> = []
    /// What it keeps on its disk.
    var saved: Saved?
    var filePools: Pools?
    /// What it leaves to the process that follows.
    var inheritance: Inheritance?
    /// What it answers for.
    var claims: Set<Claim> = []
    var isLinkUp = true
    /// What it has been told about its link; nil before.
    var knowsLinkIsUp: Bool?
    /// The objects that it knows of, as its watches have told.
    var known: [Kind: Set<ObjectKey>] = [:]

    init(_ index: Int) {
        self.index = index
        name = "pi\(index + 1)"
    }

    var isAlive: Bool { balancer != nil }
    var isLeaving: Bool { balancer?.departure != nil }

    var links: [Link] {
        let prefix = Prefix("192.168.1.\(11 + index)/24")
        return [
            Link(
                Interface(
                    index: 2, name: "eth0", macAddress: MACAddress(rawValue: UInt64(index + 1)), isUp: isLinkUp,
                    addresses: prefix.map { [$0] } ?? []))
        ]
    }

    /// Notes what the daemon is told.
    func learn(_ event: Event) {
        if case .links(let links) = event { knowsLinkIsUp = links.contains(where: \.interface.isUp) }
        guard let subject = event.subject else { return }
        if subject.isThere {
            known[subject.kind, default: []].insert(subject.key)
        } else {
            known[subject.kind]?.remove(subject.key)
        }
    }
}
