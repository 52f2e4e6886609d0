import Glibc

/// A file of shared secrets: a text with one secret a line, newest first, so that a rotation need cut nobody off.
///
/// A secret is all bytes of its line but the line's end (`\n` or `\r\n`), at least 32. Empty lines and lines that begin
/// with `#` do not count.
public struct SecretFile: Sendable {
  /// The secrets, in the order of the file; at least one.
  public let secrets: [[UInt8]]
  /// Whether users who are neither the file's owner nor of its group may read or change it.
  public let isOpenToOthers: Bool

  private static let mostBytes = 65_536

  /// Reads a file of at most 64 KiB.
  ///
  /// - Throws: ``SecretFileError`` where there is none, it can't be read or is no regular file, holds no secret or a
  ///   short one.
  public static func read(_ path: String) throws(SecretFileError) -> SecretFile {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would never return.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw SecretFileError(
        path, errno == ENOENT ? "does not exist" : systemMessage(), isMissing: errno == ENOENT)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SecretFileError(path, systemMessage()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SecretFileError(path, "is no regular file") }
    guard status.st_size <= mostBytes else { throw SecretFileError(path, "is larger than 64 KiB") }
    let secrets = parse(try bytes(of: file, path))
    guard !secrets.isEmpty else { throw SecretFileError(path, "holds no secret") }
    guard secrets.allSatisfy({ $0.count >= HMACKey.leastBytes }) else {
      throw SecretFileError(path, "holds a secret of less than \(HMACKey.leastBytes) bytes")
    }
    return SecretFile(secrets: secrets, isOpenToOthers: status.st_mode & 0o007 != 0)
  }

  /// The secrets of a text.
  static func parse(_ text: [UInt8]) -> [[UInt8]] {
    text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let secret = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      return secret.isEmpty || secret.first == UInt8(ascii: "#") ? nil : Array(secret)
    }
  }

  private static func bytes(of file: Int32, _ path: String) throws(SecretFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(file, &part, part.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw SecretFileError(path, systemMessage())
      }
      if count == 0 { return bytes }
      bytes.append(contentsOf: part.prefix(count))
      guard bytes.count <= mostBytes else { throw SecretFileError(path, "is larger than 64 KiB") }
    }
  }
}

/// What is wrong with a file of secrets, in words for the operator; never anything that it holds.
public struct SecretFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file and what is wrong with it.
  public let description: String
  /// Whether there is no such file.
  public let isMissing: Bool

  init(_ path: String, _ reason: String, isMissing: Bool = false) {
    description = "'\(path)' \(reason)"
    self.isMissing = isMissing
  }
}
