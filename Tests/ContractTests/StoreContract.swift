import Pipeline
public import Services
import Synchronization
import Testing

/// What every store must do. Each function is one behaviour; the tests of an implementation call them all.
public struct StoreContract: Sendable {
  private let make: @Sendable () async throws -> any Store
  private let ids = MessageIDGenerator()

  /// A contract for stores that `make` opens: a fresh one each time.
  public init(_ make: @escaping @Sendable () async throws -> any Store) { self.make = make }

  private func message(_ tempID: String, _ content: String = "hi", from: String = "a", to: String = "b")
    -> NewMessage
  {
    NewMessage(id: ids.next(), senderID: from, tempID: tempID, receiverID: to, content: content)
  }

  /// What was stored is synced by both sides, in the order of its storing, and by nobody else.
  public func storesAndSyncs() async throws {
    let store = try await make()
    let messages = (0..<5).map { message("\($0)", "text \($0)") }
    let results = await store.write(messages.map { .message($0) })
    for (message, result) in zip(messages, results) {
      guard case .stored(message.id, _) = result else { return #expect(Bool(false), "\(result)") }
    }
    for user in ["a", "b"] {
      let page = try await store.sync(SyncRequest(userID: user, start: .beginning))
      #expect(page.messages.map(\.id) == messages.map(\.id))
      #expect(page.messages.map(\.content) == messages.map(\.content))
      #expect(!page.hasMore)
    }
    #expect(try await store.sync(SyncRequest(userID: "c", start: .beginning)).messages.isEmpty)
    await store.close()
  }

  /// The same send key is one message, whether it comes again later, in the same batch, or from many at once.
  public func keepsSendKeys() async throws {
    let store = try await make()
    let first = message("t")
    _ = await store.write([.message(first)])
    #expect(await store.write([.message(message("t"))]) == [.duplicate(first.id)])
    guard case .refused(let rejection) = await store.write([.message(message("t", "another body"))])[0] else {
      return #expect(Bool(false), "another body was taken")
    }
    #expect(rejection.code == .invalidEvent)
    let (one, two) = (message("u"), message("u"))
    let both = await store.write([.message(one), .message(two)])
    #expect(both[1] == .duplicate(one.id))
    let ids = await withTaskGroup { tasks in
      for _ in 0..<50 { tasks.addTask { await store.write([.message(message("v"))])[0] } }
      return await tasks.reduce(into: Set<MessageID>()) { ids, result in
        switch result {
        case .stored(let id, _), .duplicate(let id): ids.insert(id)
        default: break
        }
      }
    }
    #expect(ids.count == 1)
    #expect(try await store.sync(SyncRequest(userID: "b", start: .beginning)).messages.count == 3)
    await store.close()
  }

  /// A change that can't be made fails alone.
  public func failsAlone() async throws {
    let store = try await make()
    let results = await store.write([
      .message(message("1")), .message(message("2", "nul \0")), .message(message("3")),
      .read(
        ReadRequest(
          readerID: "b", target: .messages([MessageID(rawValue: 1)]), readAt: Timestamp(milliseconds: 1))),
    ])
    guard case .stored = results[0], case .refused(let nul) = results[1], case .stored = results[2],
      case .refused(let missing) = results[3]
    else { return #expect(Bool(false), "\(results)") }
    #expect(nul.code == .invalidEvent && missing.code == .notFound)
    await store.close()
  }

  /// Texts are stored as they are.
  public func keepsTexts() async throws {
    let store = try await make()
    let texts = [
      "'; DROP TABLE messages; --", "😀\u{1F468}\u{200D}\u{1F469}", String(repeating: "x", count: 16_384),
      "%_\\\"\n\t",
    ]
    _ = await store.write(texts.enumerated().map { .message(message("\($0)", $1, from: $1, to: "b'")) })
    #expect(
      try await store.sync(SyncRequest(userID: "b'", start: .beginning)).messages.map(\.content) == texts)
    await store.close()
  }

  /// Only the receiver can have read a message; reading again changes nothing; `upTo` reads all before.
  public func keepsReceipts() async throws {
    let store = try await make()
    let messages = (0..<4).map { message("\($0)") }
    _ = await store.write(messages.map { .message($0) })
    let ids = messages.map(\.id)
    func read(_ target: ReadRequest.Target, by reader: String = "b", at time: Int64 = 1_800_000_000_000) async
      -> WriteResult
    {
      await store.write([
        .read(ReadRequest(readerID: reader, target: target, readAt: Timestamp(milliseconds: time)))
      ])[0]
    }
    guard case .refused(let sender) = await read(.messages([ids[0]]), by: "a"),
      case .refused(let stranger) = await read(.messages([ids[0]]), by: "c"),
      case .refused = await read(.messages([ids[1], MessageID(rawValue: 5)]))
    else { return #expect(Bool(false), "a receipt was taken that must not be") }
    #expect(sender.code == .forbidden && stranger.code == .notFound)
    guard case .read(let first) = await read(.messages([ids[1]])),
      case .read(let again) = await read(.messages([ids[1]]), at: 1_900_000_000_000),
      case .read(let upTo) = await read(.upTo(ids[2]))
    else { return #expect(Bool(false), "a receipt was refused") }
    #expect(first.map(\.version) == [2] && first[0].position != nil && first[0].senderID == "a")
    #expect(again[0].position == nil && again[0].readAt == first[0].readAt)
    #expect(upTo.map(\.messageID) == [ids[0], ids[2]])
    let page = try await store.sync(SyncRequest(userID: "a", start: .beginning))
    #expect(page.messages.map(\.id) == [ids[3], ids[1], ids[0], ids[2]])
    #expect(page.messages.map { $0.readAt != nil } == [false, true, true, true])
    #expect(page.messages.allSatisfy { $0.readAt == $0.deliveredAt })
    await store.close()
  }

  /// Pages follow each other without a gap or a repetition, whatever their size.
  public func pages() async throws {
    let store = try await make()
    let messages = (0..<25).map {
      message("\($0)", from: $0 % 2 == 0 ? "a" : "b", to: $0 % 2 == 0 ? "b" : "a")
    }
    _ = await store.write(messages.map { .message($0) })
    for limit in [1, 4, 5, 25, 26] {
      var start = SyncRequest.Start.beginning
      var seen: [MessageID] = []
      while true {
        let page = try await store.sync(SyncRequest(userID: "a", start: start, limit: limit))
        seen += page.messages.map(\.id)
        start = .after(page.position)
        if !page.hasMore { break }
      }
      #expect(seen == messages.map(\.id), "pages of \(limit)")
    }
    await store.close()
  }

  /// A reader who goes on from the last cursor while eight others write misses nothing.
  public func feedHasNoGaps() async throws {
    let store = try await make()
    let (writers, each) = (8, 60)
    let done = Counter()
    try await withThrowingTaskGroup { tasks in
      for writer in 0..<writers {
        tasks.addTask {
          for number in 0..<each {
            _ = await store.write([.message(message("\(writer)-\(number)", from: "w\(writer)", to: "r"))])
          }
          done.add()
        }
      }
      tasks.addTask {
        var seen: Set<MessageID> = []
        var start = SyncRequest.Start.beginning
        while true {
          let wereDone = done.count == writers
          let page = try await store.sync(SyncRequest(userID: "r", start: start, limit: 7))
          seen.formUnion(page.messages.map(\.id))
          start = .after(page.position)
          if wereDone, !page.hasMore { break }
        }
        #expect(seen.count == writers * each)
      }
      try await tasks.waitForAll()
    }
    await store.close()
  }

  /// The horizon stands still in front of a change that has not been carried out.
  public func movesTheHorizon() async throws {
    let store = try await make()
    let start = store.horizon.position
    guard case .stored(_, let position) = await store.write([.message(message("1"))])[0] else {
      return #expect(Bool(false), "not stored")
    }
    #expect(store.horizon.position == start)
    store.horizon.end([position])
    #expect(store.horizon.position == position)
    await store.close()
  }

  /// An answer names a message of its own conversation.
  public func checksReplies() async throws {
    let store = try await make()
    let (original, other) = (message("1"), message("2", from: "c", to: "d"))
    _ = await store.write([.message(original), .message(other)])
    var (right, wrong) = (message("3", from: "b", to: "a"), message("4"))
    right.replyTo = original.id
    wrong.replyTo = other.id
    let results = await store.write([.message(right), .message(wrong)])
    guard case .stored = results[0], case .refused(let rejection) = results[1] else {
      return #expect(Bool(false), "\(results)")
    }
    #expect(rejection.code == .notFound)
    #expect(
      try await store.sync(SyncRequest(userID: "a", start: .beginning)).messages.last?.replyTo == original.id)
    await store.close()
  }

  /// The peers of a user are those they exchanged messages with, latest first.
  public func knowsPeers() async throws {
    let store = try await make()
    for (number, peer) in ["b", "c", "b", "d"].enumerated() {
      _ = await store.write([
        .message(message("\(number)", from: number == 1 ? peer : "a", to: number == 1 ? "a" : peer))
      ])
    }
    #expect(try await store.peers(of: "a") == ["d", "b", "c"])
    #expect(try await store.peers(of: "c") == ["a"])
    await store.close()
  }
}

/// Counts from several tasks.
private final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  var count: Int { value.load(ordering: .sequentiallyConsistent) }

  func add() { value.wrappingAdd(1, ordering: .sequentiallyConsistent) }
}

extension Store {
  package func write(_ writes: [StoreWrite]) async -> [WriteResult] {
    await withCheckedContinuation { continuation in write(writes) { continuation.resume(returning: $0) } }
  }

  package func sync(_ request: SyncRequest) async throws -> SyncPage {
    try await withCheckedContinuation { continuation in sync(request) { continuation.resume(returning: $0) } }
      .get()
  }

  package func peers(of user: String) async throws -> [String] {
    try await withCheckedContinuation { continuation in
      peers(of: user, limit: 100) { continuation.resume(returning: $0) }
    }.get()
  }
}
