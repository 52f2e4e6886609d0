/// A file of shared secrets: a text with one secret a line, newest first, so that a rotation need cut nobody off.
///
/// A secret is all bytes of its line but the line's end (`\n` or `\r\n`), at least 32. Empty lines and lines that begin
/// with `#` do not count.
public struct SecretFile: Sendable {
  /// The secrets, in the order of the file; at least one.
  public let secrets: [[UInt8]]
  /// Whether users who are neither the file's owner nor of its group may read or change it.
  public let isOpenToOthers: Bool

  /// Reads a file of at most 256 KiB.
  ///
  /// - Throws: ``KeyFileError`` where there is none, it can't be read or is no regular file, holds no secret or a
  ///   short one.
  public static func read(_ path: String) throws(KeyFileError) -> SecretFile {
    let file = try KeyFile(reading: path)
    let secrets = parse(file.bytes)
    guard !secrets.isEmpty else { throw KeyFileError(path, "holds no secret") }
    guard secrets.allSatisfy({ $0.count >= HMACKey.leastBytes }) else {
      throw KeyFileError(path, "holds a secret of less than \(HMACKey.leastBytes) bytes")
    }
    return SecretFile(secrets: secrets, isOpenToOthers: file.isOpenToOthers)
  }

  /// The secrets of a text.
  static func parse(_ text: [UInt8]) -> [[UInt8]] {
    text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let secret = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      return secret.isEmpty || secret.first == UInt8(ascii: "#") ? nil : Array(secret)
    }
  }
}
