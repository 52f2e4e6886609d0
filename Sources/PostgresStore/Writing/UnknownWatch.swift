import Services
import Synchronization

/// Who is told when it is not known whether changes were made.
final class UnknownWatch: Sendable {
  private let handler = Mutex<(@Sendable ([MessageID]) -> Void)?>(nil)

  func watch(_ handler: @escaping @Sendable ([MessageID]) -> Void) { self.handler.withLock { $0 = handler } }

  /// Tells of changes whose outcome is not known.
  func tell(_ writes: some Sequence<StoreWrite>) {
    let messages = writes.compactMap { if case .message(let message, _) = $0 { message.id } else { nil } }
    handler.withLock { $0 }?(messages)
  }
}
