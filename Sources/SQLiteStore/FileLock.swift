import Glibc
import Services

/// Keeps a second daemon away from a database: two would each believe to be its only writer.
///
/// The lock is the process's; the kernel lets go of it however the process ends. The file beside the database stays.
final class FileLock: Sendable {
  private let descriptor: Int32

  /// - Parameter path: The database's.
  init(path: String) throws(StoreError) {
    let file = path + ".lock"
    descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreError("can't open '\(file)': \(String(cString: strerror(errno)))")
    }
    // From here on `deinit` closes the file, also where this throws.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw StoreError(
        "another sluice has the database of '\(path)' open: end it, or give this one a store of its own")
    }
  }

  /// Lets another daemon have the database.
  func release() { _ = flock(descriptor, LOCK_UN) }

  deinit { close(descriptor) }
}

/// Makes the directory that a file is to stand in, for the owner alone.
func makeDirectory(of path: String) throws(StoreError) {
  let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
  var directory = path.hasPrefix("/") ? "" : "."
  for part in parts {
    directory += "/" + part
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw StoreError("can't make the directory '\(directory)': \(String(cString: strerror(errno)))")
    }
  }
}
