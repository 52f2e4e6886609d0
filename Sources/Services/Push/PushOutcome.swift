public import Pipeline

/// What became of a job that was taken.
public enum PushOutcome: Sendable, Hashable {
  /// It was sent: it goes, and is not kept anew where it is decided on its message again.
  case done
  /// It is given up: it goes. Whoever decides on its message again may have it kept anew.
  case lost
  /// It failed, and is to be tried again at a moment.
  case retry(at: Timestamp)
  /// It was not tried: anybody may take it at once.
  case release
  /// The device can't be reached any more: it is forgotten, and with it all jobs that go to it.
  case deviceGone
  /// The device is not one of this service's: the service sends nothing to it until it is registered again.
  case deviceQuarantined
}
