import Balancer
import EventLoop
import FoundationEssentials
internal import Glibc
import KubeWatch
import System
import Wire

/// The way to the API server: reads the kubeconfig, reads it again when it changes, and holds the connection that it
/// describes. The kubeconfig may come later than the daemon.
final class Cluster {
    /// A kubeconfig is put there in several steps: install(1) deletes, writes, and gives it to its owner.
    private static let settlingTime = Duration.milliseconds(200)

    /// As many random bytes as MetalLB puts into the Secret.
    private static let secretBytes = 128

    private let path: String
    private let loop: Loop
    private let report: Report
    private let settings: Configuration.Kubernetes
    private let allocation: AllocationPolicy
    private let watchesSecret: Bool
    private let onChange: (Change) -> Void
    private let onOutcome: (UInt64, Outcome) -> Void
    private var watch: FolderSource?
    private var settled: EventLoop.Timer?
    private var credentials: Credentials?
    private var connection: Connection?

    /// The way that `settings` describe, with what `allocation` needs to know and, where it `watchesSecret`, the Secret of the
    /// gossip; what the cluster tells goes to `onChange`, how a write ended to `onOutcome`.
    init(
        _ settings: Configuration.Kubernetes, allocation: AllocationPolicy, watchesSecret: Bool, loop: Loop,
        report: Report,
        onChange: @escaping (Change) -> Void, onOutcome: @escaping (UInt64, Outcome) -> Void
    ) {
        self.settings = settings
        self.allocation = allocation
        self.watchesSecret = watchesSecret
        path = settings.kubeconfig
        self.loop = loop
        self.report = report
        self.onChange = onChange
        self.onOutcome = onOutcome
        let (folder, name) = Path.split(path)
        do {
            settled = try loop.timer { [unowned self] in read() }
            watch = try loop.watch(folder: folder) { [unowned self] changed in
                if changed == name { settled?.arm(at: loop.now.advanced(by: Self.settlingTime)) }
            }
        } catch {
            report.problem(.kubeconfig, "\(error): a new kubeconfig is seen at a reload only")
        }
    }

    /// Reads the kubeconfig, and connects anew where it has changed.
    func read() {
        if access(path, F_OK) != 0, errno == ENOENT {
            let advice = "put there what `lbd enroll` prints where kubectl works"
            return report.problem(.kubeconfig, "no kubeconfig at \(path): \(advice)")
        }
        do {
            let fresh = try Kubeconfig.load(path)
            guard fresh != credentials else {
                report.problem(.kubeconfig, nil)
                return
            }
            credentials = fresh
            connect(fresh)
        } catch {
            // What worked so far goes on: a file that is being edited is no reason to stop.
            report.problem(.kubeconfig, error.diagnostics.first?.description)
        }
    }

    /// Sends a write; without a connection it ends as unanswered.
    func write(_ number: UInt64, _ write: Write) {
        guard let connection else {
            onOutcome(number, .unanswered(reason: "there is no kubeconfig"))
            return
        }
        connection.write(number, write)
    }

    /// Makes the Secret `key` with fresh bytes; without a connection that ends as unanswered.
    func createSecret(_ number: UInt64, _ key: ObjectKey) {
        do {
            // In base64, as people make it by MetalLB's instructions.
            let text = Data(try Random.bytes(Self.secretBytes)).base64EncodedString()
            write(number, .createSecret(Secret(metadata: ObjectMeta(key: key), secretKey: Array(text.utf8))))
        } catch {
            onOutcome(number, .unanswered(reason: "\(error)"))
        }
    }

    /// Closes all connections before another byte leaves on them.
    func dropConnections(reason: String) {
        connection?.dropConnections(reason: reason)
    }

    private var scope: Client.Configuration {
        var scope = Client.Configuration(
            configMap: ObjectKey(namespace: settings.namespace, name: settings.configMap),
            leaseNamespace: settings.leaseNamespace, podNamespace: settings.namespace, surveysMetalLB: true)
        // MetalLB's controller matters to nobody else.
        if allocation != .auto { scope.kinds.remove(.pod) }
        scope.secret = settings.gossipSecret
        if watchesSecret { scope.kinds.insert(.secret) }
        return scope
    }

    private func connect(_ credentials: Credentials) {
        do throws(ConnectionError) {
            if let connection {
                try connection.use(credentials)
            } else {
                // The Balancer hears of an unreachable server by the interrupted watches.
                connection = try Connection(
                    loop: loop, credentials: credentials, configuration: scope, onChange: onChange,
                    onOutcome: onOutcome, onReachability: { _, _ in })
            }
            report.problem(.kubeconfig, nil)
        } catch {
            report.problem(.kubeconfig, "\(error)")
        }
    }
}
