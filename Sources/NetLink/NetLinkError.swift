/// Why the kernel's picture of the network could not be read.
public enum NetLinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kernel answered a request with an error: `code` is its number (errno(3)), positive.
    case refused(request: String, code: Int32)
    /// The kernel did not finish its answer in time.
    case unanswered(request: String)

    /// The error in words.
    public var description: String {
        switch self {
        case .refused(let request, let code):
            "the kernel refused to list its \(request) (error \(code)); asked again in a second"
        case .unanswered(let request):
            "the kernel did not finish the list of its \(request); asked again"
        }
    }
}
