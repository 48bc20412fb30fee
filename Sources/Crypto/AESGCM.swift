internal import CCrypto
internal import Synchronization

/// AES in Galois/Counter Mode (NIST SP 800-38D) by libcrypto, with nonces of 12 bytes and tags of 16.
///
/// A nonce may never be used twice with the same key: whoever seals brings one from a CSPRNG.
public enum AESGCM {
    /// The bytes of a nonce.
    public static let nonceLength = 12
    /// The bytes of a tag.
    public static let tagLength = 16
    /// The bytes that a key can have: AES-128, AES-192 and AES-256.
    public static let keyLengths = [16, 24, 32]

    /// Encrypts `plaintext` with `key` and appends the tag, which also covers `additionalData`.
    public static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], additionalData: [UInt8] = []
    ) throws(CryptoError) -> [UInt8] {
        let context = try Context.taken(key: key, encrypts: true)
        try context.start(nonce: nonce)
        try context.authenticate(additionalData)
        var sealed = try context.update(plaintext[...], room: tagLength)
        try context.finish()
        let tag = [UInt8](unsafeUninitializedCapacity: tagLength) { buffer, count in
            let isRead = EVP_CIPHER_CTX_ctrl(
                context.pointer, EVP_CTRL_AEAD_GET_TAG, CInt(tagLength), buffer.baseAddress)
            count = isRead == 1 ? tagLength : 0
        }
        guard tag.count == tagLength else { throw .failed }
        context.giveBack()
        sealed += tag
        return sealed
    }

    /// Decrypts what `seal` gave for the same key, nonce and additional data; anything else is `CryptoError.notAuthentic`.
    public static func open(
        _ sealed: ArraySlice<UInt8>, key: [UInt8], nonce: [UInt8], additionalData: [UInt8] = []
    ) throws(CryptoError) -> [UInt8] {
        let context = try Context.taken(key: key, encrypts: false)
        try context.start(nonce: nonce)
        guard sealed.count >= tagLength else { throw .notAuthentic }
        var tag = Array(sealed.suffix(tagLength))
        try context.authenticate(additionalData)
        let plaintext = try context.update(sealed.dropLast(tagLength), room: 0)
        guard EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_SET_TAG, CInt(tagLength), &tag) == 1 else {
            throw .failed
        }
        do throws(CryptoError) {
            try context.finish()
        } catch {
            throw .notAuthentic
        }
        context.giveBack()
        return plaintext
    }

    /// libcrypto's ciphers. To look one up takes longer than to encrypt a datagram with it, so it is done once; they are
    /// never changed, and threads may share them.
    private enum Cipher {
        nonisolated(unsafe) static let aes128 = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
        nonisolated(unsafe) static let aes192 = EVP_CIPHER_fetch(nil, "AES-192-GCM", nil)
        nonisolated(unsafe) static let aes256 = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    }

    /// libcrypto's operations with one key, one after the other.
    private final class Context: @unchecked Sendable {
        /// Those that are not in use, the latest last. To make one, and a key's schedule, takes longer than to encrypt a datagram.
        private static let idle = Mutex<[Context]>([])
        /// So many are kept: for the keys of a group while they change, in either direction.
        private static let idleLimit = 8

        let pointer: OpaquePointer
        private let key: [UInt8]
        private let encrypts: Bool

        private init(key: [UInt8], encrypts: Bool) throws(CryptoError) {
            let cipher: OpaquePointer?
            switch key.count {
            case 16: cipher = Cipher.aes128
            case 24: cipher = Cipher.aes192
            case 32: cipher = Cipher.aes256
            default: throw .invalidKeyLength(key.count)
            }
            guard let cipher, let pointer = EVP_CIPHER_CTX_new() else { throw .failed }
            self.pointer = pointer
            self.key = key
            self.encrypts = encrypts
            guard EVP_CipherInit_ex(pointer, cipher, nil, key, nil, encrypts ? 1 : 0) == 1 else { throw .failed }
        }

        deinit {
            EVP_CIPHER_CTX_free(pointer)
        }

        /// One that nobody else has.
        static func taken(key: [UInt8], encrypts: Bool) throws(CryptoError) -> Context {
            let context = idle.withLock { idle in
                idle.lastIndex { $0.encrypts == encrypts && $0.key == key }.map { idle.remove(at: $0) }
            }
            if let context { return context }
            return try Context(key: key, encrypts: encrypts)
        }

        /// Has done, and is not used any more by whoever took it. One that has failed is not given back.
        func giveBack() {
            Self.idle.withLock { idle in
                if idle.count >= Self.idleLimit { idle.removeFirst() }
                idle.append(self)
            }
        }

        func start(nonce: [UInt8]) throws(CryptoError) {
            guard nonce.count == nonceLength else { throw .invalidNonceLength(nonce.count) }
            guard EVP_CipherInit_ex(pointer, nil, nil, nil, nonce, encrypts ? 1 : 0) == 1 else { throw .failed }
        }

        func authenticate(_ additionalData: [UInt8]) throws(CryptoError) {
            guard !additionalData.isEmpty else { return }
            guard let count = CInt(exactly: additionalData.count) else { throw .failed }
            var written: CInt = 0
            guard EVP_CipherUpdate(pointer, nil, &written, additionalData, count) == 1 else { throw .failed }
        }

        /// As many bytes as go in come out, in an array with `room` for more.
        func update(_ input: ArraySlice<UInt8>, room: Int) throws(CryptoError) -> [UInt8] {
            guard let count = CInt(exactly: input.count) else { throw .failed }
            guard count > 0 else { return [] }
            var written: CInt = 0
            let output = input.withUnsafeBufferPointer { input in
                [UInt8](unsafeUninitializedCapacity: input.count + room) { output, filled in
                    let isDone = EVP_CipherUpdate(pointer, output.baseAddress, &written, input.baseAddress, count)
                    filled = isDone == 1 ? input.count : 0
                }
            }
            guard written == count else { throw .failed }
            return output
        }

        /// Makes the tag, or compares it with the one that was set.
        func finish() throws(CryptoError) {
            // GCM holds nothing back, so nothing is written.
            var rest: (UInt64, UInt64) = (0, 0)
            var written: CInt = 0
            let isDone = withUnsafeMutableBytes(of: &rest) { buffer in
                EVP_CipherFinal_ex(pointer, buffer.bindMemory(to: UInt8.self).baseAddress, &written)
            }
            guard isDone == 1 else { throw .failed }
        }
    }
}
