/// Finds what a mistyped name was meant to be.
package enum Suggestion {
  /// `; did you mean 'x'?`, or the names there are where none is near.
  package static func phrase(for name: String, among names: [String], kind: String) -> String {
    if let near = nearest(to: name, among: names) { return "; did you mean '\(near)'?" }
    return names.isEmpty ? "" : "; \(kind): \(names.sorted().joined(separator: ", "))"
  }

  /// The name that is nearest, where one is near enough to have been meant.
  static func nearest(to name: String, among names: [String]) -> String? {
    // So far from all names that nobody could have meant one, and dear to compare.
    guard name.count <= 64 else { return nil }
    let limit = max(1, name.count / 3)
    return names.map { ($0, distance(name, $0)) }.filter { $0.1 <= limit }.min { $0.1 < $1.1 }?.0
  }

  /// How many letters have to be changed, added, dropped or swapped with their neighbour (the restricted form of the
  /// Damerau–Levenshtein distance).
  static func distance(_ one: String, _ other: String) -> Int {
    let (a, b) = (Array(one), Array(other))
    var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { rows[i][0] = i }
    for j in 0...b.count { rows[0][j] = j }
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    for i in 1...a.count {
      for j in 1...b.count {
        let change = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, change)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
        }
      }
    }
    return rows[a.count][b.count]
  }
}
