/// What a writer may have meant by a word that is not known.
enum Spelling {
    /// The one of `words` that is nearest to `word`, if one is near: written in another case or with other hyphens, or
    /// with a letter or two wrong, missing, added or swapped.
    static func nearest(to word: String, among words: [String]) -> String? {
        let plain = simplified(word)
        guard !plain.isEmpty, plain.count <= 64 else { return nil }
        let candidates = words.map { (word: $0, distance: distance(plain, simplified($0))) }
        guard let best = candidates.min(by: { ($0.distance, $0.word) < ($1.distance, $1.word) }),
            best.distance <= min(2, best.word.count / 3)
        else { return nil }
        return best.word
    }

    private static func simplified(_ word: String) -> [Character] {
        Array(word.lowercased().filter { $0 != "-" && $0 != "_" })
    }

    /// The edits between two words: one for each letter changed, missing or added, and for two neighbours swapped
    /// (optimal string alignment).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var rows = [Array(0...right.count)]
        for (i, letter) in left.enumerated() {
            var row = [i + 1]
            for (j, other) in right.enumerated() {
                var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter == other ? 0 : 1))
                if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other {
                    cost = min(cost, rows[i - 1][j - 1] + 1)
                }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
