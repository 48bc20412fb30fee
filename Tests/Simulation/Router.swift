import BGP
import Wire

@testable import Balancer

/// The router of the LAN, which speaks BGP with each node: what each has told it, and keeps over the restart of a daemon that
/// has asked for that (RFC 4724 section 4.2).
struct Router {
    /// One node, as the router knows it.
    struct Neighbor {
        var session: BGP.Session
        /// The routes by this node, and whether each is from before its daemon restarted.
        var table: [Prefix: Bool] = [:]
        var staleUntil: Instant?
        var wakeGeneration = 0
        fileprivate var decoders: [Int: StreamDecoder] = [:]

        /// Drops what was kept over a restart for too long.
        mutating func expire(at now: Instant) {
            guard let until = staleUntil, until <= now else { return }
            dropStale()
        }

        private mutating func dropStale() {
            staleUntil = nil
            table = table.filter { !$0.value }
        }

        /// Takes what the session has met.
        mutating func note(_ report: BGP.Report, at now: Instant) {
            switch report {
            case .down(.disconnected), .down(.replaced):
                // No NOTIFICATION: it may be back.
                table = table.mapValues { _ in true }
                staleUntil = now.advanced(by: Router.restartTime)
            case .down: table = [:]
            case .up, .failed, .ended: break
            }
        }

        /// Keeps what comes of routes on the connection `id`.
        mutating func listen(_ bytes: ArraySlice<UInt8>, on id: Int) {
            decoders[id, default: StreamDecoder()].append(bytes)
            while let message = (try? decoders[id]?.next(Codec())).flatMap({ $0 }) {
                guard case .update(let update) = message, session.state == .established else { continue }
                for prefix in update.withdrawn { table[prefix] = nil }
                for prefix in update.announced { table[prefix] = false }
                if update.endOfRIB == .ipv4Unicast { dropStale() }
            }
        }
    }

    static let address = IPAddress.v4(Client.gateway)
    static let asn: UInt32 = 64_513
    /// What lbd asks for.
    private static let restartTime = Duration.seconds(120)

    var neighbors: [Neighbor]

    init(nodes: Int) {
        neighbors = (0..<nodes).map { _ in
            Neighbor(
                session: BGP.Session(
                    BGP.Settings(
                        localASN: Self.asn, peerASN: World.peer.localASN, routerID: Client.gateway, isPassive: true)))
        }
    }

    /// The nodes by which it reaches `address`, ascending.
    func nodes(for address: IPAddress) -> [Int] {
        neighbors.indices.filter { index in neighbors[index].table.keys.contains { $0.range.contains(address) } }
    }
}

/// A TCP connection between a daemon and the router: what is sent on it arrives, in order, for as long as both ends are
/// there, however often it has to be sent again.
struct RouterStream {
    /// What comes on it.
    enum News {
        case bytes(ArraySlice<UInt8>)
        case end
    }

    let node: Int
    let process: Int
    /// The daemon's number of it.
    let id: Int
    /// The router's; nil until it has taken it.
    var routerID: Int?
    var toRouter: [News] = []
    var toNode: [News] = []
    /// The daemon has closed it.
    var isClosed = false
    /// The router has closed it.
    var isLeft = false
}
