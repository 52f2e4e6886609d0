import Daemon
import MemoryState
import NIOCore
import NIOEmbedded
import Pipeline
import Services

/// Users who are connected to the daemon's own gateway, with the chain of `pipeline.yaml`: each by one device, and each
/// with a partner, the first with the second and so on.
@MainActor struct Crowd {
  private let gateway: SocketlessGateway
  private let store: StubStore
  private let clock = SteppedClock()
  private let eventLoop = EmbeddedEventLoop()
  private var channels: [EmbeddedChannel] = []

  init(_ count: Int) throws {
    let partners = (0..<count).map { (Self.user($0), Self.user($0 ^ 1)) }
    let store = StubStore(partners: Dictionary(uniqueKeysWithValues: partners))
    self.store = store
    gateway = try waitingFor { [clock = clock.clock, eventLoop] in
      try await SocketlessGateway(
        configuration: "pipeline.yaml", state: MemoryState(clock: clock), store: store, clock: clock,
        eventLoop: eventLoop)
    }
    for index in 0..<count {
      let channel = EmbeddedChannel(loop: eventLoop)
      try gateway.connect(Self.user(index), on: channel)
      channels.append(channel)
    }
  }

  /// A user's id.
  static func user(_ index: Int) -> String { "user-\(10_000 + index)" }

  /// Has a user's device send something.
  func send(_ bytes: ByteBuffer, as index: Int) throws { try channels[index].writeInbound(bytes) }

  /// Hands events to devices.
  func deliver(_ deliveries: [Delivery]) { gateway.deliver(deliveries) }

  /// Has the loop do all that is to be done, commits included.
  func turn() {
    eventLoop.run()
    store.commit()
    eventLoop.run()
  }

  /// Takes what was written to a user's device, and tells how many frames it is.
  func takeFrames(of index: Int) throws -> Int {
    var count = 0
    while let bytes = try channels[index].readOutbound(as: ByteBuffer.self) {
      var place = bytes.readerIndex
      while let length: UInt8 = bytes.getInteger(at: place + 1) {
        let extended: UInt16? = length == 126 ? bytes.getInteger(at: place + 2) : nil
        place += extended.map { 4 + Int($0) } ?? 2 + Int(length)
        count += 1
      }
    }
    return count
  }

  /// Lets time pass between rounds.
  func step() { clock.step() }
}
