import KubeWatch

/// What is seen of a MetalLB in the cluster: the Pods of its controller, and its custom resources.
struct MetalLB {
    /// The Pods of its controller that run.
    private var controllers: Set<ObjectKey> = []
    /// Whether it is known if a controller runs: its Pods were listed, or the server does not show them, which counts as
    /// none.
    private(set) var isKnown = false
    /// The controller that the journal has told of.
    private var toldController: ObjectKey?
    /// Whether the server has its custom resources.
    private(set) var hasResources = false

    /// The controller that runs: the first by name.
    var controller: ObjectKey? { controllers.min() }

    /// Takes a version of a Pod of its controller. One that is being ended gives no more addresses; where its node is gone
    /// it stays so for ever.
    mutating func update(_ pod: Pod) {
        if pod.phase == "Running", !pod.isBeingDeleted {
            controllers.insert(pod.metadata.key)
        } else {
            controllers.remove(pod.metadata.key)
        }
    }

    mutating func removePod(_ key: ObjectKey) {
        controllers.remove(key)
    }

    /// All Pods of its controller have been told.
    mutating func synced() {
        isKnown = true
    }

    /// The server does not show Pods.
    mutating func forbidden() {
        isKnown = true
        controllers = []
    }

    /// Takes the news whether the server has its custom resources, which lbd does not read; `settings` say where it takes
    /// its pools from.
    mutating func discovered(resources: Bool, _ settings: Settings, in turn: inout Turn) {
        guard resources, !hasResources else {
            hasResources = resources
            return
        }
        hasResources = true
        turn.record(
            .warning, .resourcesNotRead,
            "MetalLB's custom resources (IPAddressPool and the like) are not read: lbd takes its pools from the ConfigMap "
                + "\(settings.configMap), or from \(settings.poolsPath)")
    }

    /// Tells of the controller that keeps the allocating, and of its end. Of all nodes the one that holds the leader's
    /// Lease tells: `isHolder` says whether that is this one.
    mutating func tell(isHolder: Bool, in turn: inout Turn) {
        let controller = isHolder ? controller : nil
        defer { toldController = controller }
        switch (toldController, controller) {
        case (nil, let controller?):
            turn.record(
                .notice, .allocationYielded,
                "MetalLB's controller runs (pod \(controller)) and keeps giving addresses to Services: lbd gives none, and "
                    + "answers for those that are given. Stop it, or set `allocate: always` in lbd.yaml, to have lbd give "
                    + "them")
        case (_?, nil) where isHolder:
            turn.record(
                .notice, .allocationResumed, "MetalLB's controller is gone: lbd gives Services their addresses")
        default: break
        }
    }
}
