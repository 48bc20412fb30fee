import Foundation
import Testing
import Wire

@testable import lbd

/// `debian/lbd.yaml`, the settings that the package puts into /etc/lbd.
@Suite struct ShippedSettingsTests {
    private func text() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("debian/lbd.yaml"), encoding: .utf8)
    }

    private func read(_ text: String) throws -> Configuration {
        try ConfigurationReader.read(Array(text.utf8), file: "F", hostname: "raspberrypi")
    }

    @Test func theyChangeNothing() throws {
        #expect(try read(text()) == Configuration(hostname: "raspberrypi"))
    }

    /// What is commented out shows the defaults, and an example of each key that has none.
    @Test func theyShowTheDefaults() throws {
        let lines = try text().components(separatedBy: "\n").map { line in
            // "# Words" stays; "#key:" and "#  key:" are settings.
            let isProse = line.hasPrefix("# ") && !line.hasPrefix("#  ")
            return line.hasPrefix("#") && !isProse ? String(line.dropFirst()) : line
        }
        var expected = Configuration(hostname: "raspberrypi")
        expected.kubernetes.loadBalancerClass = "example.org/lbd"
        expected.gossip.secretFile = "/etc/lbd/gossip-secret"
        expected.bgpListen = SocketAddress("0.0.0.0:179")
        #expect(try read(lines.joined(separator: "\n")) == expected)
    }
}
