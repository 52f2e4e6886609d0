import Glibc

/// A small file with keys in it, whatever their form.
struct KeyFile {
  /// What the file holds.
  let bytes: [UInt8]
  /// Whether users who are neither the file's owner nor of its group may read or change it.
  let isOpenToOthers: Bool
  /// Whether such users may change it.
  let isWritableByOthers: Bool

  private static let mostBytes = KeySet.mostBytes

  /// Reads a file of at most 256 KiB.
  ///
  /// - Throws: ``KeyFileError`` where there is none, it can't be read or is no regular file.
  init(reading path: String) throws(KeyFileError) {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw KeyFileError(
        path, errno == ENOENT ? "does not exist" : Self.systemMessage(), isMissing: errno == ENOENT)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw KeyFileError(path, Self.systemMessage()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw KeyFileError(path, "is no regular file") }
    guard status.st_size <= Self.mostBytes else { throw KeyFileError(path, "is larger than 256 KiB") }
    bytes = try Self.bytes(of: file, path)
    isOpenToOthers = status.st_mode & 0o007 != 0
    isWritableByOthers = status.st_mode & 0o002 != 0
  }

  private static func bytes(of file: Int32, _ path: String) throws(KeyFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(file, &part, part.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw KeyFileError(path, systemMessage())
      }
      if count == 0 { return bytes }
      bytes.append(contentsOf: part.prefix(count))
      guard bytes.count <= mostBytes else { throw KeyFileError(path, "is larger than 256 KiB") }
    }
  }

  /// What the last system call had against it.
  static func systemMessage() -> String { "can't be used: " + String(cString: strerror(errno)) }
}

/// What is wrong with a file of keys, in words for the operator; never anything that it holds.
public struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file and what is wrong with it.
  public let description: String
  /// Whether there is no such file.
  public let isMissing: Bool

  init(_ path: String, _ reason: String, isMissing: Bool = false) {
    description = "'\(path)' \(reason)"
    self.isMissing = isMissing
  }
}
