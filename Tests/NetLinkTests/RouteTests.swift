import Testing
import Wire

@testable import NetLink

/// What a Linux 6.18 kernel says to `ip route get 240.0.0.1 oif INTERFACE`, the request and the answers, as little-endian
/// machines have them.
@Suite struct RouteTests {
    private static let byGateway = bytes(
        "7000000018000000070000008d76000002200000fe0000010002000008000f00fe00000008000100f0000001080004000200000008000700",
        "c0a8090208000500c0a80901080019000000000024000c00020000000000000000000000000000000000000000000000000000000000",
        "0000"
    )
    private static let onLink = bytes(
        "6800000018000000070000008d76000002200000fe0000010002000008000f00fe00000008000100f0000001080004000300000008000700",
        "c0a80802080019000000000024000c000100000000000000000000000000000000000000000000000000000000000000")

    /// To `ip -6 route get fd00:2::1000`, which the host bears, and `fd00:2::9`, which it does not.
    private static let toItself = bytes(
        "9c0000001800000007000000681000000a808000ff0200020000000008000f00ff00000014000100fd0000020000000000000000000010",
        "00140002000000000000000000000000000000000014000700fd0000020000000000000000000010000800060000000000080004000100",
        "000024000c00020000006b0000000000000000000000000000000000000000000000000000000500140000000000")
    private static let toAnother = bytes(
        "9c0000001800000007000000681000000a808000fe0200010000000008000f00fe00000014000100fd0000020000000000000000000000",
        "09140002000000000000000000000000000000000014000700fd0000020000000000000000000010000800060000010000080004000300",
        "000024000c00020000006c0000000000000000000000000000000000000000000000000000000500140000000000")

    private func payload(_ datagram: [UInt8]) throws -> ArraySlice<UInt8> {
        var reader = ByteReader(datagram)
        let message = try #require(try Message.next(in: &reader))
        #expect(message.type == Message.Kind.newRoute)
        #expect(message.bytes == datagram)
        return message.payload
    }

    @Test func theRequestIsWhatTheKernelWants() {
        let request = Message.routeRequest(to: IPv4Address(rawValue: 0xF000_0001), by: 2, sequence: 7)
        let expected =
            "2c0000001a0001000700000000000000" + "022000000000000000000000" + "08000100f0000001" + "0800040002000000"
        #expect(request.bytes == bytes(expected))
        let six = Message.routeRequest(to: IPv6Address(high: 0xFD00_0002_0000_0000, low: 0x1000), sequence: 7)
        let expectedSix =
            "300000001a0001000700000000000000" + "0a8000000000000000000000" + "14000100fd000002000000000000000000001000"
        #expect(six.bytes == bytes(expectedSix))
    }

    @Test func anAddressIsTheHostsOwnOnceItsRouteIsLocal() throws {
        #expect(RouteMessage.isLocal(payload: try payload(Self.toItself)))
        for other in [Self.toAnother, Self.onLink] { #expect(!RouteMessage.isLocal(payload: try payload(other))) }
        #expect(!RouteMessage.isLocal(payload: try payload(Self.toItself).prefix(11)))
    }

    @Test func aRouteIsRead() throws {
        let gateway = IPv4Address(rawValue: 0xC0A8_0901)
        #expect(
            try RouteMessage(payload: try payload(Self.byGateway)) == RouteMessage(interfaceIndex: 2, gateway: gateway))
        #expect(try RouteMessage(payload: try payload(Self.onLink)) == RouteMessage(interfaceIndex: 3))
    }

    @Test func whatIsNoRouteOfIPv4IsRefused() throws {
        let payload = Array(try payload(Self.byGateway))
        #expect(try RouteMessage(payload: [10] + payload[1...]) == nil)
        for length in 0..<12 { #expect(throws: WireError.self) { try RouteMessage(payload: payload[..<length]) } }
        #expect(throws: WireError.self) { try RouteMessage(payload: payload[..<12]) }
    }
}
