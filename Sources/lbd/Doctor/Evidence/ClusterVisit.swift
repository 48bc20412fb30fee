import Crypto
import EventLoop
import FoundationEssentials
import KubeWatch
import System
import Wire

/// Asks the API server a few things with the daemon's own credentials: whether it answers, what time it has, what lbd may do, and
/// which Services have addresses of nodes.
struct ClusterVisit {
    /// For so long a single answer is waited for.
    private static let patience = Duration.seconds(4)
    /// Services that are looked at.
    private static let serviceLimit = 500

    /// How far it went.
    private(set) var way: ClusterCheck.Way
    /// How long the client certificate is still valid, in seconds; nil where there is none.
    private(set) var certificateSecondsLeft: Int?
    /// How far this node's clock is ahead of the server's, in seconds; nil where it did not tell.
    private(set) var clockDifferenceSeconds: Int?
    /// What the server said about each permission.
    private(set) var verdicts: [PermissionCheck.Verdict] = []
    /// Why not all were asked for; nil where they were.
    private(set) var reason: String?
    /// The addresses in the status of each Service of type LoadBalancer, by `NAMESPACE/NAME`; nil where it is not known.
    private(set) var ingresses: [String: [IPAddress]]?

    private let deadline: Instant

    /// Goes there, with the kubeconfig that `configuration` names, until `deadline`. Other sources of `loop` run meanwhile.
    init(_ configuration: Configuration, loop: Loop, deadline: Instant) {
        self.deadline = deadline
        let path = configuration.kubernetes.kubeconfig
        way = .noKubeconfig(path: path)
        reason = "the API server was not asked"
        guard File.exists(path) else { return }
        let credentials: Credentials
        do { credentials = try Kubeconfig.load(path) } catch {
            way = .unusable(problem: error.diagnostics.first?.description ?? "\(error)")
            return
        }
        certificateSecondsLeft = Self.secondsLeft(of: credentials.identity)
        let exchange: Exchange
        do { exchange = try Exchange(loop: loop, credentials: credentials, limit: Self.patience) } catch {
            way = .unusable(problem: "\(path): \(error)")
            return
        }
        knock(exchange, server: credentials.server)
        guard way.isOpen else { return }
        askForPermissions(exchange, loop: loop, configuration)
        lookAtServices(exchange, loop: loop)
    }

    private mutating func knock(_ exchange: Exchange, server: String) {
        do throws(ConnectionError) {
            let reply = try exchange.send(.get, "/version")
            clockDifferenceSeconds = reply.dateSeconds.map { WallClock.now - $0 }
            way =
                switch reply.status {
                // Whether lbd's account may ask for the version does not matter.
                case 200, 403: .reached(server: server)
                case 401: .unauthorized(server: server, problem: reply.problem)
                default: .refused(server: server, problem: reply.problem)
                }
        } catch {
            way = .unreachable(server: server, reason: "\(error)")
        }
    }

    private mutating func askForPermissions(_ exchange: Exchange, loop: Loop, _ configuration: Configuration) {
        do {
            for permission in try Manifest.permissions(for: configuration) {
                guard loop.now < deadline else {
                    reason = "the API server takes too long"
                    return
                }
                let reply = try exchange.send(
                    .post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                    body: Request.Body(contentType: "application/json", bytes: permission.review))
                guard (200..<300).contains(reply.status), let isAllowed = Permission.isAllowed(reply.body) else {
                    reason = reply.status < 300 ? "the answer makes no sense" : reply.problem
                    return
                }
                verdicts.append(PermissionCheck.Verdict(permission: permission, isAllowed: isAllowed))
            }
            reason = nil
        } catch {
            reason = "\(error)"
        }
    }

    private mutating func lookAtServices(_ exchange: Exchange, loop: Loop) {
        guard loop.now < deadline, let reply = try? exchange.send(.get, "/api/v1/services?limit=\(Self.serviceLimit)"),
            reply.status == 200, let list = try? JSONDecoder().decode(ServiceList.self, from: Data(reply.body))
        else { return }
        ingresses = Dictionary(
            list.items.filter { $0.spec?.type == "LoadBalancer" }.map { item in
                let ingress = item.status?.loadBalancer?.ingress ?? []
                return (
                    "\(item.metadata.namespace)/\(item.metadata.name)",
                    ingress.compactMap { $0.ip.flatMap { IPAddress($0) } }
                )
            }
        ) { $1 }
    }

    private static func secondsLeft(of identity: Credentials.Identity) -> Int? {
        guard case .certificate(let certificate, key: _) = identity else { return nil }
        let pem: [UInt8]?
        switch certificate {
        case .text(let text): pem = Array(text.utf8)
        case .file(let path): pem = try? File.read(path, limit: 1 << 20)
        }
        return pem.flatMap { Certificate.end(ofPEM: $0) }.map { $0 - WallClock.now }
    }
}

/// The part of a list of Services that is used.
private struct ServiceList: Decodable {
    struct Item: Decodable {
        struct Metadata: Decodable {
            let namespace: String
            let name: String
        }

        struct Spec: Decodable {
            let type: String?
        }

        struct Status: Decodable {
            struct LoadBalancer: Decodable {
                struct Ingress: Decodable {
                    let ip: String?
                }

                let ingress: [Ingress]?
            }

            let loadBalancer: LoadBalancer?
        }

        let metadata: Metadata
        let spec: Spec?
        let status: Status?
    }

    let items: [Item]
}
