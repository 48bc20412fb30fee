internal import CCurl

/// One libcurl transfer and its options; cleaned up when it is let go of.
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    init() throws(ConnectionError) {
        guard let pointer = curl_easy_init() else {
            throw .library(action: "make a transfer", reason: "out of memory")
        }
        self.pointer = pointer
    }

    /// A transfer with the options of `other`, but for its lists of headers.
    init(copying other: EasyHandle) throws(ConnectionError) {
        guard let pointer = curl_easy_duphandle(other.pointer) else {
            throw .library(action: "make a transfer", reason: "out of memory")
        }
        self.pointer = pointer
    }

    deinit {
        curl_easy_cleanup(pointer)
        for list in lists {
            curl_slist_free_all(list)
        }
    }

    func set(_ option: CURLoption, _ value: Int) throws(ConnectionError) {
        try check(lbd_curl_set_long(pointer, option, value), option)
    }

    func set(_ option: CURLoption, _ value: String) throws(ConnectionError) {
        try check(lbd_curl_set_string(pointer, option, value), option)
    }

    func set(_ option: CURLoption, pointer value: UnsafeMutableRawPointer?) throws(ConnectionError) {
        try check(lbd_curl_set_pointer(pointer, option, value), option)
    }

    /// Sets a list of texts, which is kept as long as the handle.
    func set(_ option: CURLoption, list texts: [String]) throws(ConnectionError) {
        var list: UnsafeMutablePointer<curl_slist>?
        for text in texts {
            guard let longer = curl_slist_append(list, text) else {
                curl_slist_free_all(list)
                throw .library(action: "set option \(option.rawValue)", reason: "out of memory")
            }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        try check(lbd_curl_set_list(pointer, option, list), option)
    }

    /// Sets PEM text, or the file to read it from, by the option for each.
    func set(_ pem: Credentials.PEM, text: CURLoption, file: CURLoption) throws(ConnectionError) {
        switch pem {
        case .text(let pem):
            let bytes = Array(pem.utf8)
            try check(lbd_curl_set_blob(pointer, text, bytes, bytes.count), text)
        case .file(let path): try set(file, path)
        }
    }

    /// The bytes to send; copied.
    func setBody(_ bytes: [UInt8]) throws(ConnectionError) {
        try set(CURLOPT_POSTFIELDSIZE, bytes.count)
        // curl copies them at once and changes nothing in them.
        let code = bytes.withUnsafeBytes {
            lbd_curl_set_pointer(pointer, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress))
        }
        try check(code, CURLOPT_COPYPOSTFIELDS)
    }

    private func check(_ code: CURLcode, _ option: CURLoption) throws(ConnectionError) {
        guard code == CURLE_OK else {
            throw .library(
                action: "set option \(option.rawValue)", reason: String(cString: curl_easy_strerror(code)))
        }
    }
}
