import CLibPQ

/// Where a PostgreSQL server is: `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?OPTION=VALUE`, as libpq
/// understands it.
///
/// Source: PostgreSQL documentation, section 34.1.1.2, "Connection URIs".
public struct PostgresURL: Sendable, Equatable {
  /// The whole address, password and all: never to be shown.
  let text: String
  /// How many servers it names.
  public let hostCount: Int

  /// An address by its text.
  ///
  /// - Throws: ``Fault`` where it is none.
  public init(_ text: String) throws(Fault) {
    guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
      throw Fault(description: "an address of PostgreSQL begins with 'postgres://'")
    }
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(text, &message) else {
      let reason = message.map { String(cString: $0) } ?? "it can't be read"
      PQfreemem(message)
      throw Fault(description: reason.split(whereSeparator: \.isNewline).first.map(String.init) ?? reason)
    }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    // libpq finds out about these when it connects.
    for port in values["port"]?.split(separator: ",") ?? [] {
      guard let number = Int(port), (1...65_535).contains(number) else {
        throw Fault(description: "'\(port)' is no port")
      }
    }
    self.text = text
    hostCount = values["host"]?.split(separator: ",", omittingEmptySubsequences: false).count ?? 1
  }

  /// What is wrong with an address.
  public struct Fault: Error, CustomStringConvertible, Equatable {
    /// In words for the operator.
    public let description: String
  }
}
