internal import Crypto

/// The newest broadcasts that this node has told or heard, so that none is reported or gossiped on twice.
struct Heard {
    private var digests: Set<[UInt8]> = []
    /// The same in the order of their coming, a ring once it is full.
    private var ring: [[UInt8]] = []
    private var next = 0

    /// Remembers the bytes; false where they are known.
    mutating func insert(_ bytes: [UInt8]) -> Bool {
        let digest = SHA256.digest(bytes)
        guard digests.insert(digest).inserted else { return false }
        if ring.count < Capacity.broadcastsHeard {
            ring.append(digest)
        } else {
            digests.remove(ring[next])
            ring[next] = digest
            next = (next + 1) % ring.count
        }
        return true
    }
}
