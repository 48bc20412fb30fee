public import System

/// Why the API server cannot even be tried, or a single request to it has no answer.
public enum ConnectionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kernel refused something.
    case system(Errno)
    /// libcurl refused an option; `action` says what was being set, `reason` is its own words.
    case library(action: String, reason: String)
    /// The kubeconfig's `server` is no URL of the form `https://HOST:PORT`.
    case server(String)
    /// A single request was not answered; `reason` is libcurl's words.
    case unanswered(reason: String)

    /// The error in words.
    public var description: String {
        switch self {
        case .system(let error): error.description
        case .library(let action, let reason): "libcurl cannot \(action): \(reason)"
        case .server(let text): "\"\(text)\" is not the URL of an API server; write https://HOST:PORT"
        case .unanswered(let reason): reason
        }
    }
}
