import Glibc

/// What a process has used of the machine so far, as proc(5) tells.
struct ProcessUse {
  /// CPU seconds, in the kernel and outside.
  var cpu: Double = 0
  /// Bytes of memory.
  var resident: Int = 0

  /// Nothing, where there is no such process.
  init(of process: Int32) {
    // The name in parentheses may hold anything, so fields are counted from its end: the state is the third.
    let text = Self.read("/proc/\(process)/stat")
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ").dropFirst().map(
      String.init)
    guard fields.count > 21 else { return }
    let ticks = (Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)
    cpu = ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    resident = (Int(fields[21]) ?? 0) * max(1, sysconf(Int32(_SC_PAGESIZE)))
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
