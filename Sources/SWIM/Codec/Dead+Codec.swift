extension Dead {
    /// Reads the structure that follows the type.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        let claim = try Claim(from: &reader)
        self.init(incarnation: claim.incarnation, node: claim.node, from: claim.from)
    }

    /// Writes the structure that follows the type.
    func write(to writer: inout MessagePackWriter) {
        Claim(incarnation: incarnation, node: node, from: from).write(to: &writer)
    }
}
