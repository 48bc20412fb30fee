extension BFD {
    /// What a `Session` goes by.
    public struct Settings: Hashable, Sendable {
        /// How many packets may be lost before this node is taken to be away; never 0.
        public var detectMultiplier: UInt8
        /// How often this node sends at most, once the session is up.
        public var transmitInterval: Duration
        /// How often the peer may send at most.
        public var receiveInterval: Duration
        /// Whether to send nothing before the peer has.
        public var isPassive: Bool
        /// The TTL or hop limit that packets must have when they come: 255 over one hop, less one for each hop over
        /// several.
        public var minimumHopLimit: UInt8
        /// The key that packets are signed with; nil for none.
        public var authentication: Authentication?

        /// Settings with these values, and the usual ones for the rest.
        public init(
            detectMultiplier: UInt8 = 3, transmitInterval: Duration = .milliseconds(300),
            receiveInterval: Duration = .milliseconds(300), isPassive: Bool = false, minimumHopLimit: UInt8 = 255,
            authentication: Authentication? = nil
        ) {
            self.detectMultiplier = max(detectMultiplier, 1)
            self.transmitInterval = transmitInterval
            self.receiveInterval = receiveInterval
            self.isPassive = isPassive
            self.minimumHopLimit = minimumHopLimit
            self.authentication = authentication
        }
    }
}
