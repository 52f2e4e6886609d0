import Glibc
import NIOCore
import NIOPosix

/// Sockets that have a path.
enum UnixSocket {
  /// Makes the directory of a path where there is none, for its user alone.
  ///
  /// - Throws: `CommandError` where it can't be made.
  static func makeFolder(of path: String) throws {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let folder = String(path[..<slash])
    guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    throw CommandError("'\(folder)' can't be made: \(String(cString: strerror(errno)))")
  }

  /// Takes away what a process that has ended left at a path.
  ///
  /// - Throws: `CommandError` where something else is there, or somebody still listens.
  static func makeWay(at path: String) async throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw CommandError("'\(path)' is there already, and is no socket")
    }
    if let other = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(unixDomainSocketPath: path).get()
    {
      try? await other.close()
      throw CommandError("somebody listens at '\(path)' already")
    }
    unlink(path)
  }
}
