import Glibc

/// What the system says of this process (proc(5)).
struct ProcessFigures: Sendable {
  var residentBytes = 0
  var openFiles = 0
  /// How many files may be open; 0 where the system does not say.
  var mostFiles = 0
  var cpuSeconds = 0.0

  /// Asks the system. Reads files of `/proc`, which takes some microseconds and never waits for a device.
  init() {
    var usage = rusage()
    if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      let time = { (part: timeval) in Double(part.tv_sec) + Double(part.tv_usec) / 1e6 }
      cpuSeconds = time(usage.ru_utime) + time(usage.ru_stime)
    }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      mostFiles = Int(clamping: limit.rlim_cur)
    }
    residentBytes = Self.residentPages() * Int(sysconf(Int32(_SC_PAGESIZE)))
    if let folder = opendir("/proc/self/fd") {
      defer { closedir(folder) }
      while readdir(folder) != nil { openFiles += 1 }
      // Itself, its parent, and the descriptor that lists them.
      openFiles = max(0, openFiles - 3)
    }
  }

  private static func residentPages() -> Int {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return 0 }
    defer { close(file) }
    var text = [UInt8](repeating: 0, count: 256)
    let count = read(file, &text, text.count)
    let fields = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
  }
}
