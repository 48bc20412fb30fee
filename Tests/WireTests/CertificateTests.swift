import Crypto
import Testing

@Suite struct CertificateTests {
    private static let pem = """
        some words before it
        -----BEGIN CERTIFICATE-----
        MIIBcTCCARegAwIBAgIUQDjHaP+9LLV75KrvQBIV2y2tR2swCgYIKoZIzj0EAwIw
        DjEMMAoGA1UEAwwDbGJkMB4XDTI2MTEzMDAxMzIzNloXDTM2MTEyNzAxMzIzNlow
        DjEMMAoGA1UEAwwDbGJkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtEMmqDrc
        6EHhSXaIeI4VocTxPbLqTT84Foyef8iFR0At+liicGzWqx211+93ZBHnzDdq7wU9
        WolYudOUfQ1Yj6NTMFEwHQYDVR0OBBYEFAU7iu6wurmV7mpQLyhtdXxGBV3XMB8G
        A1UdIwQYMBaAFAU7iu6wurmV7mpQLyhtdXxGBV3XMA8GA1UdEwEB/wQFMAMBAf8w
        CgYIKoZIzj0EAwIDSAAwRQIhAMX0T/ZGxkXcq4ObasGf5kc1wrWK2WAIseI2UFF/
        7wSWAiAylgczoDXC3eIeMfGppHaZdzj+J9y2NOY0cfmvuZv2Pg==
        -----END CERTIFICATE-----

        """

    /// 27 November 2036, 01:32:36 UTC.
    @Test func itsEndIsRead() {
        #expect(Certificate.end(ofPEM: Array(Self.pem.utf8)) == 2_111_362_356)
    }

    @Test func whatIsNoneHasNone() {
        #expect(Certificate.end(ofPEM: []) == nil)
        #expect(Certificate.end(ofPEM: Array(Self.pem.utf8.prefix(200))) == nil)
    }
}
