extension BFD {
    /// What a `Session` has found out, for those above it.
    public enum Report: Hashable, Sendable {
        /// Both sides hear each other.
        case up
        /// They did, and do not any more: the BGP session is to end (RFC 5882 section 4.2).
        case down(Diagnostic)
        /// The peer has stopped BFD on purpose: the BGP session goes on (RFC 5882 section 3.2).
        case suspended
        /// It has ended, as was asked for.
        case ended
    }
}
