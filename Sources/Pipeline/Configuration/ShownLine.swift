/// A line of a file, made ready once to be shown below each of its faults: all of a file may stand in one line.
struct ShownLine {
  private let characters: [Character]
  /// How many Unicode scalars there are up to the end of each character. Columns count as YAML does, by scalars, of which
  /// a character may have several.
  private let scalars: [Int]

  init(_ line: Substring) {
    var count = 0
    scalars = line.map { character in
      count += character.unicodeScalars.count
      return count
    }
    characters = FaultReport.withoutPassword(Array(line))
  }

  /// The part of the line around a column, with a caret below it; nothing of an empty line, as a missing file has and the
  /// end of most files is.
  func excerpt(at column: Int) -> String {
    guard !characters.isEmpty else { return "" }
    let place = charactersEnded(before: column)
    let start = max(0, place - 60)
    let shown = characters[start..<min(characters.count, start + 100)]
    // A tab is kept under a tab, so that the caret stands right however wide they are shown.
    let lead = shown.prefix(place - start).map { $0 == "\t" ? "\t" : " " }.joined()
    return "  \(String(shown))\n  \(lead)^\n"
  }

  private func charactersEnded(before column: Int) -> Int {
    var (low, high) = (0, scalars.count)
    while low < high {
      let middle = (low + high) / 2
      if scalars[middle] < column { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
