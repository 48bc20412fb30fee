internal import Wire

extension BFD {
    /// The other side of a session, as its packets show it (RFC 5880 section 6.8.1).
    struct Remote: Hashable {
        /// bfd.RemoteDiscr.
        private(set) var discriminator: UInt32 = 0
        /// bfd.RemoteSessionState.
        private(set) var state = State.down
        /// bfd.RemoteMinRxInterval; 1 µs before anything was heard.
        private(set) var receiveInterval = Duration.microseconds(1)
        /// What it would send at most.
        private(set) var transmitInterval: Duration?
        private(set) var detectMultiplier: UInt8 = 1
        /// bfd.RcvAuthSeq, where bfd.AuthSeqKnown.
        private var sequence: UInt32?
        /// Until when packets with older numbers are not taken.
        var provenUntil: Instant?

        mutating func take(_ packet: ControlPacket) {
            discriminator = packet.myDiscriminator
            state = packet.state
            receiveInterval = .microseconds(Int64(packet.requiredMinRxMicroseconds))
            transmitInterval = .microseconds(Int64(packet.desiredMinTxMicroseconds))
            detectMultiplier = packet.detectMultiplier
        }

        /// Forgets a peer that was not heard for the detection time, but not what it has signed.
        mutating func forget() {
            let (sequence, provenUntil) = (self.sequence, self.provenUntil)
            self = Remote()
            (self.sequence, self.provenUntil) = (sequence, provenUntil)
        }

        /// Whether a packet with this number, whose proof holds, is not an old one (section 6.7.4).
        mutating func accepts(_ number: UInt32, isMeticulous: Bool, at now: Instant) -> Bool {
            if let sequence, let provenUntil, now <= provenUntil {
                let step = number &- sequence
                guard step <= 3 * UInt32(detectMultiplier), step > 0 || !isMeticulous else { return false }
            }
            sequence = number
            return true
        }
    }
}
