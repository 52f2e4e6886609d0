public import Pipeline

extension Store {
  /// Takes jobs to send, those first that have waited longest.
  ///
  /// Nobody else gets them until their leases end. Of what goes to the same device or user about the same
  /// conversation only the oldest is given, and none as long as one is under way or to be tried again later. What needs
  /// not be sent any more goes instead: its message was delivered, read or deleted, its sender is blocked, its device is
  /// not the receiver's or the service's. Fewer than asked for may come although there are more.
  ///
  /// - Parameters:
  ///   - service: Whose outbox.
  ///   - limit: How many at most.
  ///   - moment: Now: what is to be tried later is left.
  ///   - lease: Until when nobody else takes them.
  ///   - then: Gets the jobs, those of older messages first. After a failure some may be leased and known to nobody: they
  ///     are taken again when their leases have ended.
  public func takePushes(
    service: String, limit: Int, at moment: Timestamp, leasedUntil lease: Timestamp,
    then: @escaping @Sendable (Result<[PushJob], StoreError>) -> Void
  ) {
    let take = PushTake(service: service, limit: limit, at: moment, leasedUntil: lease)
    write([.takePushes(take)]) { results in
      switch results.first {
      case .taken(let jobs): then(.success(jobs))
      case .unavailable(let reason), .unknown(let reason): then(.failure(StoreError(reason)))
      case .refused(let rejection): then(.failure(StoreError(rejection.message)))
      default: then(.failure(StoreError("the store gave no answer")))
      }
    }
  }
}
