/// What kind of line the Shell writes to the journal, where a person can do something about it; the raw value is its
/// MESSAGE_ID, as that of the Balancer's `Record.MessageID`, and the key of the message catalogue.
enum MessageID: String, CaseIterable {
    /// lbd.yaml has a mistake.
    case settingsRefused = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c81"
    /// lbd.yaml has changed in a way that a reload cannot put in force.
    case settingsNeedRestart = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c82"
    /// The kubeconfig is missing or has a mistake.
    case kubeconfigUnusable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c83"
    /// pools.yaml cannot be read, watched or written.
    case poolsFileUnusable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c84"
    /// Somebody edited pools.yaml while it mirrors the ConfigMap.
    case poolsFilePutBack = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c85"
    /// The state folder cannot be written.
    case stateNotKept = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c86"
    /// An interface cannot be used to answer for addresses.
    case cannotAnswer = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c87"
    /// The socket for `lbd status` cannot be made.
    case statusUnavailable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c88"
    /// One of the above is mended.
    case problemSolved = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c89"
    /// A part of the daemon makes no progress.
    case noProgress = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c8a"
    /// The daemon cannot start.
    case cannotStart = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c8b"
    /// The secret of the gossip is not known, or of no use.
    case gossipSecretUnusable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c8c"
    /// The port of the gossip cannot be opened.
    case gossipPortUnusable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c8d"
    /// Somebody's gossip cannot be decrypted.
    case gossipUnreadable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c8e"
    /// A port of BFD cannot be opened.
    case bfdPortUnusable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c90"
    /// The port that routers connect to cannot be opened.
    case bgpPortUnusable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c91"
    /// An address that is answered for cannot be put on an interface.
    case cannotPlace = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c92"
    /// The kernel answers for what a dead daemon has placed.
    case placedAnswers = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c93"
}
