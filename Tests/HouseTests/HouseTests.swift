import Foundation
import Testing

/// The rules of the house that the compiler does not know: what a folder may import, and what pure code may not call.
@Suite struct HouseTests {
    /// What each module of ours may import of ours: arrows point down and never in a circle. `Balancer` takes the pure
    /// parts of its neighbours; `lbd` alone imports everything.
    static let arrows: [String: Set<String>] = [
        "Crypto": [],
        "Wire": [],
        "Varlink": ["Wire"],
        "Heartbeat": ["Wire"],
        "BGP": ["Wire", "Crypto", "System", "EventLoop"],
        "SWIM": ["Wire", "Crypto", "System", "EventLoop"],
        "System": ["Wire"],
        "EventLoop": ["System", "Wire"],
        "NetLink": ["Wire", "System", "EventLoop"],
        "ARP": ["Wire", "System", "EventLoop"],
        "DHCP": ["Wire", "System", "EventLoop"],
        "KubeWatch": ["Wire", "System", "EventLoop"],
        "Balancer": ["Wire", "Crypto", "Heartbeat", "NetLink", "ARP", "BGP", "SWIM", "KubeWatch"],
    ]

    /// The folders that decide and do no I/O; in those marked true, a folder `IO` is the shell.
    static let pureFolders: [(module: String, hasShell: Bool)] = [
        ("Wire", false), ("Balancer", false), ("ARP", true), ("NetLink", true), ("KubeWatch", true),
        ("Varlink", false), ("SWIM", true), ("Heartbeat", false), ("BGP", true), ("DHCP", true),
    ]

    /// The C libraries.
    static let cModules = ["Glibc", "CLinux", "CSystemd", "CCurl", "CYAML", "CCrypto"]

    /// What would bring I/O, time, randomness or concurrency into pure code.
    static let impureWords = [
        "Clock", "DispatchTime", "Date(", ".random()", ".shuffled()", ".randomElement()", "SystemRandomNumberGenerator",
        "Task {", "Task.", "async ", "await ", "Thread", "print(", "getenv", "@unchecked", "nonisolated(unsafe)",
    ]

    static let allFiles: [SourceFile] = SourceFile.all()

    @Test func theTreeIsFound() {
        for module in Self.arrows.keys {
            #expect(Self.allFiles.contains { $0.module == module }, "Sources/\(module) holds no Swift file")
        }
    }

    @Test func arrowsPointDown() {
        let ours = Set(Self.arrows.keys)
        for file in Self.allFiles {
            guard let allowed = Self.arrows[file.module] else { continue }
            let upward = file.imports.filter { ours.contains($0) && !allowed.contains($0) }
            #expect(upward.isEmpty, "\(file.path) imports \(upward)")
        }
    }

    @Test func pureFoldersArePure() {
        let ours = Set(Self.arrows.keys).subtracting(["System", "EventLoop"])
        for file in Self.allFiles where isPure(file) {
            let foreign = file.imports.filter { !ours.contains($0) && $0 != "FoundationEssentials" }
            #expect(foreign.isEmpty, "\(file.path) is pure and imports \(foreign)")
            for (number, line) in file.code.enumerated() {
                let words = Self.impureWords.filter { line.contains($0) }
                #expect(words.isEmpty, "\(file.path):\(number + 1) is pure and says \(words)")
            }
        }
    }

    /// C never leaks: no public declaration of one module can name a C type of another.
    @Test func cModulesAreImportedInternally() {
        for file in Self.allFiles {
            for line in file.code where Self.cModules.contains(where: { line.hasSuffix("import \($0)") }) {
                #expect(line.hasPrefix("internal import "), "\(file.path): \(line)")
            }
        }
    }

    /// The rule finds what it is for: each of these lines would be refused in a pure folder.
    @Test(arguments: ["let now = ContinuousClock().now", "let pick = list.randomElement()", "Task { await work() }"])
    func theRuleRefuses(line: String) {
        #expect(Self.impureWords.contains { line.contains($0) })
    }

    private func isPure(_ file: SourceFile) -> Bool {
        Self.pureFolders.contains { $0.module == file.module && !($0.hasShell && file.path.contains("/IO/")) }
    }
}
