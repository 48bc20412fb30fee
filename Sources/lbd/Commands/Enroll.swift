internal import Glibc

/// `lbd enroll`: prepares a cluster and prints the kubeconfig for the nodes.
enum Enroll {
    /// Applies the manifest as the admin of `kubeconfig`, or of the first place that has one, and prints a kubeconfig with
    /// which the nodes reach the API server at `server`, or where the admin's says. Returns the exit status.
    static func run(kubeconfig: String?, server: String?) -> Int32 {
        let url = server.flatMap { ServerURL($0) }
        if let server, url == nil {
            Console.error("lbd: --server must be https://HOST:PORT, not \(quoted(server)); see lbd --help")
            return ExitStatus.wrongUsage
        }
        let places =
            kubeconfig.map { [$0] } ?? AdminKubeconfig.places { name in getenv(name).map { String(cString: $0) } }
        do throws(EnrollmentError) {
            let enrollment = try Enrollment(kubeconfig: try AdminKubeconfig.first(of: places)) { Console.error($0) }
            try enrollment.apply()
            let text = try enrollment.kubeconfig(server: url).text
            guard Console.print(text) else {
                Console.error("lbd: cannot write the kubeconfig to standard output")
                return ExitStatus.failed
            }
            return ExitStatus.done
        } catch {
            Console.error("lbd: \(error)")
            return ExitStatus.failed
        }
    }
}
