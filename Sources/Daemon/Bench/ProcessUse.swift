import Glibc

/// What a process has used of the machine so far, as proc(5) tells.
struct ProcessUse: Sendable {
  /// CPU seconds outside the kernel.
  var user: Double = 0
  /// CPU seconds in the kernel.
  var system: Double = 0
  /// Bytes of memory.
  var resident: Int = 0

  /// CPU seconds, in the kernel and outside.
  var cpu: Double { user + system }

  /// Nothing, where there is no such process.
  init(of process: Int32) {
    // The name in parentheses may hold anything, so fields are counted from its end: the state is the third.
    let text = Self.read("/proc/\(process)/stat")
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").dropFirst().map(
      String.init)
    guard fields.count > 21 else { return }
    let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    user = (Double(fields[11]) ?? 0) / ticks
    system = (Double(fields[12]) ?? 0) / ticks
    resident = (Int(fields[21]) ?? 0) * max(1, sysconf(Int32(_SC_PAGESIZE)))
  }

  /// What was used from one to the other.
  static func - (end: ProcessUse, begin: ProcessUse) -> ProcessUse {
    var use = end
    use.user -= begin.user
    use.system -= begin.system
    use.resident -= begin.resident
    return use
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
