internal import CCrypto

/// The SHA-1 digest (FIPS 180-4) by libcrypto, for protocols that have nothing newer.
public enum SHA1 {
    /// The 20 bytes of the digest of `bytes`.
    public static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        return [UInt8](unsafeUninitializedCapacity: Int(SHA_DIGEST_LENGTH)) { output, count in
            _ = CCrypto.SHA1(input, input.count, output.baseAddress)
            count = Int(SHA_DIGEST_LENGTH)
        }
    }
}
