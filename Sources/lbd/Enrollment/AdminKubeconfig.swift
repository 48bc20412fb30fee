internal import Glibc

/// Where an admin's kubeconfig is found.
enum AdminKubeconfig {
    /// The places to look at, in their order: the files of $KUBECONFIG, those of k3s and kubeadm, that of kubectl.
    /// `environment` gives the value of a variable.
    static func places(_ environment: (String) -> String?) -> [String] {
        let named = environment("KUBECONFIG").map { $0.split(separator: ":").map(String.init) } ?? []
        let home = environment("HOME").flatMap { $0.isEmpty ? nil : $0 }
        return named + ["/etc/rancher/k3s/k3s.yaml", "/etc/kubernetes/admin.conf"]
            + (home.map { ["\($0)/.kube/config"] } ?? [])
    }

    /// The first of `places` that can be read.
    ///
    /// - Throws: `EnrollmentError.noKubeconfig` where there is none.
    static func first(of places: [String]) throws(EnrollmentError) -> String {
        var problems: [String] = []
        for place in places {
            if access(place, R_OK) == 0 { return place }
            problems.append("\(place): \(String(cString: strerror(errno)))")
        }
        throw .noKubeconfig(problems)
    }
}
