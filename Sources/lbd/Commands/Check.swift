import Balancer
internal import Glibc
import System
import Wire

/// `lbd check`: finds mistakes before the daemon does.
enum Check {
    /// Checks `pools` alone or, without it, the settings, and the pools and the kubeconfig that they name, where they are
    /// there. Returns the exit status.
    static func run(configuration path: String?, pools: String?) -> Int32 {
        if let pools, path == nil {
            return report { () throws(ConfigurationError) in try checkPools(pools, mayBeMissing: false) }
                ? ExitStatus.done : ExitStatus.failed
        }
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path)
            Console.print("\(path ?? Configuration.defaultPath): ok: node \(configuration.node)")
        } catch {
            Console.error(error.description)
            return ExitStatus.failed
        }
        var isRight = report { () throws(ConfigurationError) in
            try checkPools(pools ?? configuration.pools, mayBeMissing: pools == nil)
        }
        // Its secrets are for the daemon: whoever may not read the file can still check the others.
        if access(configuration.kubernetes.kubeconfig, R_OK) == 0 {
            isRight =
                report { () throws(ConfigurationError) in
                    let credentials = try Kubeconfig.load(configuration.kubernetes.kubeconfig)
                    return "\(configuration.kubernetes.kubeconfig): ok: server \(credentials.server)"
                } && isRight
        }
        return isRight ? ExitStatus.done : ExitStatus.failed
    }

    /// One line about the pools in a file, in the words of `summary(of:)`.
    private static func checkPools(_ path: String, mayBeMissing: Bool) throws(ConfigurationError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: YAML.maximumLength + 1, acceptsPipes: true)
        } catch {
            guard mayBeMissing, error.code == ENOENT else { throw ConfigurationError(file: path, message: "\(error)") }
            return "\(path): missing: the pools come from the cluster's ConfigMap"
        }
        return "\(path): ok: \(summary(of: try PoolsReader.read(bytes, file: path)))"
    }

    /// `1 pool, 128 addresses`.
    static func summary(of pools: Pools) -> String {
        let counts = pools.pools.flatMap { pool in pool.ranges.map(\.count) + pool.hosts.map(\.count) }
        let addresses = counts.reduce(into: UInt128(0)) { sum, count in
            sum = sum.addingReportingOverflow(count).overflow ? .max : sum + count
        }
        let peers = pools.peers.isEmpty ? "" : ", \(pools.peers.count) peer\(pools.peers.count == 1 ? "" : "s")"
        return "\(pools.pools.count) pool\(pools.pools.count == 1 ? "" : "s"), "
            + "\(addresses) address\(addresses == 1 ? "" : "es")\(peers)"
    }

    private static func report(_ check: () throws(ConfigurationError) -> String) -> Bool {
        do {
            Console.print(try check())
            return true
        } catch {
            Console.error(error.description)
            return false
        }
    }
}
