import NetLink
import Testing
import Wire

/// Transcripts: what happens, and what the placement asks for then.
@Suite struct PlacementTests {
    private static let address = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0280))
    private static let other = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0281))
    private static let six = IPAddress.v6(IPv6Address(high: 0xFD00_0002_0000_0000, low: 0x1000))
    private static let own = Prefix(.v4(IPv4Address(rawValue: 0xC0A8_020B)), length: 24)

    private static func eth0(_ addresses: [Prefix?] = [own]) -> Interface {
        Interface(index: 2, name: "eth0", macAddress: nil, isUp: true, addresses: addresses.compactMap { $0 })
    }

    /// A placement and its clock; the kernel does what it is asked for unless `codes` has another number for that.
    private struct Run {
        var placement: Placement
        var now = Instant.zero
        var codes: [Placement.Request: Int32] = [:]
        var log: [String] = []
        var wakeAt: Instant?
        var problem: Placement.Problem?
        var device = Placement.Device.missing
        var held: Set<Holding> = []

        init(_ mode: Placement.Mode, device: Placement.Device = .missing, held: Set<Holding> = []) {
            placement = Placement(mode)
            self.device = device
            self.held = held
        }

        /// What was asked for since the last time.
        mutating func handle(_ event: Placement.Event) -> [String] {
            log = []
            carryOut(event)
            return log
        }

        private mutating func carryOut(_ event: Placement.Event) {
            for directive in placement.handle(event, at: now) {
                switch directive {
                case .look: carryOut(.found(device, held: held))
                case .ask(let request):
                    log.append(Self.text(request))
                    let code = codes[request] ?? 0
                    if request == .makeDevice, code == 0 { device = .ours(7) }
                    carryOut(.answered(request, code: code))
                case .wake(at: let instant): wakeAt = instant
                case .report(let problem): self.problem = problem
                }
            }
        }

        /// Lets time pass until the placement wants to be woken.
        mutating func wait() -> [String] {
            guard let wakeAt else { return ["nothing to wait for"] }
            now = max(now, wakeAt)
            self.wakeAt = nil
            return handle(.timer)
        }

        private static func text(_ request: Placement.Request) -> String {
            switch request {
            case .hold(let holding, let scope, let isNew):
                "\(isNew ? "hold" : "renew") \(holding.address) on \(holding.interfaceIndex) \(scope)"
            case .drop(let holding): "drop \(holding.address) on \(holding.interfaceIndex)"
            case .makeDevice: "make"
            case .removeDevice(let index): "remove \(index)"
            }
        }
    }

    /// A placement that has started on a node with one interface.
    private func started(
        _ mode: Placement.Mode, device: Placement.Device = .missing, held: Set<Holding> = []
    ) -> Run {
        var run = Run(mode, device: device, held: held)
        _ = run.handle(.started)
        _ = run.handle(.interfaces([Self.eth0()]))
        return run
    }

    @Test func anAddressIsHeldForAsLongAsItIsAnsweredFor() {
        var run = started(.interface)
        #expect(run.wakeAt == nil, "nothing to do, and so nothing to wake for")
        #expect(run.handle(.take(Self.address, on: 2)) == ["hold 192.168.2.128 on 2 universe"])
        #expect(run.placement.held == [Self.address])
        for _ in 0..<3 { #expect(run.wait() == ["renew 192.168.2.128 on 2 universe"]) }
        #expect(run.now == .zero.advanced(by: .seconds(6)))
        #expect(run.handle(.release(Self.address, on: 2)) == ["drop 192.168.2.128 on 2"])
        #expect(run.wait() == [])
        #expect(run.wakeAt == nil && run.placement.held.isEmpty)
    }

    @Test func aRenewalComesLongBeforeTheAddressGoes() {
        #expect(Placement.lifetimeSeconds == 6)
        var run = started(.interface)
        _ = run.handle(.take(Self.address, on: 2))
        run.now = run.now.advanced(by: .milliseconds(400))
        _ = run.handle(.take(Self.other, on: 2))
        // Both at once: waking costs more than asking early.
        #expect(run.wait().count == 2)
        #expect(run.now == .zero.advanced(by: .seconds(2)))
    }

    @Test func whoeverIsSilentBearsNothing() {
        var run = started(.interface)
        _ = run.handle(.take(Self.address, on: 2))
        #expect(run.handle(.answer(false)) == ["drop 192.168.2.128 on 2"])
        #expect(run.handle(.take(Self.other, on: 2)) == [])
        #expect(run.wait() == [])
        #expect(
            run.handle(.answer(true)) == ["hold 192.168.2.128 on 2 universe", "hold 192.168.2.129 on 2 universe"])
    }

    @Test func withoutAPlacementOnlyTheRestIsCleared() {
        var run = Run(.none, device: .ours(7), held: [Holding(Self.address, on: 2)])
        #expect(run.handle(.started) == ["remove 7", "drop 192.168.2.128 on 2"])
        #expect(run.handle(.interfaces([Self.eth0()])) == [])
        #expect(run.handle(.take(Self.address, on: 2)) == [])
        #expect(run.handle(.end) == [])
    }

    @Test func theDummyIsMadeAndRemoved() {
        var run = Run(.dummy)
        #expect(run.handle(.started) == ["make"])
        _ = run.handle(.interfaces([Self.eth0()]))
        #expect(run.handle(.take(Self.address, on: 2)) == ["hold 192.168.2.128 on 7 host"])
        #expect(run.handle(.take(Self.address, on: 3)) == [], "it is answered on two interfaces, and held once")
        #expect(run.handle(.release(Self.address, on: 2)) == [])
        #expect(run.handle(.take(Self.six, on: 2)) == ["hold fd00:2::1000 on 7 host"])
        #expect(run.handle(.end) == ["drop 192.168.2.128 on 7", "drop fd00:2::1000 on 7", "remove 7"])
        #expect(run.handle(.take(Self.other, on: 2)) == [])
    }

    @Test func overARestartEverythingStays() {
        var run = started(.dummy)
        _ = run.handle(.take(Self.address, on: 2))
        #expect(run.handle(.keep) == ["renew 192.168.2.128 on 7 host"])
        #expect(run.handle(.end) == [])

        var next = Run(.dummy, device: .ours(7), held: [Holding(Self.address, on: 7)])
        #expect(next.handle(.take(Self.address, on: 2)) == [])
        #expect(next.handle(.started) == [])
        // It may have been a while.
        #expect(next.wait() == ["renew 192.168.2.128 on 7 host"])
        #expect(next.handle(.interfaces([Self.eth0()])) == [])
    }

    @Test func whatADeadDaemonLeftGoesUnlessItIsAnsweredForAgain() {
        let left: Set<Holding> = [Holding(Self.address, on: 2), Holding(Self.other, on: 2)]
        var run = Run(.interface, held: left)
        _ = run.handle(.take(Self.address, on: 2))
        #expect(run.handle(.started) == ["drop 192.168.2.129 on 2"])
        #expect(run.handle(.interfaces([Self.eth0()])) == [])
        #expect(run.wait() == ["renew 192.168.2.128 on 2 universe"])
        // After a crash nothing is answered for at first.
        var crashed = Run(.interface, held: left)
        #expect(crashed.handle(.started) == ["drop 192.168.2.128 on 2", "drop 192.168.2.129 on 2"])
    }

    /// IPv4 takes the first address that reaches far enough for a source, and does not ask which is preferred.
    @Test func theNodesOwnAddressesStayTheFirst() {
        var run = started(.interface)
        _ = run.handle(.take(Self.address, on: 2))
        _ = run.handle(.take(Self.six, on: 2))
        let fresh = Prefix(.v4(IPv4Address(rawValue: 0xC0A8_020C)), length: 24)
        #expect(
            run.handle(.interfaces([Self.eth0([fresh])]))
                == ["drop 192.168.2.128 on 2", "hold 192.168.2.128 on 2 universe"])
        #expect(run.handle(.interfaces([Self.eth0([fresh])])) == [])
        // Without one of its own an address that reaches far would be taken.
        #expect(
            run.handle(.interfaces([Self.eth0([])])) == ["drop 192.168.2.128 on 2", "hold 192.168.2.128 on 2 host"])
    }

    @Test func aKernelWithoutDummiesIsAskedAgain() {
        var run = Run(.dummy)
        run.codes[.makeDevice] = 95
        #expect(run.handle(.started) == ["make"])
        #expect(run.problem == .noDevice(code: 95))
        _ = run.handle(.interfaces([Self.eth0()]))
        #expect(run.handle(.take(Self.address, on: 2)) == [])
        #expect(run.wait() == ["make"])
        #expect(run.now == .zero.advanced(by: .seconds(10)))
        run.codes = [:]
        #expect(run.wait() == ["make", "hold 192.168.2.128 on 7 host"])
        #expect(run.problem == nil)
    }

    @Test func anotherInterfaceOfThatNameIsLeftAlone() {
        var run = started(.dummy, device: .foreign)
        #expect(run.problem == .foreignDevice)
        #expect(run.handle(.take(Self.address, on: 2)) == [])
        #expect(run.handle(.end) == [])
    }

    @Test func aDummyThatSomebodyRemovedIsMadeAgain() {
        var run = started(.dummy)
        _ = run.handle(.take(Self.address, on: 2))
        run.device = .missing
        run.codes[.hold(Holding(Self.address, on: 7), scope: .host, isNew: false)] = 19
        #expect(run.wait() == ["renew 192.168.2.128 on 7 host"])
        #expect(run.wait() == ["make", "hold 192.168.2.128 on 7 host"])
        #expect(run.problem == nil)
    }

    /// What comes of a request is known before the next directive is carried out.
    @Test func whatTheShellIsToldComesBeforeWhatItAsksFor() {
        var placement = Placement(.interface)
        _ = placement.handle(.started, at: .zero)
        _ = placement.handle(.found(.missing, held: []), at: .zero)
        _ = placement.handle(.interfaces([Self.eth0()]), at: .zero)
        let holding = Holding(Self.address, on: 2)
        #expect(
            placement.handle(.take(Self.address, on: 2), at: .zero) == [
                .wake(at: .zero.advanced(by: .seconds(2))), .ask(.hold(holding, scope: .universe, isNew: true)),
            ])
    }

    @Test func whatTheKernelRefusesIsToldOnceAndTriedAgain() {
        var run = started(.interface)
        let request = Placement.Request.hold(Holding(Self.address, on: 2), scope: .universe, isNew: true)
        run.codes[request] = 1
        _ = run.handle(.take(Self.address, on: 2))
        #expect(run.problem == .refused(Self.address, on: "eth0", code: 1))
        #expect(run.placement.held.isEmpty)
        #expect(run.wait() == ["hold 192.168.2.128 on 2 universe"])
        // An address of somebody else's is neither renewed nor removed.
        run.codes[request] = 17
        _ = run.wait()
        #expect(run.problem == .isBorne(Self.address, on: "eth0"))
        #expect(run.handle(.release(Self.address, on: 2)) == [])
        #expect(run.problem == nil)
        // That the interface is gone is no news, and the claim follows.
        run.codes[request] = 19
        _ = run.handle(.take(Self.address, on: 2))
        #expect(run.problem == nil)
    }

    @Test func manyAreRenewedInBatches() {
        var run = started(.interface)
        let many = (0..<150).map { IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0300 + $0)) }
        for address in many { _ = run.handle(.take(address, on: 2)) }
        #expect([run.wait().count, run.wait().count, run.wait().count] == [64, 64, 22])
        #expect(run.now == .zero.advanced(by: .milliseconds(2_020)))
        #expect(run.placement.held == many)
    }
}
