import Wire

@testable import Balancer

/// The rules about who answers for an address.
extension Checker {
    /// For how long two nodes may answer for one address that hear each other.
    static let contestLimit = Duration.milliseconds(500)
    /// Who was away for longer than this is to hear the others before it answers.
    static let noticeableAbsence = Duration.milliseconds(500)
    /// It waits for so long at least where it hears nobody.
    static let patience = Duration.seconds(1)
    /// Whether what owners announce is enough to set a client right that was misled. While it is not, the client asks on
    /// in peace, and would not notice that nobody announces.
    static let areAnnouncementsEnough = true

    /// Notes which addresses more than one node answers for.
    mutating func noteClaims(of daemons: [Daemon]) {
        var counts: [IPAddress: Int] = [:]
        for daemon in daemons {
            for address in Set(daemon.claims.keys.map(\.address)) { counts[address, default: 0] += 1 }
        }
        contested = counts.filter { $0.value > 1 }.keys.sorted()
    }

    /// Two nodes have answered for `address` since then, and have heard each other.
    mutating func checkOwners(
        _ first: Daemon, _ second: Daemon, of address: IPAddress, since: Instant, at now: Instant
    ) {
        let time = since.duration(to: now)
        longestContest = max(longestContest, time)
        require(
            time <= Self.contestLimit,
            "\(first.name) and \(second.name) both answer for \(address), for \(time) now", at: now)
    }

    /// After a long peace the client believes of each address that its owner has it. One that has not reached the client
    /// since it took the address knows nothing of that, and is heard with its next refresh.
    mutating func checkBeliefs(of client: Client, about daemons: [Daemon], at now: Instant) {
        for daemon in daemons {
            for (claim, takenAt) in daemon.claims.sorted(by: { $0.key < $1.key }) {
                guard case .v4(let address) = claim.address, let belief = client.beliefs[address],
                    let heardAt = client.heardAt[.init(address: address, owner: daemon.hardwareAddress)],
                    takenAt <= heardAt
                else { continue }
                require(
                    belief == daemon.hardwareAddress,
                    "the client believes that \(address) is at \(belief), and \(daemon.name) has it", at: now)
            }
        }
    }
}
