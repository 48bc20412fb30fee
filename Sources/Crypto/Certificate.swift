internal import CCrypto
internal import Glibc

/// What X.509 certificates (RFC 5280) say.
public enum Certificate {
    /// When the first certificate in `pem` ends to be valid, in seconds since 1970 began (UTC); nil where there is none that can
    /// be read.
    public static func end(ofPEM pem: [UInt8]) -> Int? {
        guard let source = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return nil }
        defer { BIO_free(source) }
        guard let certificate = PEM_read_bio_X509(source, nil, nil, nil) else { return nil }
        defer { X509_free(certificate) }
        var parts = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 else { return nil }
        return timegm(&parts)
    }
}
