import EventLoop
import FoundationEssentials
internal import Glibc
import KubeWatch
import System
import Wire

/// The preparation of a cluster for lbd: its manifest applied, and a kubeconfig for the nodes. All of it can be done again
/// and changes nothing then.
struct Enrollment {
    /// The Secret that the cluster puts the account's token into.
    private static let secret = ObjectKey(namespace: "lbd-system", name: "lbd-token")
    /// How long the cluster may take to do that.
    private static let tokenLimit = Duration.seconds(30)
    private static let tokenPauseMicroseconds: UInt32 = 250_000
    /// The admin's kubeconfig, and what it says.
    private let file: String
    private let admin: Credentials
    private let loop: Loop
    private let exchange: Exchange
    private let tell: (String) -> Void

    /// The preparation with the admin's kubeconfig `file`; `tell` gets lines for people about what is done.
    init(kubeconfig file: String, tell: @escaping (String) -> Void) throws(EnrollmentError) {
        self.file = file
        self.tell = tell
        do { admin = try Kubeconfig.load(file) } catch { throw .file(error) }
        do { loop = try Loop() } catch { throw .system(error) }
        do { exchange = try Exchange(loop: loop, credentials: admin) } catch {
            throw .unreachable(server: admin.server, error)
        }
        tell("\(file): the API server is \(admin.server)")
    }

    /// Applies the manifest: what it names is as it says afterwards, whoever changed it.
    func apply() throws(EnrollmentError) {
        let documents: [Manifest.Document]
        do { documents = try Manifest.documents() } catch { throw .file(error) }
        for document in documents {
            // Server-side apply: the server reads the YAML, and leaves alone what that does not name.
            let reply = try send(
                .patch, document.path + "?fieldManager=lbd&force=true",
                body: Request.Body(contentType: "application/apply-patch+yaml", bytes: document.bytes),
                to: "apply the \(document.name)")
            tell("\(document.name): \(reply.status == 201 ? "made" : "there")")
        }
    }

    /// The kubeconfig for the nodes, which reach the API server at `given`; without that at the place that the admin's
    /// kubeconfig names, with this host's address on the network instead of a loopback address.
    func kubeconfig(server given: ServerURL?) throws(EnrollmentError) -> NodeKubeconfig {
        let server = if let given { given.text } else { try address() }
        let token = try token()
        let kubeconfig: NodeKubeconfig
        do { kubeconfig = try NodeKubeconfig(admin, server: server, token: token) } catch { throw .system(error) }
        switch (try problem(of: kubeconfig), given) {
        case (nil, _): tell("the nodes' kubeconfig works: the API server is \(server)")
        case (let problem?, nil): throw .notAtAddress(server: server, reason: problem)
        case (let problem?, _): tell("warning: the nodes' kubeconfig does not work from here, at \(server): \(problem)")
        }
        return kubeconfig
    }

    // MARK: Steps

    /// The server's URL with this host's address on the network: what it sends from by its default route.
    private func address() throws(EnrollmentError) -> String {
        guard let url = ServerURL(admin.server), let family = url.loopbackFamily else { return admin.server }
        // The family that the kubeconfig has, if there is a way out by that.
        for family in [family, .ipv4, .ipv6] {
            if let address = try? SourceAddress.byDefaultRoute(family) { return url.on(address).text }
        }
        throw .noAddress(server: admin.server)
    }

    /// The account's token, once the cluster has made it.
    private func token() throws(EnrollmentError) -> String {
        let path = "/api/v1/namespaces/\(Self.secret.namespace)/secrets/\(Self.secret.name)"
        let deadline = loop.now.advanced(by: Self.tokenLimit)
        var isTold = false
        while true {
            let reply = try send(.get, path, to: "read the Secret \(Self.secret)")
            if let token = AccountSecret(reply.body)?.token { return token }
            guard loop.now < deadline else {
                throw .noToken(secret: "\(Self.secret)", seconds: Self.tokenLimit.components.seconds)
            }
            if !isTold { tell("waiting for the account's token") }
            isTold = true
            usleep(Self.tokenPauseMicroseconds)
        }
    }

    /// What keeps `kubeconfig` from working on this host. Whether lbd's account may ask for the version does not matter.
    private func problem(of kubeconfig: NodeKubeconfig) throws(EnrollmentError) -> String? {
        do throws(ConnectionError) {
            let exchange = try Exchange(loop: loop, credentials: kubeconfig.credentials)
            let reply = try exchange.send(.get, "/version")
            return [200, 403].contains(reply.status) ? nil : reply.problem
        } catch {
            guard case .unanswered(let reason) = error else { throw .unreachable(server: kubeconfig.server, error) }
            return reason
        }
    }

    private func send(
        _ method: Request.Method, _ path: String, body: Request.Body? = nil, to action: String
    ) throws(EnrollmentError) -> Reply {
        let reply: Reply
        do { reply = try exchange.send(method, path, body: body) } catch {
            throw .unreachable(server: admin.server, error)
        }
        switch reply.status {
        case 200..<300: return reply
        case 401: throw .unauthorized(file: file, server: admin.server, message: reply.problem)
        case 403: throw .forbidden(file: file, action: action, message: reply.problem)
        default: throw .refused(action: action, message: reply.problem)
        }
    }
}

/// The part of a Secret of type kubernetes.io/service-account-token that is used.
private struct AccountSecret: Decodable {
    private struct Entries: Decodable {
        let token: Data?
    }

    private let data: Entries?

    /// The Secret in the body of an answer; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard let secret = try? JSONDecoder().decode(AccountSecret.self, from: Data(bytes)) else { return nil }
        self = secret
    }

    /// The token, once the cluster has filled it in.
    var token: String? {
        guard let token = data?.token, !token.isEmpty else { return nil }
        return String(decoding: token, as: UTF8.self)
    }
}
