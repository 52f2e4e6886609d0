import Pipeline
import Services

/// Sends pushes to one service: what tells push stages apart.
protocol PushSender: Sendable {
  /// Whose quota sending counts against, wherever it is sent from.
  var account: String { get }

  /// Sends one, and understands the answer.
  ///
  /// - Parameters:
  ///   - end: Until when the service may keep it.
  ///   - budget: How long it may take altogether.
  func send(_ job: PushJob, until end: Timestamp, within budget: Duration) async -> PushAnswer
}

extension PushJob {
  /// What templates are filled with.
  var values: PushValues {
    PushValues(
      sender: senderName.flatMap { $0.isEmpty ? nil : $0 } ?? senderID, senderID: senderID, content: content,
      messageID: id.messageID.description,
      // A direct conversation is opened by the other's id.
      conversation: senderID, receiverID: receiverID)
  }
}
