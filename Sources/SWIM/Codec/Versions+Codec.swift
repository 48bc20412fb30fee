extension Versions {
    /// The versions in the first six of these bytes; without any, all zero. Nil where there are less.
    init?(bytes: ArraySlice<UInt8>) {
        let values = bytes.isEmpty ? [0, 0, 0, 0, 0, 0] : Array(bytes)
        guard values.count >= 6 else { return nil }
        self.init(
            protocolMinimum: values[0], protocolMaximum: values[1], protocolCurrent: values[2],
            delegateMinimum: values[3], delegateMaximum: values[4], delegateCurrent: values[5])
    }

    /// The six bytes on the wire.
    var bytes: [UInt8] {
        [protocolMinimum, protocolMaximum, protocolCurrent, delegateMinimum, delegateMaximum, delegateCurrent]
    }
}
