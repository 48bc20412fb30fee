/// How an address of an interface stands (rtnetlink(7), struct ifaddrmsg and struct ifa_cacheinfo).
public struct AddressState: Hashable, Sendable {
    /// IFA_F_DEPRECATED: its preferred lifetime is over, and nothing new is to use it (RFC 4862 section 5.5.4). The kernel
    /// tells when that happens.
    public var isDeprecated: Bool
    /// cstamp: when the interface got it, in hundredths of a second since the boot; to renew it changes nothing. 0 where the
    /// kernel does not say.
    public var createdAt: UInt32

    /// An address that stands so.
    public init(isDeprecated: Bool = false, createdAt: UInt32 = 0) {
        self.isDeprecated = isDeprecated
        self.createdAt = createdAt
    }
}
