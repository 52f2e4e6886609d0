import Glibc

/// A real socket in place of the journal's or of systemd's.
final class DatagramReceiver {
  /// What came in one datagram.
  struct Datagram {
    let bytes: [UInt8]
    /// A file that was passed with it, for whoever takes it to close.
    let file: Int32?

    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// As senders name it.
  let address: String
  private let descriptor: Int32

  /// Receives at a path of its own, or at a name without a file.
  convenience init(isAbstract: Bool = false) {
    let name = "sluice-test-\(UInt64.random(in: 0...UInt64.max))"
    self.init(at: isAbstract ? "@\(name)" : "/tmp/\(name)")
  }

  /// Receives at an address.
  init(at address: String) {
    self.address = address
    let isAbstract = address.hasPrefix("@")
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    precondition(descriptor >= 0)
    var socketAddress = sockaddr_un()
    socketAddress.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &socketAddress.sun_path) { path in
      path.copyBytes(from: address.utf8)
      if isAbstract { path[0] = 0 }
    }
    let length = MemoryLayout<sa_family_t>.size + address.utf8.count + (isAbstract ? 0 : 1)
    let result = withUnsafePointer(to: socketAddress) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
    }
    precondition(result == 0, "can't bind \(address): \(String(cString: strerror(errno)))")
  }

  deinit {
    close(descriptor)
    if address.hasPrefix("/") { unlink(address) }
  }

  /// The next datagram; `nil` where none has come. What was sent before has come: sending puts it into the queue read here.
  func next() -> Datagram? {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var control = [UInt64](repeating: 0, count: 8)
    return buffer.withUnsafeMutableBytes { buffer in
      control.withUnsafeMutableBytes { control in
        var part = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return withUnsafeMutablePointer(to: &part) { part in
          var message = msghdr()
          message.msg_iov = part
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          let count = recvmsg(descriptor, &message, Int32(MSG_DONTWAIT))
          guard count >= 0 else { return nil }
          let file = message.msg_controllen > 0 ? control.load(fromByteOffset: 16, as: Int32.self) : nil
          return Datagram(bytes: Array(buffer[..<count]), file: file)
        }
      }
    }
  }
}
