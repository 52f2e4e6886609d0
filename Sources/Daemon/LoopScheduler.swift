import NIOCore
import Pipeline
import Services

/// A scheduler on an event loop.
struct LoopScheduler: Scheduler {
  let eventLoop: any EventLoop

  func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    eventLoop.scheduleTask(in: .nanoseconds(delay.wholeNanoseconds), work)
  }
}
