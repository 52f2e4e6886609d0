import Glibc

/// The `swift` command of the toolchain that is on the path.
enum SwiftTool {
  /// Runs it, its output going where this process's goes.
  ///
  /// - Throws: `CommandError` where it can't be run, or fails; `hint` says then what may be wrong.
  static func run(_ arguments: [String], hint: String = "") throws {
    try start(arguments, output: nil, hint: hint)
  }

  /// Runs it and gives what it prints; what it has to say of faults goes where this process's errors go.
  ///
  /// - Throws: `CommandError` where it can't be run, or fails.
  static func output(of arguments: [String]) throws -> [UInt8] {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw CommandError("no pipe can be made") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var printed: [UInt8] = []
    defer { close(ends[0]) }
    try start(arguments, output: ends[1], hint: "") {
      close(ends[1])
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(ends[0], &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        printed += buffer.prefix(count)
      }
    }
    return printed
  }

  /// - Parameter meanwhile: What is done between the start and the wait for the end.
  private static func start(
    _ arguments: [String], output: Int32?, hint: String, meanwhile: () -> Void = {}
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let output { posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
    let words = (["swift"] + arguments).map { strdup($0) }
    defer { for word in words { free(word) } }
    var process = pid_t()
    let failure = posix_spawnp(&process, "swift", &actions, nil, words + [nil], environ)
    guard failure == 0 else {
      meanwhile()
      throw CommandError(
        "'swift' can't be run: \(String(cString: strerror(failure))); a toolchain of 6.2 or newer is needed, "
          + "see https://www.swift.org/install/linux/")
    }
    meanwhile()
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
      throw CommandError("'swift \(arguments.prefix(2).joined(separator: " "))' has failed\(hint)")
    }
  }
}
