import Balancer
import FoundationEssentials
internal import Glibc
import KubeWatch
import System
import Wire

/// The folder that outlives the daemon (`/var/lib/lbd`): a lock, this installation's identity and what the Balancer
/// keeps. Where it cannot be written the daemon runs without.
final class StateFolder {
    /// Random, made once for the folder: tells this daemon's holds on the leader's Lease from another node's.
    let instanceID: String
    /// What the last daemon kept; nil where there is nothing, or nothing that can be read.
    let saved: Saved?
    /// What the last daemon kept of the gossip.
    let gossip: KeptGossip
    /// Why nothing will be kept; nil where all is well.
    let problem: String?

    private let lock: LockFile?
    private let path: String

    /// The file that holds what the Balancer keeps.
    var savedPath: String { "\(path)/saved.json" }
    /// The file that holds what is kept of the gossip.
    var gossipPath: String { "\(path)/gossip.json" }

    /// Opens the folder, making it where it is missing, and locks it.
    ///
    /// - Throws: `DaemonError.alreadyRunning` where another daemon holds the lock.
    init(_ path: String) throws(DaemonError) {
        self.path = path
        do throws(Errno) {
            (lock, instanceID) = try Self.open(path)
            problem = nil
        } catch {
            if error.code == EWOULDBLOCK { throw .alreadyRunning(path: path) }
            lock = nil
            instanceID = Self.hex((try? Random.seed()) ?? UInt64(getpid()))
            problem = "\(error); nothing is kept over a restart: see the key `state` in lbd.yaml"
        }
        saved = Self.load("\(path)/saved.json")
        let bytes = try? System.File.read("\(path)/gossip.json", limit: 1 << 20)
        gossip = bytes.flatMap { KeptGossip($0) } ?? KeptGossip()
    }

    /// What is kept, as the bytes of its file.
    static func encode(_ saved: Saved) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let remembered = saved.remembered.map { ($0.key.description, $0.value.map(\.description)) }
        let file = File(announced: saved.announced, remembered: Dictionary(uniqueKeysWithValues: remembered))
        return (try? encoder.encode(file)).map { Array($0) } ?? []
    }

    private struct File: Codable {
        var announced: [String: [String]]
        /// Address to `namespace/name`; nil in the file of a daemon that kept none.
        var remembered: [String: [String]]?
    }

    private static func load(_ path: String) -> Saved? {
        guard let bytes = try? System.File.read(path, limit: 16 << 20),
            let file = try? JSONDecoder().decode(File.self, from: Data(bytes))
        else { return nil }
        // What is no address or no Service's name is left out.
        let remembered = (file.remembered ?? [:]).compactMap { text, names -> (IPAddress, [ObjectKey])? in
            let keys = names.compactMap(ObjectKey.init(namespaced:)).sorted()
            guard let address = IPAddress(text), !keys.isEmpty else { return nil }
            return (address, keys)
        }
        return Saved(announced: file.announced, remembered: Dictionary(remembered) { $1 })
    }

    private static func open(_ path: String) throws(Errno) -> (LockFile, String) {
        try Folder.make(path, mode: 0o700)
        let lock = try LockFile("\(path)/lock")
        return (lock, try instanceID(in: path))
    }

    private static func instanceID(in path: String) throws(Errno) -> String {
        let file = "\(path)/instance"
        if let bytes = try? System.File.read(file, limit: 64) {
            let text = String(decoding: bytes, as: UTF8.self).filter { $0.isHexDigit }
            if text.count == 16 { return text }
        }
        let fresh = hex(try Random.seed())
        try AtomicFile.write(path: file, contents: Array((fresh + "\n").utf8), mode: 0o600)
        return fresh
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension ObjectKey {
    /// Reads `namespace/name`.
    fileprivate init?(namespaced text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.init(namespace: String(parts[0]), name: String(parts[1]))
    }
}
