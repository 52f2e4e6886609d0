import Pipeline

extension StageConformance {
  private static var unknownKey: String { "surely_no_key_of_any_stage" }

  /// Whether its entry is read as one would think.
  func configurationViolations(_ entry: TestEntry<Kind>) -> [String] {
    var found: [String] = []
    if !Self.isName(Kind.name) {
      found.append("its name '\(Kind.name)' is not made of small letters, digits and '_'")
    }
    guard let read = entry.entry, (try? entry.accepted()) != nil else {
      return found + entry.faults.map { "its entry is refused: \($0)" }
    }
    if TestEntry(Kind.self, yaml: yaml).entry?.fingerprint != read.fingerprint {
      found.append("its entry is not read alike each time, so that a reload would never keep it")
    }
    if !isUnknown(Self.unknownKey, in: TestEntry(Kind.self, yaml: "\(yaml)\n\(Self.unknownKey): 1")) {
      found.append("its entry takes a key that it can't know")
    }
    for option in Kind.options where isUnknown(option.key, in: TestEntry(Kind.self, yaml: "\(option.key): 1"))
    {
      found.append("it describes a key '\(option.key)' that its configuration does not have")
    }
    return found
  }

  private func isUnknown(_ key: String, in entry: TestEntry<Kind>) -> Bool {
    entry.faults.contains { $0.contains("unknown key '\(key)'") }
  }

  private static func isName(_ text: String) -> Bool {
    let letters: ClosedRange<Character> = "a"..."z"
    let digits: ClosedRange<Character> = "0"..."9"
    return text.first.map(letters.contains) == true
      && text.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == "_" }
  }
}
