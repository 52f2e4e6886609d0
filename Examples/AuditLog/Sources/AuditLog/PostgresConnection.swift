import CAuditPQ
import Glibc

/// Why a statement was not carried out.
struct PostgresFault: Error, CustomStringConvertible {
  /// What libpq says, in one line.
  let reason: String
  /// Whether the connection is of no use any more.
  let isLost: Bool

  var description: String { reason }
}

/// One connection of libpq's, which blocks: for a thread that may.
final class PostgresConnection {
  private let handle: OpaquePointer

  /// Connects; waits for a server that does not answer for 5 s at most, and as long for any statement.
  init(_ address: String) throws {
    let settings = [
      "dbname": address, "connect_timeout": "5", "tcp_user_timeout": "5000",
      "options": "-c statement_timeout=5000 -c client_min_messages=warning",
      "fallback_application_name": "sluice audit_log",
    ]
    let names = settings.map { strdup($0.key) } + [nil]
    let values = settings.map { strdup($0.value) } + [nil]
    defer { for text in names + values { free(text) } }
    let connected = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
      values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
        // The address is read as one in the place of a database's name.
        PQconnectdbParams(names.baseAddress, values.baseAddress, 1)
      }
    }
    guard let connected else { throw PostgresFault(reason: "there is no memory left", isLost: true) }
    guard PQstatus(connected) == CONNECTION_OK else {
      let reason = Self.line(PQerrorMessage(connected))
      PQfinish(connected)
      throw PostgresFault(reason: reason, isLost: true)
    }
    handle = connected
  }

  deinit { PQfinish(handle) }

  /// Carries out a statement whose parameters are arrays of texts.
  func execute(_ statement: String, _ arrays: [[String]] = []) throws {
    let texts = arrays.map { strdup(Self.array($0)) }
    defer { for text in texts { free(text) } }
    let result = texts.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
      PQexecParams(handle, statement, Int32(arrays.count), nil, values.baseAddress, nil, nil, 0)
    }
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
      throw PostgresFault(
        reason: Self.line(PQerrorMessage(handle)), isLost: PQstatus(handle) != CONNECTION_OK)
    }
  }

  /// An array as PostgreSQL reads it. NUL, which it can't keep, is replaced.
  static func array(_ texts: [String]) -> String {
    let items = texts.map { text in
      let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\\", "\"": "\\\(scalar)"
        case "\0": "\u{FFFD}"
        default: String(scalar)
        }
      }
      return "\"" + escaped.joined() + "\""
    }
    return "{" + items.joined(separator: ",") + "}"
  }

  private static func line(_ message: UnsafePointer<CChar>?) -> String {
    let text = message.map { String(cString: $0) } ?? ""
    return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "the server gives no reason"
  }
}
