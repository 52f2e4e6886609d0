/// Which web pages may talk to the daemon from a browser (RFC 6454). Other clients send no origin, and may.
struct OriginPolicy: Equatable {
  private let allowed: Set<String>
  private let allowsAll: Bool

  /// A policy that lets these origins in besides the daemon's own; `*` lets all in.
  init(_ origins: [String]) {
    allowed = Set(origins.map(Self.normalized))
    allowsAll = origins.contains("*")
  }

  func allows(_ origin: String?, host: String) -> Bool {
    guard let origin, !allowsAll else { return true }
    let normal = Self.normalized(origin)
    if allowed.contains(normal) { return true }
    guard let scheme = ["http://", "https://"].first(where: normal.hasPrefix) else { return false }
    return normal == Self.normalized(scheme + host)
  }

  /// An origin in lower case, without the port where it is the scheme's own.
  private static func normalized(_ origin: String) -> String {
    let lower = origin.lowercased()
    if lower.hasPrefix("http://"), lower.hasSuffix(":80") { return String(lower.dropLast(3)) }
    if lower.hasPrefix("https://"), lower.hasSuffix(":443") { return String(lower.dropLast(4)) }
    return lower
  }
}
