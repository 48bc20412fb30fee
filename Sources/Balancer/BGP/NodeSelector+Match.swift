extension NodeSelector {
    /// Whether a node with these labels meets all requirements, as Kubernetes judges a metav1.LabelSelector: a label that is
    /// not there is in no list of values.
    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            let value = labels[requirement.key]
            return switch requirement.comparison {
            case .isIn: value.map(requirement.values.contains) ?? false
            case .notIn: value.map { !requirement.values.contains($0) } ?? true
            case .exists: value != nil
            case .doesNotExist: value == nil
            }
        }
    }
}

extension Peer {
    /// Whether a node with these labels peers with it.
    func isFor(_ labels: [String: String]) -> Bool {
        nodeSelectors.isEmpty || nodeSelectors.contains { $0.matches(labels) }
    }
}
