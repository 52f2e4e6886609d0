/// The trace that an event belongs to, where its sender has named one: left on the event by the gateway.
public enum TraceKey: EventKey {
  /// A `traceparent` (W3C Trace Context, section 3.2), as it came.
  public typealias Value = String
}
