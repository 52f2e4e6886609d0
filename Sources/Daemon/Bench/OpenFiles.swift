import Glibc

/// How many files and sockets this process may have open.
enum OpenFiles {
  /// Raises the limit as far as the process may.
  static func allowMany() {
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(files, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(files, &limit)
  }
}
