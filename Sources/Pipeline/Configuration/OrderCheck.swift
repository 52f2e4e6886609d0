/// Checks that the stages of a chain work together: that each has before it what it needs.
struct OrderCheck {
  private(set) var faults: [Fault] = []

  /// - Parameter isWhole: Whether all entries could be read; else nothing is said of what is missing.
  init(_ entries: [StageEntry], isWhole: Bool, mark: Mark) {
    checkNames(entries)
    guard isWhole else { return }
    let enabled = entries.filter(\.isEnabled)
    if enabled.count > ChainPlan.stageLimit {
      faults.append(Fault(mark, "a chain has at most \(ChainPlan.stageLimit) stages"))
    }
    for (index, entry) in enabled.enumerated() {
      for need in entry.requirements.needs where need != .presence {
        checkNeed(need, of: entry, at: index, enabled, entries)
      }
      checkPolicy(entry, later: enabled[(index + 1)...])
      checkEnforcement(
        entry, isEffect: enabled[..<index].contains { $0.requirements.gives.contains(.durableID) })
    }
    checkCommitPoint(enabled)
    if !enabled.contains(where: { $0.typeName == "rate_limit" }) {
      faults.append(
        Fault(mark, "no stage 'rate_limit': a client may send as fast as it can", severity: .warning))
    }
  }

  private mutating func checkNames(_ entries: [StageEntry]) {
    for (index, entry) in entries.enumerated()
    where entries[..<index].contains(where: { $0.name == entry.name }) {
      faults.append(
        Fault(entry.mark, "a second stage is named '\(entry.name)'; give one of them a 'name' of its own"))
    }
  }

  private mutating func checkNeed(
    _ need: Capability, of entry: StageEntry, at index: Int, _ enabled: [StageEntry], _ all: [StageEntry]
  ) {
    guard !enabled[..<index].contains(where: { $0.requirements.gives.contains(need) }) else { return }
    let problem = "stage '\(entry.name)' needs \(need), "
    if let later = enabled[index...].first(where: { $0.requirements.gives.contains(need) }) {
      faults.append(
        Fault(
          entry.mark, problem + "which '\(later.name)' gives only after it; put '\(later.name)' before it"))
    } else if let off = all.first(where: { !$0.isEnabled && $0.requirements.gives.contains(need) }) {
      faults.append(Fault(entry.mark, problem + "and '\(off.name)', which gives it, is switched off"))
    } else {
      faults.append(Fault(entry.mark, problem + "which no stage before it gives"))
    }
  }

  /// A stage whose gift others count on must not be skipped when it fails.
  private mutating func checkPolicy(_ entry: StageEntry, later: ArraySlice<StageEntry>) {
    guard entry.onError == .skip else { return }
    for gift in entry.requirements.gives where gift != .presence {
      guard let other = later.first(where: { $0.requirements.needs.contains(gift) }) else { continue }
      faults.append(
        Fault(
          entry.mark, "stage '\(entry.name)' can't have 'on_error: skip': '\(other.name)' needs its \(gift)"))
    }
  }

  /// A stage whose gift others count on must be obeyed, and so must one whose work is to do something: to be or not to
  /// be obeyed is for those that judge.
  private mutating func checkEnforcement(_ entry: StageEntry, isEffect: Bool) {
    let problem = "stage '\(entry.name)' can't have "
    if entry.onError == .deadLetter, entry.requirements.gives.contains(.durableID) {
      faults.append(
        Fault(entry.mark, problem + "'on_error: dead_letter': what it can't store can't be kept either"))
    }
    guard entry.enforcement != .full else { return }
    let what = "'enforce: \(entry.enforcement)': "
    if let gift = entry.requirements.gives.first(where: { $0 != .presence }) {
      faults.append(Fault(entry.mark, problem + what + "it gives \(gift)"))
    } else if isEffect {
      faults.append(
        Fault(entry.mark, problem + what + "it stands behind the commit point, where nothing is decided"))
    }
  }

  private mutating func checkCommitPoint(_ enabled: [StageEntry]) {
    let commits = enabled.filter { $0.requirements.gives.contains(.durableID) }
    for entry in commits.dropFirst() {
      faults.append(
        Fault(
          entry.mark,
          "stage '\(entry.name)' is a second commit point; '\(commits[0].name)' gives durable id already"))
    }
  }
}
