public import Wire

/// Routes that come and routes that go (RFC 4271 section 4.3).
public struct Update: Hashable, Sendable {
    /// Where routes lead that stand in an attribute (RFC 4760 section 3, RFC 2545).
    public struct NextHop: Hashable, Sendable {
        /// The address.
        public var address: IPAddress
        /// Beside an IPv6 address, the link-local one of the same router.
        public var linkLocal: IPv6Address?

        /// The next hop `address`.
        public init(_ address: IPAddress, linkLocal: IPv6Address? = nil) {
            self.address = address
            self.linkLocal = linkLocal
        }
    }

    /// MP_REACH_NLRI: routes of a family that come.
    public struct Reach: Hashable, Sendable {
        /// Which routes.
        public var family: RouteFamily
        /// Where they lead.
        public var nextHop: NextHop
        /// The routes.
        public var prefixes: [Prefix]

        /// Routes to `prefixes` by way of `nextHop`.
        public init(_ family: RouteFamily, nextHop: NextHop, prefixes: [Prefix]) {
            self.family = family
            self.nextHop = nextHop
            self.prefixes = prefixes
        }
    }

    /// MP_UNREACH_NLRI: routes of a family that go.
    public struct Unreach: Hashable, Sendable {
        /// Which routes.
        public var family: RouteFamily
        /// The routes; none for End-of-RIB.
        public var prefixes: [Prefix]

        /// The routes to `prefixes`.
        public init(_ family: RouteFamily, prefixes: [Prefix]) {
            self.family = family
            self.prefixes = prefixes
        }
    }

    /// An attribute that was not as it should be, and no reason to end the session (RFC 7606).
    public struct Fault: Hashable, Sendable {
        /// What is done about it.
        public enum Treatment: Hashable, Sendable {
            /// As if the attribute were not there.
            case discarded
            /// As if the message had withdrawn its routes.
            case treatedAsWithdrawn
        }

        /// The attribute's type; 0 where it cannot be told.
        public var type: UInt8
        /// What is done about it.
        public var treatment: Treatment

        /// A fault of the attribute `type`.
        public init(_ type: UInt8, _ treatment: Treatment) {
            self.type = type
            self.treatment = treatment
        }
    }

    /// IPv4 routes that go.
    public var withdrawn: [Prefix]
    /// What holds for all routes that come.
    public var attributes: PathAttributes
    /// IPv4 routes that come.
    public var announced: [Prefix]
    /// Routes that come, in an attribute.
    public var reach: Reach?
    /// Routes that go, in an attribute.
    public var unreach: Unreach?
    /// What was wrong with a message that came.
    public var faults: [Fault] = []

    /// A message with these fields.
    public init(
        withdrawn: [Prefix] = [], attributes: PathAttributes = PathAttributes(), announced: [Prefix] = [],
        reach: Reach? = nil, unreach: Unreach? = nil
    ) {
        self.withdrawn = withdrawn
        self.attributes = attributes
        self.announced = announced
        self.reach = reach
        self.unreach = unreach
    }

    /// The message that says that all routes of `family` have been sent (RFC 4724 section 2).
    public static func endOfRIB(_ family: RouteFamily) -> Update {
        family == .ipv4Unicast ? Update() : Update(unreach: Unreach(family, prefixes: []))
    }

    /// The family whose End-of-RIB this is.
    public var endOfRIB: RouteFamily? {
        guard withdrawn.isEmpty, announced.isEmpty, reach == nil, attributes == PathAttributes(), faults.isEmpty else {
            return nil
        }
        guard let unreach else { return .ipv4Unicast }
        return unreach.prefixes.isEmpty ? unreach.family : nil
    }

    /// Whether the routes that come are to be taken as withdrawn.
    public var isTreatedAsWithdrawn: Bool { faults.contains { $0.treatment == .treatedAsWithdrawn } }
}
