import COpenSSL
import Glibc

extension SecretFile {
  /// Makes a file with one random secret, readable by its owner alone: 32 bytes from libcrypto's generator, as 64
  /// hexadecimal digits. Directories on its way that are missing are made, open to their owner alone. A file that is
  /// there is never changed.
  ///
  /// It is there whole or not at all: of several who make it at once one does, and the others read what it holds.
  ///
  /// - Returns: Whether it was made; `false` where there was one already.
  /// - Throws: ``KeyFileError`` where it can't be written.
  public static func makeIfMissing(_ path: String) throws(KeyFileError) -> Bool {
    try makeDirectories(above: path)
    // Beside a file that is there nothing is written, be it a link to nowhere.
    var status = stat()
    if lstat(path, &status) == 0 { return false }
    let part = "\(path).\(UInt64.random(in: .min ... .max))"
    let file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw KeyFileError(path, KeyFile.systemMessage()) }
    defer {
      unlink(part)
      close(file)
    }
    let text = try randomText(path)
    guard write(file, text, text.count) == text.count, fsync(file) == 0 else {
      throw KeyFileError(path, KeyFile.systemMessage())
    }
    guard link(part, path) == 0 else {
      if errno == EEXIST { return false }
      throw KeyFileError(path, KeyFile.systemMessage())
    }
    return true
  }

  private static func randomText(_ path: String) throws(KeyFileError) -> [UInt8] {
    var secret = [UInt8](repeating: 0, count: HMACKey.leastBytes)
    guard RAND_bytes(&secret, Int32(secret.count)) == 1 else {
      throw KeyFileError(path, "was not made: there is no randomness")
    }
    let digits = Array("0123456789abcdef".utf8)
    return secret.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] } + [UInt8(ascii: "\n")]
  }

  private static func makeDirectories(above path: String) throws(KeyFileError) {
    for end in path.indices where path[end] == "/" && end != path.startIndex {
      let directory = String(path[..<end])
      guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
        throw KeyFileError(directory, KeyFile.systemMessage())
      }
    }
  }
}
