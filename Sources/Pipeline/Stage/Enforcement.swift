/// How far a stage is obeyed: `enforce` of its entry.
///
/// A stage that is not obeyed on an event decides all the same, is counted and told of, and the event goes on as it was:
/// what the stage has changed, answered or said of it is thrown away.
public struct Enforcement: ConfigurationText, Equatable {
  public static let form = "'shadow' or a share such as 10%"
  public static let placeholder = Enforcement.full

  /// On every event.
  public static let full = Enforcement(basisPoints: 10_000)
  /// On none.
  public static let shadow = Enforcement(basisPoints: 0)

  /// The share of senders on whose events the stage is obeyed, in hundredths of a per cent.
  public let basisPoints: Int

  private init(basisPoints: Int) { self.basisPoints = basisPoints }

  public init?(_ text: String) {
    if text == "shadow" {
      self = .shadow
      return
    }
    guard text.hasSuffix("%") else { return nil }
    let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = parts.first, parts.count <= 2, (1...3).contains(whole.count),
      parts.count == 1 || (1...2).contains(parts[1].count),
      parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }), let percent = Int(whole)
    else { return nil }
    let fraction = parts.count == 2 ? parts[1] : ""
    let hundredths = Int(fraction + String(repeating: "0", count: 2 - fraction.count)) ?? 0
    guard (0...10_000).contains(percent * 100 + hundredths) else { return nil }
    basisPoints = percent * 100 + hundredths
  }

  /// Whether a stage is obeyed on an event. All events of a user fare alike, and those of a connection that is nobody's;
  /// each stage draws another lot of users.
  func obeys(stage: String, on event: Event) -> Bool {
    if basisPoints == 10_000 { return true }
    if basisPoints == 0 { return false }
    var digest = Digest()
    digest.combine(stage)
    if let user = event.identity?.userID ?? event.connection.identity?.userID {
      digest.combine(user)
    } else {
      digest.combine(event.connection.id.rawValue)
    }
    // The high bits are the good ones.
    return Int((digest.value ^ digest.value >> 32) % 10_000) < basisPoints
  }
}

extension Enforcement: CustomStringConvertible {
  /// As it is written in a file; `100%` of a stage that is obeyed.
  public var description: String {
    if basisPoints == 0 { return "shadow" }
    let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
    guard rest > 0 else { return "\(whole)%" }
    return "\(whole).\(rest < 10 ? "0" : "")\(rest)%"
  }
}
