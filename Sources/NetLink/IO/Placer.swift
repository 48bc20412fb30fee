public import EventLoop
internal import Glibc
public import System
public import Wire

/// Carries a `Placement`'s directives out, on a netlink socket. The kernel has done what it is asked, and has answered, when it
/// has taken the request, so that nothing is waited for but, for moments, others who change the network.
public final class Placer {
    /// Told, whenever that changes, why addresses are not where they should be, in words; nil where they are.
    public var onProblem: (String?) -> Void = { _ in }

    /// What the kernel may queue for us, in bytes: a part of a list, or an answer.
    private static let receiveBufferBytes: Int32 = 1 << 16
    /// The largest datagram of a dump.
    private static let datagramBytes = 32768
    /// The datagrams of one answer; a list that goes on after that is cut.
    private static let datagramLimit = 4096

    /// How long `settle` waits at most, and between two looks, in microseconds.
    private static let settleLimit = Duration.milliseconds(10)
    private static let settlePauseMicroseconds: UInt32 = 100

    private let loop: Loop
    private let socket: NetlinkSocket
    private var placement: Placement
    private var sequence: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: Placer.datagramBytes)
    private var timer: Timer?
    /// The address of IPv6 that was placed last, and to which the kernel may have no route yet.
    private var unsettled: IPv6Address?

    /// What places addresses as `mode` says, once it is started.
    ///
    /// - Throws: `Errno` where the kernel gives no socket.
    public init(_ mode: Placement.Mode, loop: Loop) throws(Errno) {
        self.loop = loop
        placement = Placement(mode)
        socket = try NetlinkSocket(groups: 0, receiveBufferBytes: Self.receiveBufferBytes)
        timer = try loop.timer { [unowned self] in handle(.timer) }
    }

    /// Whether this kernel keeps who has placed an address: Linux 5.18 and newer do. Without that, lbd would take what it has
    /// placed for the node's own.
    public static var isSupported: Bool {
        var name = utsname()
        guard uname(&name) == 0 else { return false }
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (5, 18)
    }

    /// The addresses that this node bears for Services, ascending.
    public var held: [IPAddress] { placement.held }

    /// Takes what the daemon before this one has left, and removes what is not taken by now.
    public func start() { handle(.started) }

    /// Tells all interfaces; replaces what was told before.
    public func update(interfaces: [Interface]) { handle(.interfaces(interfaces)) }

    /// Has this node bear `address`, which it answers for on the interface with this index.
    public func take(_ address: IPAddress, on index: UInt32) { handle(.take(address, on: index)) }

    /// Waits until the kernel takes what is sent to the addresses that it has been given: whoever hears of them sends at once.
    /// Those of IPv6 it says to have before they have routes, which a thread of its own makes, one after the other, mostly
    /// within 50 µs, and on a busy machine within milliseconds. After ten of them it is not waited for any more.
    public func settle() {
        guard let address = unsettled else { return }
        unsettled = nil
        let limit = loop.now.advanced(by: Self.settleLimit)
        while !isRouted(address), loop.now < limit { usleep(Self.settlePauseMicroseconds) }
    }

    /// Takes it away.
    public func release(_ address: IPAddress, on index: UInt32) { handle(.release(address, on: index)) }

    /// Takes all away while nothing is answered.
    public func answer(_ isOn: Bool) { handle(.answer(isOn)) }

    /// Leaves all to the daemon that follows.
    public func keep() { handle(.keep) }

    /// Takes all away for good.
    public func end() { handle(.end) }

    private func handle(_ event: Placement.Event) {
        for directive in placement.handle(event, at: loop.now) {
            switch directive {
            case .look: look()
            case .ask(let request): handle(.answered(request, code: perform(request)))
            case .wake(at: let instant): timer?.arm(at: instant)
            case .report(let problem): onProblem(problem.map(text))
            }
        }
    }

    /// The number of the error that came of it; 0 where all went well.
    private func perform(_ request: Placement.Request) -> Int32 {
        sequence &+= 1
        var code = EIO
        exchange(request.message(sequence: sequence)) { message in
            if message.type == Message.Kind.error { code = message.errorCode }
        } failure: {
            code = $0
        }
        if code == 0, case .hold(let holding, _, isNew: true) = request, case .v6(let address) = holding.address {
            unsettled = address
        }
        return code
    }

    /// Whether what is sent to `address` reaches this host itself, or nobody can tell.
    private func isRouted(_ address: IPv6Address) -> Bool {
        sequence &+= 1
        var isLocal = false
        exchange(.routeRequest(to: address, sequence: sequence)) { message in
            isLocal = message.type == Message.Kind.newRoute && RouteMessage.isLocal(payload: message.payload)
        } failure: { _ in
            isLocal = true
        }
        return isLocal
    }

    private func look() {
        var device = Placement.Device.missing
        var held: Set<Holding> = []
        sequence &+= 1
        exchange(.deviceRequest(sequence: sequence)) { message in
            guard message.type == Message.Kind.newLink, let link = try? LinkMessage(payload: message.payload) else {
                return
            }
            device = link.group == Message.deviceMark ? .ours(link.index) : .foreign
        }
        sequence &+= 1
        exchange(.addressDump(sequence: sequence)) { message in
            guard message.type == Message.Kind.newAddress,
                let address = try? AddressMessage(payload: message.payload), address.isPlaced
            else { return }
            held.insert(Holding(address.prefix.address, on: address.interfaceIndex))
        }
        handle(.found(device, held: held))
    }

    /// Sends a request and gives each message of the answer to `take`; where that cannot be, the error's number to `failure`.
    private func exchange(
        _ request: Message, take: (Message) -> Void, failure: (Int32) -> Void = { _ in }
    ) {
        do throws(Errno) {
            try socket.send(request.bytes)
            for _ in 0..<Self.datagramLimit {
                guard let reception = try socket.receive(into: &buffer) else { return }
                guard reception.senderPortID == 0, reception.count <= buffer.count else { continue }
                var reader = ByteReader(buffer[..<reception.count])
                while let message = try? Message.next(in: &reader) {
                    if message.sequence == request.sequence { take(message) }
                }
            }
        } catch {
            failure(error.code)
        }
    }

    private func text(_ problem: Placement.Problem) -> String {
        let name = Message.deviceName
        switch problem {
        case .noDevice(code: EOPNOTSUPP):
            return "this kernel has no interfaces of the kind dummy, and so there is no \(name): see whether `modprobe "
                + "dummy` helps, or set placement to interface in lbd.yaml; addresses are answered for all the same"
        case .noDevice(let code):
            return
                "\(Errno(code, "make the interface \(name)"))\(Self.advice(code)); addresses are answered for all the same"
        case .foreignDevice:
            return "there is an interface \(name) which lbd has not made: rename or remove it, or set placement to "
                + "interface in lbd.yaml"
        case .isBorne(let address, on: let interface):
            return "\(interface) bears \(address) already, and not from lbd: remove it there"
        case .refused(let address, on: let interface, let code):
            return
                "\(Errno(code, "put \(address) on \(interface)"))\(Self.advice(code)); it is answered for all the same"
        }
    }

    private static func advice(_ code: Int32) -> String {
        code == EPERM ? ", which needs CAP_NET_ADMIN (see placement in lbd.yaml(5))" : ""
    }
}

extension Message {
    /// errno(3) of an NLMSG_ERROR; 0 for an acknowledgement.
    fileprivate var errorCode: Int32 {
        var reader = ByteReader(payload)
        guard let number = try? reader.readNative(UInt32.self) else { return EIO }
        return -max(Int32(bitPattern: number), -Int32.max)
    }
}
