import KubeWatch
import Wire

/// Why a Service's wish cannot be read.
enum RequestError: Error, Hashable, CustomStringConvertible {
    case addressGivenTwice
    case badAddress(String)
    case tooManyAddresses(String)
    case wrongFamily(String, [AddressFamily])

    /// What is wrong, and what would be right.
    var description: String {
        switch self {
        case .addressGivenTwice:
            "both spec.loadBalancerIP and the annotation loadBalancerIPs are set: use one of them"
        case .badAddress(let text):
            "\"\(text)\" is not an IP address"
        case .tooManyAddresses(let text):
            "the annotation loadBalancerIPs names more than one address a family: \"\(text)\""
        case .wrongFamily(let text, let families):
            "\"\(text)\" holds no \(families.map(\.rawValue).joined(separator: " or ")) address: see the Service's "
                + "spec.ipFamilies"
        }
    }
}

/// What a Service asks for.
struct Request: Hashable {
    /// The only addresses that will do, one a family at most: spec.loadBalancerIP, or the annotation `loadBalancerIPs`.
    var addresses: [IPAddress] = []
    /// The one pool that will do: the annotation `address-pool`.
    var pool: String?
    /// Of each of these families an address, all of one pool; the primary one first.
    var families: [AddressFamily]
    /// Whether one of two families will do, while there is nothing of the other.
    var isSecondOptional: Bool
    /// On what terms the address may be shared.
    var sharing: Sharing

    init(_ service: Service) throws(RequestError) {
        families = service.families
        isSecondOptional = families.count > 1 && service.ipFamilyPolicy == .preferDual
        pool = service.annotation("address-pool")
        sharing = Sharing(service)
        let annotated = service.annotation("loadBalancerIPs")
        guard annotated == nil || service.loadBalancerIP == nil else { throw .addressGivenTwice }
        if let text = service.loadBalancerIP ?? annotated {
            addresses = try Self.addresses(in: text, of: families)
        }
    }

    /// The addresses of `families` in `text`, which names at most one address of either family.
    private static func addresses(
        in text: String, of families: [AddressFamily]
    ) throws(RequestError) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let word = part.drop { $0 == " " }.prefix { $0 != " " }
            guard let address = IPAddress(word) else { throw .badAddress(String(part)) }
            guard !addresses.contains(where: { $0.family == address.family }) else { throw .tooManyAddresses(text) }
            addresses.append(address)
        }
        let wanted = families.compactMap { family in addresses.first { $0.family == family } }
        guard !wanted.isEmpty else { throw .wrongFamily(text, families) }
        return wanted
    }

    /// Whether `address` may be one of the Service's.
    func allows(_ address: IPAddress, in pools: Pools) -> Bool {
        guard families.contains(address.family), let holder = pools.pool(holding: address),
            !holder.isLeaving(address)
        else { return false }
        if let asked = addresses.first(where: { $0.family == address.family }) { return address == asked }
        return pool.map { $0 == holder.name } ?? true
    }

    /// Whether a Service that has `held`, an address a family at most, has what it asks for.
    func isMet(by held: [IPAddress], in pools: Pools) -> Bool {
        let isEnough = held.count == families.count || isSecondOptional && !held.isEmpty
        return isEnough && held.allSatisfy { allows($0, in: pools) }
            && Set(held.map { pools.pool(holding: $0)?.name }).count <= 1
            && addresses.allSatisfy(held.contains)
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
