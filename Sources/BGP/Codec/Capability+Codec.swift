internal import Wire

extension Capability {
    private enum Code {
        static let multiprotocol: UInt8 = 1
        static let routeRefresh: UInt8 = 2
        static let extendedNextHop: UInt8 = 5
        static let extendedMessage: UInt8 = 6
        static let gracefulRestart: UInt8 = 64
        static let fourOctetASN: UInt8 = 65
        static let longLivedGracefulRestart: UInt8 = 71
    }

    /// The bit of a family's flags that says that its forwarding was preserved.
    private static let forwardingPreserved: UInt8 = 0x80
    /// The bit of the restart time's field that says that the sender has just restarted.
    private static let restarting: UInt16 = 0x8000

    /// Reads the capability of this code; one whose value cannot be read is not known.
    init(code: UInt8, value: ArraySlice<UInt8>) {
        var reader = ByteReader(value)
        let known = try? Self.known(code, &reader)
        self =
            known.flatMap { $0 }.flatMap { reader.remaining == 0 ? $0 : nil }
            ?? .unknown(code: code, value: Array(value))
    }

    private static func known(_ code: UInt8, _ reader: inout ByteReader) throws(WireError) -> Capability? {
        switch code {
        case Code.multiprotocol:
            let afi = try reader.read(UInt16.self)
            _ = try reader.read(UInt8.self)
            return .multiprotocol(RouteFamily(afi: afi, safi: try reader.read()))
        case Code.routeRefresh:
            return .routeRefresh
        case Code.extendedNextHop:
            var kinds: [ExtendedNextHop] = []
            while reader.remaining > 0 {
                let family = RouteFamily(
                    afi: try reader.read(), safi: UInt8(truncatingIfNeeded: try reader.read(UInt16.self)))
                kinds.append(ExtendedNextHop(family, nextHopAFI: try reader.read()))
            }
            return .extendedNextHop(kinds)
        case Code.extendedMessage:
            return .extendedMessage
        case Code.gracefulRestart:
            return .gracefulRestart(try gracefulRestart(&reader))
        case Code.fourOctetASN:
            return .fourOctetASN(try reader.read())
        case Code.longLivedGracefulRestart:
            var families: [LongLivedFamily] = []
            while reader.remaining > 0 {
                let (family, flags) = try readFamily(&reader)
                let high = UInt32(try reader.read(UInt8.self)) << 16
                let seconds = high | UInt32(try reader.read(UInt16.self))
                families.append(
                    LongLivedFamily(
                        family, isForwardingPreserved: flags & forwardingPreserved != 0, staleTimeSeconds: seconds))
            }
            return .longLivedGracefulRestart(families)
        default:
            return nil
        }
    }

    private static func gracefulRestart(_ reader: inout ByteReader) throws(WireError) -> GracefulRestart {
        let head = try reader.read(UInt16.self)
        var families: [GracefulRestart.Family] = []
        while reader.remaining > 0 {
            let (family, flags) = try readFamily(&reader)
            families.append(.init(family, isForwardingPreserved: flags & forwardingPreserved != 0))
        }
        return GracefulRestart(
            isRestarting: head & restarting != 0,
            restartTimeSeconds: head & GracefulRestart.longestRestartTimeSeconds, families: families)
    }

    private static func readFamily(_ reader: inout ByteReader) throws(WireError) -> (RouteFamily, flags: UInt8) {
        let family = RouteFamily(afi: try reader.read(), safi: try reader.read())
        return (family, try reader.read())
    }

    /// Writes code, length and value.
    func write(to writer: inout ByteWriter) {
        var value = ByteWriter()
        let code = write(value: &value)
        writer.write(code)
        // A length has one byte; no capability of ours is longer.
        writer.write(UInt8(clamping: value.bytes.count))
        writer.write(value.bytes.prefix(Int(UInt8.max)))
    }

    /// Writes the value and gives the code.
    private func write(value writer: inout ByteWriter) -> UInt8 {
        switch self {
        case .multiprotocol(let family):
            writer.write(family.afi)
            writer.write(UInt8(0))
            writer.write(family.safi)
            return Code.multiprotocol
        case .routeRefresh:
            return Code.routeRefresh
        case .extendedNextHop(let kinds):
            for kind in kinds {
                writer.write(kind.family.afi)
                writer.write(UInt16(kind.family.safi))
                writer.write(kind.nextHopAFI)
            }
            return Code.extendedNextHop
        case .extendedMessage:
            return Code.extendedMessage
        case .gracefulRestart(let capability):
            writer.write(capability.restartTimeSeconds | (capability.isRestarting ? Self.restarting : 0))
            for family in capability.families {
                Self.write(family.family, family.isForwardingPreserved, to: &writer)
            }
            return Code.gracefulRestart
        case .fourOctetASN(let asn):
            writer.write(asn)
            return Code.fourOctetASN
        case .longLivedGracefulRestart(let families):
            for family in families {
                Self.write(family.family, family.isForwardingPreserved, to: &writer)
                writer.write(UInt8(truncatingIfNeeded: family.staleTimeSeconds >> 16))
                writer.write(UInt16(truncatingIfNeeded: family.staleTimeSeconds))
            }
            return Code.longLivedGracefulRestart
        case .unknown(let code, let value):
            writer.write(value)
            return code
        }
    }

    private static func write(_ family: RouteFamily, _ isForwardingPreserved: Bool, to writer: inout ByteWriter) {
        writer.write(family.afi)
        writer.write(family.safi)
        writer.write(isForwardingPreserved ? forwardingPreserved : UInt8(0))
    }
}
