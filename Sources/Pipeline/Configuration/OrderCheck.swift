/// Checks that the stages of a chain work together: that each has before it what it needs.
///
/// A stage that could not be read is there all the same: it may need nothing and give anything, so that no fault is found
/// that only follows from its own.
struct OrderCheck {
  private(set) var faults: [Fault] = []

  /// - Parameter mark: Where the list of stages stands.
  init(_ places: [ChainPlace], mark: Mark) {
    checkNames(places)
    let enabled = places.filter(\.isEnabled)
    if enabled.count > ChainPlan.stageLimit {
      faults.append(Fault(mark, "a chain has at most \(ChainPlan.stageLimit) stages"))
      // To hold each against all others would take for ever.
      return
    }
    for (index, place) in enabled.enumerated() {
      let (earlier, later) = (enabled[..<index], enabled[(index + 1)...])
      if !earlier.contains(where: \.isGap) {
        for need in place.needs where need != .presence { checkNeed(need, of: place, earlier, later, places) }
      }
      checkPolicy(place, later: later)
      checkEnforcement(place, isEffect: earlier.contains { $0.gives.contains(.durableID) })
    }
    checkCommitPoint(enabled)
    if !enabled.contains(where: { $0.typeName == "rate_limit" || $0.typeName == nil }) {
      faults.append(
        Fault(mark, "no stage 'rate_limit': a client may send as fast as it can", severity: .warning))
    }
  }

  private mutating func checkNames(_ places: [ChainPlace]) {
    var names: Set<String> = []
    for place in places {
      guard let name = place.givenName, !names.insert(name).inserted else { continue }
      faults.append(
        Fault(place.mark, "a second stage is named '\(name)'; give one of them a 'name' of its own"))
    }
  }

  private mutating func checkNeed(
    _ need: Capability, of place: ChainPlace, _ earlier: ArraySlice<ChainPlace>,
    _ later: ArraySlice<ChainPlace>, _ all: [ChainPlace]
  ) {
    guard !earlier.contains(where: { $0.gives.contains(need) }) else { return }
    let problem = "stage '\(place.name)' needs \(need), "
    if let giver = later.first(where: { $0.gives.contains(need) }) {
      faults.append(
        Fault(
          place.mark, problem + "which '\(giver.name)' gives only after it; put '\(giver.name)' before it"))
    } else if let off = all.first(where: { !$0.isEnabled && $0.gives.contains(need) }) {
      faults.append(Fault(place.mark, problem + "and '\(off.name)', which gives it, is switched off"))
    } else {
      faults.append(Fault(place.mark, problem + "which no stage before it gives"))
    }
  }

  /// A stage whose gift others count on must not be skipped when it fails.
  private mutating func checkPolicy(_ place: ChainPlace, later: ArraySlice<ChainPlace>) {
    guard place.onError == .skip else { return }
    for gift in place.gives where gift != .presence {
      guard let other = later.first(where: { $0.needs.contains(gift) }) else { continue }
      let problem = "stage '\(place.name)' can't have 'on_error: skip'"
      faults.append(Fault(place.mark(of: "on_error"), problem + ": '\(other.name)' needs its \(gift)"))
    }
  }

  /// A stage whose gift others count on must be obeyed, and so must one whose work is to do something: to be or not to
  /// be obeyed is for those that judge.
  private mutating func checkEnforcement(_ place: ChainPlace, isEffect: Bool) {
    let problem = "stage '\(place.name)' can't have "
    if place.onError == .deadLetter, place.gives.contains(.durableID) {
      faults.append(
        Fault(
          place.mark(of: "on_error"),
          problem + "'on_error: dead_letter': what it can't store can't be kept either"))
    }
    guard let enforcement = place.enforcement, enforcement != .full else { return }
    let what = "'enforce: \(enforcement)': "
    if let gift = place.gives.first(where: { $0 != .presence }) {
      faults.append(Fault(place.mark(of: "enforce"), problem + what + "it gives \(gift)"))
    } else if isEffect {
      faults.append(
        Fault(
          place.mark(of: "enforce"),
          problem + what + "it stands behind the commit point, where nothing is decided"))
    }
  }

  private mutating func checkCommitPoint(_ enabled: [ChainPlace]) {
    let commits = enabled.filter { $0.gives.contains(.durableID) }
    for place in commits.dropFirst() {
      faults.append(
        Fault(
          place.mark,
          "stage '\(place.name)' is a second commit point; '\(commits[0].name)' gives durable id already"))
    }
  }
}
