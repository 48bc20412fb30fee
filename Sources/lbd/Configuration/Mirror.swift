/// The text of `pools.yaml` while it mirrors the cluster's ConfigMap.
enum Mirror {
    /// The ConfigMap's `text`, byte for byte, under a comment that says where edits belong. `configMap` is its
    /// `NAMESPACE/NAME`.
    static func contents(of text: String, configMap: String) -> [UInt8] {
        let comment = """
            # This file mirrors the ConfigMap \(configMap) of the cluster. Edits made here are put back:
            # make them there. It serves when this node starts while the API server is away.

            """
        return Array((comment + text).utf8)
    }
}
