internal import Wire

/// When each address is due: a binary heap that knows where each address stands, so that setting or removing one costs
/// the logarithm of their number. Addresses due at the same instant come in ascending order.
struct Schedule {
    /// An address and its instant.
    struct Entry: Comparable {
        var due: Instant
        var address: IPAddress

        static func < (left: Entry, right: Entry) -> Bool {
            (left.due, left.address) < (right.due, right.address)
        }
    }

    private var heap: [Entry] = []
    private var positions: [IPAddress: Int] = [:]

    /// The address that is due first.
    var first: Entry? { heap.first }

    /// Puts `address` in, due at `instant`. It must not be in.
    mutating func insert(_ address: IPAddress, due instant: Instant) {
        heap.append(Entry(due: instant, address: address))
        positions[address] = heap.count - 1
        rise(from: heap.count - 1)
    }

    /// Takes `address` out, if it is in.
    mutating func remove(_ address: IPAddress) {
        guard let position = positions.removeValue(forKey: address) else { return }
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[last.address] = position
        sink(from: rise(from: position))
    }

    @discardableResult
    private mutating func rise(from start: Int) -> Int {
        var position = start
        while position > 0, heap[position] < heap[(position - 1) / 2] {
            exchange(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
        return position
    }

    private mutating func sink(from start: Int) {
        var position = start
        while true {
            let left = 2 * position + 1
            let children = left..<max(left, min(left + 2, heap.count))
            guard !children.isEmpty, let least = children.min(by: { heap[$0] < heap[$1] }),
                heap[least] < heap[position]
            else { return }
            exchange(position, least)
            position = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        positions[heap[left].address] = left
        positions[heap[right].address] = right
    }
}
