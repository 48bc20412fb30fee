public import System
internal import Wire

/// What the kernel's routing tables say at the moment. They are asked when something depends on them and not watched: of
/// the IPv4 routes that go with an interface or an address the kernel tells nobody.
public enum Routes {
    /// An address that no network has (RFC 1112's class E): only a default route leads to it.
    private static let nowhere = IPv4Address(rawValue: 0xF000_0001)
    /// One route is told in about 100 bytes.
    private static let bufferBytes = 4096

    /// The gateways of the default routes by these interfaces; of one without such a route there is none. The kernel answers
    /// while it takes the request, so that nothing is waited for.
    ///
    /// - Throws: `Errno` where the kernel gives no socket.
    public static func gateways(on interfaces: [UInt32]) throws(Errno) -> [Gateway] {
        let socket = try NetlinkSocket(groups: 0, receiveBufferBytes: Int32(bufferBytes))
        var buffer = [UInt8](repeating: 0, count: bufferBytes)
        var gateways: [Gateway] = []
        for (sequence, index) in zip(UInt32(1)..., interfaces) {
            try socket.send(Message.routeRequest(to: nowhere, by: index, sequence: sequence).bytes)
            while let reception = try socket.receive(into: &buffer) {
                guard reception.senderPortID == 0, reception.count <= buffer.count,
                    let route = route(in: buffer[..<reception.count], sequence: sequence),
                    route.interfaceIndex == index, let address = route.gateway
                else { continue }
                gateways.append(Gateway(address, on: index))
            }
        }
        return gateways
    }

    /// The route in an answer; nil where the kernel knows none.
    private static func route(in datagram: ArraySlice<UInt8>, sequence: UInt32) -> RouteMessage? {
        var reader = ByteReader(datagram)
        guard let message = try? Message.next(in: &reader), message.sequence == sequence,
            message.type == Message.Kind.newRoute
        else { return nil }
        return try? RouteMessage(payload: message.payload)
    }
}
