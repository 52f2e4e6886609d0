import Synchronization

/// Who is told when it is not known whether changes were made.
final class UnknownWatch: Sendable {
  private let handler = Mutex<(@Sendable () -> Void)?>(nil)

  func watch(_ handler: @escaping @Sendable () -> Void) { self.handler.withLock { $0 = handler } }

  func tell() { handler.withLock { $0 }?() }
}
