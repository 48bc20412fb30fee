import Wire

/// What is to happen, by time and then in the order of its planning: a binary heap.
struct Schedule<Happening> {
    private struct Entry {
        var at: Instant
        var number: Int
        var happening: Happening

        func precedes(_ other: Entry) -> Bool {
            (at, number) < (other.at, other.number)
        }
    }

    private var heap: [Entry] = []
    private var lastNumber = 0

    mutating func add(_ happening: Happening, at instant: Instant) {
        lastNumber += 1
        heap.append(Entry(at: instant, number: lastNumber, happening: happening))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (at: Instant, happening: Happening)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.happening)
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
