import KubeWatch
import System

/// Why a cluster cannot be prepared for lbd.
enum EnrollmentError: Error, CustomStringConvertible {
    /// No admin's kubeconfig can be read; each place that was looked at, and why not.
    case noKubeconfig([String])
    /// The admin's kubeconfig, or the manifest, is wrong.
    case file(ConfigurationError)
    /// A system call failed.
    case system(Errno)
    /// The API server at `server` cannot be reached.
    case unreachable(server: String, ConnectionError)
    /// The API server does not accept the credentials in `file`.
    case unauthorized(file: String, server: String, message: String)
    /// The API server does not let the user of `file` do what `action` says.
    case forbidden(file: String, action: String, message: String)
    /// The API server does not do what `action` says for another reason.
    case refused(action: String, message: String)
    /// The cluster has not made a token for the account.
    case noToken(secret: String, seconds: Int64)
    /// The admin's kubeconfig names the server by a loopback address, and this host has no other.
    case noAddress(server: String)
    /// The nodes' kubeconfig does not work from here, at a `server` that was concluded and not given.
    case notAtAddress(server: String, reason: String)

    /// The error in words, with what to do about it.
    var description: String {
        switch self {
        case .noKubeconfig(let problems):
            "no admin's kubeconfig can be read; looked at\n"
                + problems.map { "  \($0)\n" }.joined()
                + "run this as root on a node of the control plane, or name one by --kubeconfig FILE"
        case .file(let error): error.description
        case .system(let error): error.description
        case .unreachable(let server, let error): "the API server at \(server) cannot be reached: \(error)"
        case .unauthorized(let file, let server, let message):
            "the API server at \(server) does not accept the credentials in \(file): \(message)"
        case .forbidden(let file, let action, let message):
            "cannot \(action): \(message); \(file) is not an admin's: name one that is by --kubeconfig FILE"
        case .refused(let action, let message): "cannot \(action): \(message)"
        case .noToken(let secret, let seconds):
            "the cluster has not put a token into the Secret \(secret) within \(seconds) s: see that its controller "
                + "manager runs, and try again"
        case .noAddress(let server):
            "\(server) is this host's own, and it has no default route that would tell by which address the nodes reach "
                + "it: say it by --server https://ADDRESS:PORT"
        case .notAtAddress(let server, let reason):
            "the nodes would not reach the API server at \(server): \(reason); say by --server https://HOST:PORT where "
                + "they do"
        }
    }
}
