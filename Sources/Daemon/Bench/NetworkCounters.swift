import Glibc

/// What this machine's kernel has counted of TCP so far, in this network namespace, as /proc/net/netstat tells.
struct NetworkCounters: Sendable, Equatable {
  /// First packets of connections that were sent again, since nothing answered.
  var synRetransmits = 0
  /// Connections that a listener's queue had no room for.
  var listenOverflows = 0

  /// By what the file holds: lines in twos, names and then values.
  init(_ text: String) {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
    for (names, values) in zip(lines, lines.dropFirst())
    where names.first == "TcpExt:" && values.first == "TcpExt:" {
      for (name, value) in zip(names, values) {
        switch name {
        case "TCPSynRetrans": synRetransmits = Int(value) ?? 0
        case "ListenOverflows": listenOverflows = Int(value) ?? 0
        default: break
        }
      }
    }
  }

  /// As they are now.
  static var now: NetworkCounters {
    guard let file = fopen("/proc/net/netstat", "r") else { return NetworkCounters("") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = fread(&bytes, 1, bytes.count, file)
    return NetworkCounters(String(decoding: bytes[..<count], as: UTF8.self))
  }

  /// What was counted from one to the other.
  static func - (end: NetworkCounters, begin: NetworkCounters) -> NetworkCounters {
    var difference = end
    difference.synRetransmits -= begin.synRetransmits
    difference.listenOverflows -= begin.listenOverflows
    return difference
  }
}
