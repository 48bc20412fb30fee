internal import CCrypto

/// The SHA-256 digest (FIPS 180-4) by libcrypto.
public enum SHA256 {
    /// The 32 bytes of the digest of `bytes`.
    public static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { output, count in
            _ = CCrypto.SHA256(input, input.count, output.baseAddress)
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }
}
