import Glibc

/// A folder of one's own that goes with its owner, in memory where the system has a place for that.
final class TemporaryFolder: Sendable {
  let path: String

  /// - Throws: `CommandError` where there is no place for one.
  init() throws {
    let named = ProcessEnvironment.variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 }
    let places = [named, "/dev/shm", "/tmp"].compactMap { $0 }
    for place in places where access(place, W_OK | X_OK) == 0 {
      var template = Array("\(place)/sluice-test.XXXXXX".utf8CString)
      if mkdtemp(&template) != nil {
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        return
      }
    }
    throw CommandError("no temporary folder can be made in \(places.joined(separator: ", "))")
  }

  deinit {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        unlink("\(path)/\(name)")
      }
      closedir(folder)
    }
    rmdir(path)
  }
}
