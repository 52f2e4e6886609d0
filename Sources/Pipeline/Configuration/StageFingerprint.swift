import Glibc

/// What a stage was made from: its configuration, and the contents of the files that this names. Where both are as they
/// were, a reload keeps the stage. It is compared within one process and never shown, since it may hold secrets.
public struct StageFingerprint: Sendable, Equatable {
  private let configuration: String
  private var files: [String: Int?]

  /// The fingerprint of a configuration by a text that stands for it. Reads the files, and so blocks.
  init(configuration: String, files: [String]) {
    self.configuration = configuration
    self.files = files.reduce(into: [:]) { $0.updateValue(Self.digest(of: $1), forKey: $1) }
  }

  /// The fingerprint of a stage that has been started: files that it has made are what it was made from too.
  func afterStart() -> StageFingerprint {
    var fingerprint = self
    for (path, digest) in files where digest == nil {
      fingerprint.files.updateValue(Self.digest(of: path), forKey: path)
    }
    return fingerprint
  }

  /// The files of both that hold something else.
  public func filesChanged(from other: StageFingerprint) -> [String] {
    files.keys.filter { other.files[$0] != nil && files[$0] != other.files[$0] }.sorted()
  }

  /// A keyed hash of a file's bytes, the key being the process's own; `nil` where it can't be read.
  private static func digest(of path: String) -> Int? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var hasher = Hasher()
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      guard count > 0 else { return hasher.finalize() }
      buffer.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}
