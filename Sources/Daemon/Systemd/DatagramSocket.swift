import Glibc

/// Sends datagrams to a socket of this machine, as systemd's protocols want them. It is not connected, so that a receiver that was
/// restarted is found again. Any thread may send.
final class DatagramSocket: Sendable {
  /// What became of a datagram.
  enum Outcome: Equatable {
    case sent
    /// The receiver is behind.
    case noRoom
    /// Too long for one datagram.
    case tooLong
    /// Not sent, with the reason (`errno`).
    case failed(Int32)
  }

  /// How long to wait for room where that is wanted, in seconds.
  private static let patience = 1

  private let descriptor: Int32
  private let address: sockaddr_un
  private let addressLength: socklen_t

  /// A socket for sending to an address: a path, or `@` and a name that no file stands for (unix(7)); `nil` where the address
  /// is neither or too long, or no socket can be had.
  init?(to text: String) {
    guard let (address, length) = sockaddr_un.parsed(text) else { return nil }
    (self.address, addressLength) = (address, length)
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Sends a datagram.
  ///
  /// - Parameter waits: Whether to wait for room, for a second at most.
  func send(_ bytes: [UInt8], waits: Bool) -> Outcome {
    withAddress { address, length in
      outcome(of: { sendto(descriptor, bytes, bytes.count, Self.flags(waits: waits), address, length) })
    }
  }

  /// Sends an empty datagram that passes a descriptor (`SCM_RIGHTS` of unix(7)), and does not wait for room.
  func pass(_ passed: Int32) -> Outcome {
    // Laid out as CMSG_LEN and CMSG_SPACE of cmsg(3) have it, which are macros.
    let header = MemoryLayout<cmsghdr>.stride
    let alignment = MemoryLayout<cmsghdr>.alignment
    return withUnsafeTemporaryAllocation(byteCount: header + alignment, alignment: alignment) { control in
      control.initializeMemory(as: UInt8.self, repeating: 0)
      var rights = cmsghdr()
      rights.cmsg_len = header + MemoryLayout<Int32>.size
      rights.cmsg_level = SOL_SOCKET
      rights.cmsg_type = Int32(SCM_RIGHTS)
      control.storeBytes(of: rights, as: cmsghdr.self)
      control.storeBytes(of: passed, toByteOffset: header, as: Int32.self)
      return withAddress { address, length in
        var message = msghdr()
        message.msg_name = UnsafeMutableRawPointer(mutating: address)
        message.msg_namelen = length
        message.msg_control = control.baseAddress
        message.msg_controllen = control.count
        return outcome(of: { sendmsg(descriptor, &message, Self.flags(waits: false)) })
      }
    }
  }

  /// The flags of send(2) for one who does or does not wait; a receiver that has gone is an error and no signal.
  static func flags(waits: Bool) -> Int32 {
    Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
  }

  private func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, addressLength) }
    }
  }

  private func outcome(of send: () -> Int) -> Outcome {
    while send() < 0 {
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS: return .noRoom
      case EMSGSIZE: return .tooLong
      default: return .failed(errno)
      }
    }
    return .sent
  }
}

extension sockaddr_un {
  /// The address that a text names, with its length in bytes.
  fileprivate static func parsed(_ text: String) -> (address: sockaddr_un, length: socklen_t)? {
    let isAbstract = text.hasPrefix("@")
    guard isAbstract || text.hasPrefix("/") else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    // A path ends with a zero; a name without a file starts with one, and ends with the address.
    guard text.utf8.count > 1, text.utf8.count < room else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      path.copyBytes(from: text.utf8)
      if isAbstract { path[0] = 0 }
    }
    let used = text.utf8.count + (isAbstract ? 0 : 1)
    let length = MemoryLayout<sockaddr_un>.size - room + used
    return (address, socklen_t(length))
  }
}
