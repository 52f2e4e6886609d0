import Glibc

/// Text files that are written for people and for `swift build`.
enum TextFile {
  /// Writes a file and the folders that it is in; one that holds the text already is left alone, so that nothing is built
  /// anew for it.
  ///
  /// - Throws: `CommandError` where it can't be written.
  static func write(_ text: String, to path: String) throws {
    if let slash = path.lastIndex(of: "/") { try makeFolder(String(path[..<slash])) }
    let bytes = Array(text.utf8)
    if let held = try? File.read(path, limit: 1 << 20), held == bytes { return }
    guard let file = fopen(path, "wbe") else { throw failure(path) }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw failure(path) }
  }

  /// Makes a folder and those that it is in, as far as they are missing.
  ///
  /// - Throws: `CommandError` where it can't be made.
  static func makeFolder(_ path: String) throws {
    guard !path.isEmpty, access(path, F_OK) != 0 else { return }
    if let slash = path.lastIndex(of: "/") { try makeFolder(String(path[..<slash])) }
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw failure(path) }
  }

  /// The names of the files in a folder.
  ///
  /// - Throws: `CommandError` where it can't be read.
  static func names(in folder: String) throws -> [String] {
    guard let entries = opendir(folder) else { throw failure(folder) }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Has a package begin with the versions of other packages that one in another folder was built with.
  ///
  /// - Throws: `CommandError` where they can't be written.
  static func copyPins(from folder: String, to other: String) throws {
    guard access("\(other)/Package.resolved", F_OK) != 0,
      let pins = try? File.read("\(folder)/Package.resolved", limit: 1 << 20)
    else { return }
    try write(String(decoding: pins, as: UTF8.self), to: "\(other)/Package.resolved")
  }

  /// Puts a copy of a program in place, which may be running: at no moment is there half of one.
  ///
  /// - Throws: `CommandError` where it can't be written.
  static func install(_ program: String, at path: String) throws {
    let part = "\(path).part-\(getpid())"
    let from = open(program, O_RDONLY | O_CLOEXEC)
    guard from >= 0 else { throw failure(program) }
    defer { close(from) }
    let to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
    guard to >= 0 else { throw failure(path) }
    defer {
      close(to)
      unlink(part)
    }
    var status = stat()
    guard fstat(from, &status) == 0 else { throw failure(program) }
    var left = Int(status.st_size)
    while left > 0 {
      let count = sendfile(to, from, nil, left)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure(path) }
      left -= count
    }
    guard rename(part, path) == 0 else { throw failure(path) }
  }

  private static func failure(_ path: String) -> CommandError {
    CommandError("'\(path)' can't be written: \(String(cString: strerror(errno)))")
  }
}
