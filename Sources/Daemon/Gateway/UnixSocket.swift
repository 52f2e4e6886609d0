import Glibc
import NIOCore
import NIOPosix

/// Sockets that have a path.
enum UnixSocket {
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
