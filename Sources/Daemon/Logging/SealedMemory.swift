import CMemfd
import Glibc

/// Files of memory that can't be changed any more (memfd_create(2)), so that who is passed one need not trust who made it.
enum SealedMemory {
  /// Neither size nor content changes, and no seal is added or taken away.
  private static let seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL

  /// A new descriptor of a sealed file that holds some bytes, for the caller to close; `nil` with `errno` where that fails.
  static func descriptor(holding bytes: [UInt8]) -> Int32? {
    let descriptor = memfd_create("sluice-log", MFD_CLOEXEC | MFD_ALLOW_SEALING)
    guard descriptor >= 0 else { return nil }
    guard writeAll(bytes, to: descriptor), fcntl(descriptor, F_ADD_SEALS, seals) == 0 else {
      let reason = errno
      close(descriptor)
      errno = reason
      return nil
    }
    return descriptor
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written > 0 {
          rest = rest.dropFirst(written)
        } else if written == 0 || errno != EINTR {
          return false
        }
      }
      return true
    }
  }
}
