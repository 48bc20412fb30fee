import Testing
import Wire

@Suite struct SocketAddressTests {
    @Test(arguments: ["192.168.2.10:7946", "[fd00::10]:1", "255.255.255.255:65535"])
    func textIsReadAndWrittenAlike(text: String) {
        #expect(SocketAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "192.168.2.10", "192.168.2.10:", "192.168.2.10:0", "192.168.2.10:65536", "gooseberry:7946",
        "fd00::10:7946:x",
        "[fd00::10]", "[192.168.2.10]:7946", "fd00::10", ":7946", "[]:7946", "[:7946",
    ])
    func otherTextIsRefused(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func aPortMayBeLeftOutWhereThereIsADefault() {
        #expect(SocketAddress("192.168.2.10", defaultPort: 7946)?.description == "192.168.2.10:7946")
        #expect(SocketAddress("192.168.2.10:1", defaultPort: 7946)?.description == "192.168.2.10:1")
        #expect(SocketAddress("fd00::10", defaultPort: 7946)?.description == "[fd00::10]:7946")
        #expect(SocketAddress("[fd00::10]:1", defaultPort: 7946)?.description == "[fd00::10]:1")
        #expect(SocketAddress("gooseberry", defaultPort: 7946) == nil)
    }

    @Test func theOrderIsByAddressThenByPort() {
        let sorted = ["10.0.0.1:2", "10.0.0.2:1", "[fd00::1]:1"].compactMap { SocketAddress($0) }
        #expect(sorted.reversed().sorted() == sorted)
    }
}
