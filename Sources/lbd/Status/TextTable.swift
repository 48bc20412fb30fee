/// A table of text for a terminal: columns as wide as their widest cell, two spaces between them.
struct TextTable {
    /// A column.
    struct Column {
        /// Its heading.
        var title: String
        /// Numbers stand to the right.
        var isRightAligned = false
    }

    /// What stands in a row.
    struct Row {
        /// A cell for each column, with its lines.
        var cells: [[String]]
        /// A sentence about the row, below it.
        var remark: String?
    }

    /// The columns, left to right.
    var columns: [Column]
    /// The rows, top to bottom.
    var rows: [Row] = []

    /// The table's lines, without spaces at their ends.
    var lines: [String] {
        let widths = columns.indices.map { column in
            rows.flatMap { $0.cells[column].map(\.count) }.reduce(columns[column].title.count, max)
        }
        return line(columns.map(\.title), widths)
            + rows.flatMap { row in
                let height = row.cells.map(\.count).max() ?? 0
                let lines = (0..<height).flatMap { index in
                    line(row.cells.map { $0.indices.contains(index) ? $0[index] : "" }, widths)
                }
                return lines + (row.remark.map { Self.wrapped($0, firstIndent: 2) } ?? [])
            }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> [String] {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let gap = String(repeating: " ", count: widths[index] - cell.count)
            text += (index > 0 ? "  " : "") + (columns[index].isRightAligned ? gap + cell : cell + gap)
        }
        while text.last == " " { text.removeLast() }
        return [text]
    }

    /// `text` in lines of at most `width` characters, where its words allow: the first indented by `firstIndent` spaces, all
    /// others by `otherIndent`.
    static func wrapped(_ text: String, firstIndent: Int = 0, otherIndent: Int = 2, width: Int = 100) -> [String] {
        let margin = String(repeating: " ", count: otherIndent)
        var lines: [String] = []
        var line = String(repeating: " ", count: firstIndent)
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}
