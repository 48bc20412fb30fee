import Glibc
import Testing
import Wire

@testable import EventLoop

@Suite struct ProgressTests {
    private func source(_ id: UInt64, _ owner: String = "A.swift", isDue: Bool = true, runs: UInt64 = 0)
        -> Progress.Source
    {
        Progress.Source(id: id, owner: owner, isDue: isDue, runs: runs)
    }

    @Test func oneThatIsDueTwiceWithoutARunIsStuck() {
        var progress = Progress()
        #expect(progress.stuckOwners(among: [source(1)]) == [])
        #expect(progress.stuckOwners(among: [source(1)]) == ["A.swift"])
        #expect(progress.stuckOwners(among: [source(1, runs: 1)]) == [])
        #expect(progress.stuckOwners(among: [source(1, runs: 1)]) == ["A.swift"])
        #expect(progress.stuckOwners(among: [source(1, isDue: false, runs: 1)]) == [])
        #expect(progress.stuckOwners(among: [source(1, runs: 1)]) == [])
    }

    @Test func oneThatRanInBetweenOrIsAnotherIsNot() {
        var progress = Progress()
        #expect(progress.stuckOwners(among: [source(1, runs: 7), source(2)]) == [])
        #expect(progress.stuckOwners(among: [source(1, runs: 8), source(3)]) == [])
    }

    @Test func ownersAreNamedOnceInOrder() {
        var progress = Progress()
        let sources = [source(1, "B"), source(2, "A"), source(3, "B"), source(4, "C", isDue: false)]
        #expect(progress.stuckOwners(among: sources) == [])
        #expect(progress.stuckOwners(among: sources) == ["A", "B"])
    }
}

@Suite struct WatchdogTests {
    /// A loop with a pipe that nobody empties, so that its source is ready all the time.
    private final class Bed {
        let loop: Loop
        var pipe: [Int32] = [-1, -1]
        var source: IOSource?
        var fed = 0

        init(priority: Int64) throws {
            loop = try Loop()
            #expect(Glibc.pipe(&pipe) == 0)
            #expect(write(pipe[1], "x", 1) == 1)
            source = try loop.watch(pipe[0], for: .readable, priority: priority, owner: "Pipe.swift") { _ in }
        }

        deinit {
            source = nil
            close(pipe[0])
            close(pipe[1])
        }
    }

    @Test func aLoopThatServesAllItsSourcesIsFed() throws {
        let bed = try Bed(priority: 0)
        var changes: [[String]] = []
        let watchdog = try Watchdog(
            loop: bed.loop, limit: .milliseconds(20),
            feed: {
                bed.fed += 1
                if bed.fed == 5 { bed.loop.exit(0) }
            }, onChange: { changes.append($0) })
        #expect(try bed.loop.run() == 0)
        withExtendedLifetime(watchdog) { #expect(changes == []) }
    }

    /// The loop turns, and yet the pipe's handler never gets its turn: something with precedence takes them all.
    @Test func aSourceThatStarvesKeepsTheWatchdogHungry() throws {
        let bed = try Bed(priority: 100)
        var greedy: Deferred?
        greedy = try bed.loop.deferred(priority: 50) { greedy?.schedule() }
        greedy?.schedule()
        var changes: [[String]] = []
        var fedBefore = 0
        let watchdog = try Watchdog(
            loop: bed.loop, limit: .milliseconds(20), feed: { bed.fed += 1 },
            onChange: { owners in
                changes.append(owners)
                if owners.isEmpty { return bed.loop.exit(0) }
                // From now on it is served.
                fedBefore = bed.fed
                greedy = nil
            })
        #expect(try bed.loop.run() == 0)
        withExtendedLifetime(watchdog) {
            #expect(changes == [["Pipe.swift"], []])
            #expect(fedBefore == 1 && bed.fed == 2)
        }
    }

    /// Another file has taken the place of the one that a source borrows: epoll knows nothing of it, and the handler
    /// would never run again.
    @Test func aSourceWhoseDescriptorWasReplacedIsFound() throws {
        let bed = try Bed(priority: 0)
        let other = try Bed(priority: 0)
        #expect(dup2(other.pipe[0], bed.pipe[0]) == bed.pipe[0])
        var changes: [[String]] = []
        let watchdog = try Watchdog(
            loop: bed.loop, limit: .milliseconds(20), feed: {},
            onChange: { owners in
                changes.append(owners)
                bed.loop.exit(0)
            })
        #expect(try bed.loop.run() == 0)
        withExtendedLifetime(watchdog) { #expect(changes == [["Pipe.swift"]]) }
    }

    @Test func anOverdueTimerIsDueAndOneThatWaitsIsNot() throws {
        let loop = try Loop()
        let timer = try loop.timer {}
        let isDue = { loop.sources.look(at: loop.now).map(\.isDue) }
        #expect(isDue() == [false])
        timer.arm(at: .zero)
        #expect(isDue() == [true])
        timer.arm(at: loop.now.advanced(by: .seconds(100)))
        #expect(isDue() == [false])
    }

    @Test func whatIsLetGoOfIsLookedAtNoMore() throws {
        let loop = try Loop()
        var timer: EventLoop.Timer? = try loop.timer {}
        timer?.arm(at: loop.now)
        #expect(loop.sources.look(at: loop.now).count == 1)
        timer = nil
        #expect(loop.sources.look(at: loop.now).isEmpty)
    }
}
