import KubeWatch
import Wire

/// Why a Service's wish cannot be read.
enum RequestError: Error, Hashable, CustomStringConvertible {
    case addressGivenTwice
    case badAddress(String)
    case tooManyAddresses(String)
    case wrongFamily(String, AddressFamily)

    /// What is wrong, and what would be right.
    var description: String {
        switch self {
        case .addressGivenTwice:
            "both spec.loadBalancerIP and the annotation loadBalancerIPs are set: use one of them"
        case .badAddress(let text):
            "\"\(text)\" is not an IP address"
        case .tooManyAddresses(let text):
            "the annotation loadBalancerIPs names more than one address a family: \"\(text)\""
        case .wrongFamily(let text, let family):
            "\"\(text)\" holds no \(family.rawValue) address, which is the Service's primary family"
        }
    }
}

/// What a Service asks for.
struct Request: Hashable {
    /// The one address that will do: spec.loadBalancerIP, or the annotation `loadBalancerIPs`.
    var address: IPAddress?
    /// The one pool that will do: the annotation `address-pool`.
    var pool: String?
    /// The Service's primary family.
    var family: AddressFamily
    /// On what terms the address may be shared.
    var sharing: Sharing

    init(_ service: Service) throws(RequestError) {
        family = service.primaryFamily
        pool = service.annotation("address-pool")
        sharing = Sharing(service)
        let annotated = service.annotation("loadBalancerIPs")
        guard annotated == nil || service.loadBalancerIP == nil else { throw .addressGivenTwice }
        if let text = service.loadBalancerIP ?? annotated {
            address = try Self.address(in: text, of: family)
        }
    }

    /// The address of `family` in `text`, which names at most one address of either family.
    private static func address(in text: String, of family: AddressFamily) throws(RequestError) -> IPAddress {
        var addresses: [IPAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let word = part.drop { $0 == " " }.prefix { $0 != " " }
            guard let address = IPAddress(word) else { throw .badAddress(String(part)) }
            guard !addresses.contains(where: { $0.family == address.family }) else { throw .tooManyAddresses(text) }
            addresses.append(address)
        }
        guard let address = addresses.first(where: { $0.family == family }) else { throw .wrongFamily(text, family) }
        return address
    }

    /// Whether a Service that has `current` has what it asks for.
    func isMet(by current: IPAddress, in pools: Pools) -> Bool {
        if let address { return current == address }
        if let pool { return pools.pool(holding: current)?.name == pool }
        return true
    }
}

/// What a Service wishes, readable or not; compared to see whether it has changed its mind.
typealias Wish = Result<Request, RequestError>

extension Service {
    var wish: Wish {
        do throws(RequestError) {
            return .success(try Request(self))
        } catch {
            return .failure(error)
        }
    }
}
