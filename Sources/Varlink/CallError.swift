/// The errors of the interface org.varlink.service: why a call was not carried out.
public enum CallError: Hashable, Sendable {
    /// There is no such interface.
    case interfaceNotFound(String)
    /// The interface has no such method.
    case methodNotFound(String)
    /// The method cannot be called in this way.
    case methodNotImplemented(String)
    /// A parameter is missing, of another type, or unknown.
    case invalidParameter(String)

    /// INTERFACE.ERROR.
    var name: String {
        let error =
            switch self {
            case .interfaceNotFound: "InterfaceNotFound"
            case .methodNotFound: "MethodNotFound"
            case .methodNotImplemented: "MethodNotImplemented"
            case .invalidParameter: "InvalidParameter"
            }
        return "\(Interface.service.name).\(error)"
    }

    /// The one parameter that each of them has.
    var parameter: (name: String, value: String) {
        switch self {
        case .interfaceNotFound(let name): ("interface", name)
        case .methodNotFound(let name), .methodNotImplemented(let name): ("method", name)
        case .invalidParameter(let name): ("parameter", name)
        }
    }
}
