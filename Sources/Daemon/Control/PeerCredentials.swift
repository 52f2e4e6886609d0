import Glibc
import NIOCore

/// Who is on the other end of a local socket, as the kernel says (SO_PEERCRED of unix(7)).
enum PeerCredentials {
  /// Whether the peer runs as the daemon's own user or as root.
  static func mayControl(_ channel: any Channel) -> EventLoopFuture<Bool> {
    guard let options = channel as? any SocketOptionProvider else {
      return channel.eventLoop.makeSucceededFuture(false)
    }
    let peer: EventLoopFuture<Peer> = options.unsafeGetSocketOption(
      level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    return peer.map { $0.user == 0 || $0.user == geteuid() }
  }

  /// `struct ucred`, which the C library's module does not show: three numbers of 32 bits.
  private struct Peer: Sendable {
    var process: pid_t
    var user: uid_t
    var group: gid_t
  }
}
