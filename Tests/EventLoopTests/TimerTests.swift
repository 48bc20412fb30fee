import EventLoop
import Testing
import Wire

/// When timers come.
@Suite struct TimerTests {
    /// How often the loop turns until two timers have come, of which the second is due 10 ms after the first.
    private func turns(firstSlack slack: Duration) throws -> Int {
        let loop = try Loop()
        var count = 0
        let first = try loop.timer(slack: slack) { count += 1 }
        let second = try loop.timer { count += 1 }
        let start = loop.now
        first.arm(at: start.advanced(by: .milliseconds(50)))
        second.arm(at: start.advanced(by: .milliseconds(60)))
        var turns = 0
        var last = start
        // What comes in one waking is not a millisecond apart.
        while count < 2 {
            try loop.turn()
            if last.duration(to: loop.now) > .milliseconds(5) { turns += 1 }
            last = loop.now
        }
        withExtendedLifetime((first, second)) {}
        return turns
    }

    /// sd-event may still choose to wake in between, where all programs of the machine do: four times in a hundred here.
    @Test func aTimerWithSlackComesWithTheNext() throws {
        let together = try (0..<5).count { _ in try turns(firstSlack: .milliseconds(100)) == 1 }
        #expect(together >= 3)
    }
}
