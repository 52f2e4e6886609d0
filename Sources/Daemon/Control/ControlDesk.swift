import NIOCore
import Pipeline

/// What the operator may do with a running daemon, over its control socket.
struct ControlDesk: Sendable {
  let reloader: Reloader
  let overview: Overview
  let taps: TapHub
}
