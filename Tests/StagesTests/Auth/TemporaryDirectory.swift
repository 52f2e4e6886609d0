import Glibc

/// A directory of a test's own, removed with all its files when the test is done.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/sluice-auth-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    guard let made else { throw Failure(code: errno) }
    path = made
  }

  deinit { Self.removeAll(path) }

  struct Failure: Error {
    let code: Int32
  }

  /// The path of a file in it.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and gives its path.
  func write(_ text: String, to name: String = "secret", mode: mode_t = 0o600) throws -> String {
    let path = file(name)
    let handle = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    guard handle >= 0 else { throw Failure(code: errno) }
    defer { close(handle) }
    guard Glibc.write(handle, text, text.utf8.count) == text.utf8.count, fchmod(handle, mode) == 0 else {
      throw Failure(code: errno)
    }
    return path
  }

  /// The permissions of a file or directory.
  static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
  }

  private static func removeAll(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { removeAll(path + "/" + name) }
      }
      closedir(directory)
    }
    remove(path)
  }
}
