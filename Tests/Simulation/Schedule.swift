import Wire

/// What is to happen, by time and then in the order of its planning: a binary heap of the times, and what they are for
/// beside it, so that only small things are moved about.
struct Schedule {
    typealias Happening = World.Happening

    private struct Entry {
        var at: Instant
        var number: Int
        var slot: Int

        func precedes(_ other: Entry) -> Bool {
            at.nanoseconds != other.at.nanoseconds
                ? at.nanoseconds < other.at.nanoseconds : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var happenings: [Happening?] = []
    private var freeSlots: [Int] = []
    private var lastNumber = 0

    mutating func add(_ happening: Happening, at instant: Instant) {
        lastNumber += 1
        let slot = freeSlots.popLast() ?? happenings.count
        if slot == happenings.count { happenings.append(happening) } else { happenings[slot] = happening }
        heap.append(Entry(at: instant, number: lastNumber, slot: slot))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// When the next thing happens.
    var nextInstant: Instant? { heap.first?.at }

    mutating func next() -> (at: Instant, happening: Happening)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        guard let happening = happenings[first.slot] else { return nil }
        happenings[first.slot] = nil
        freeSlots.append(first.slot)
        return (first.at, happening)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].precedes(heap[left]) ? right : left
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
