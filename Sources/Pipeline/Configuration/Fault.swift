/// A place in a configuration file; line and column count from 1, columns in characters.
public struct Mark: Sendable, Hashable, Comparable {
  /// The line, from 1.
  public var line: Int
  /// The column, from 1.
  public var column: Int

  /// A place by line and column.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Whether `lhs` stands before `rhs`.
  public static func < (lhs: Mark, rhs: Mark) -> Bool { (lhs.line, lhs.column) < (rhs.line, rhs.column) }
}

/// Something wrong in a configuration file.
public struct Fault: Error, Sendable, Equatable {
  /// How badly it is wrong.
  public enum Severity: String, Sendable {
    /// Nothing runs with it.
    case error
    /// It runs, and somebody should look at it.
    case warning
  }

  /// Where it stands.
  public var mark: Mark
  /// How badly it is wrong.
  public var severity: Severity
  /// What is wrong and what to do about it, in a line.
  public var message: String
  /// The places of values that could not be had, so that whatever else is said of them only follows from this.
  var hides: Set<Mark> = []

  /// A fault with its place.
  public init(_ mark: Mark, _ message: String, severity: Severity = .error) {
    self.mark = mark
    self.severity = severity
    self.message = message
  }

  /// A value that could not be had.
  static func unreadable(_ mark: Mark, _ message: String) -> Fault {
    var fault = Fault(mark, message)
    fault.hides = [mark]
    return fault
  }
}

extension Collection<Fault> {
  /// The places of values that could not be had.
  public var hidden: Set<Mark> { reduce(into: []) { $0.formUnion($1.hides) } }
}
