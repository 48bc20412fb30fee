internal import Crypto

/// The keys of a group, and what they do: memberlist's security.go, versions 0 and 1, both AES-GCM. While a secret is
/// changed, members have the old one and the new one; where a MetalLB is updated, some have a short one and others a
/// long one.
public struct Keyring: Hashable, Sendable {
    /// What is sent is encrypted with this one.
    public var primary: Key
    /// What comes may also be encrypted with one of these.
    public var others: [Key]

    /// The keys `primary` and `others`.
    public init(_ primary: Key, others: [Key] = []) {
        self.primary = primary
        self.others = others
    }

    /// The bytes that encryption adds: its version, the nonce and the tag.
    static let overheadBytes = 1 + AESGCM.nonceLength + AESGCM.tagLength

    /// Encrypts with the primary key. `nonce` has 12 bytes from a CSPRNG. Version 1, which pads nothing; only members
    /// of the protocol's first version, of the year 2013, want version 0.
    func seal(_ plaintext: [UInt8], nonce: [UInt8], additionalData: [UInt8]) throws(SWIMError) -> [UInt8] {
        do throws(CryptoError) {
            let sealed = try AESGCM.seal(
                plaintext, key: primary.bytes, nonce: nonce, additionalData: additionalData)
            return [1] + nonce + sealed
        } catch {
            throw .notEncryptable(error.description)
        }
    }

    /// Decrypts with whichever key fits: both versions.
    func open(_ sealed: ArraySlice<UInt8>, additionalData: [UInt8]) throws(SWIMError) -> [UInt8] {
        guard let version = sealed.first, version <= 1, sealed.count >= Self.overheadBytes else {
            throw .notEncrypted
        }
        let nonce = Array(sealed.dropFirst().prefix(AESGCM.nonceLength))
        let ciphertext = sealed.dropFirst(1 + AESGCM.nonceLength)
        func open(_ key: Key) -> [UInt8]? {
            try? AESGCM.open(ciphertext, key: key.bytes, nonce: nonce, additionalData: additionalData)
        }
        guard let plaintext = open(primary) ?? others.lazy.compactMap(open).first else { throw .notDecryptable }
        return version == 1 ? plaintext : try Self.withoutPadding(plaintext)
    }

    /// PKCS #7 (RFC 5652 section 6.3), with blocks of 16 bytes.
    private static func withoutPadding(_ plaintext: [UInt8]) throws(SWIMError) -> [UInt8] {
        guard let count = plaintext.last, (1...16).contains(count), plaintext.count >= Int(count),
            plaintext.suffix(Int(count)).allSatisfy({ $0 == count })
        else { throw .invalid(field: "the padding") }
        return plaintext.dropLast(Int(count))
    }
}
