import Pipeline
public import Services
import Synchronization
import Testing

/// What every store must do. Each function is one behaviour; the tests of an implementation call them all.
public struct StoreContract: Sendable {
  let make: @Sendable () async throws -> any Store
  private let ids = MessageIDGenerator()

  /// A contract for stores that `make` opens: a fresh one each time.
  public init(_ make: @escaping @Sendable () async throws -> any Store) { self.make = make }

  func message(
    _ tempID: String, _ content: String = "hi", from: String = "a", to: String = "b", metadata: String? = nil,
    replyTo: MessageID? = nil
  ) -> NewMessage {
    NewMessage(
      id: ids.next(), senderID: from, tempID: tempID, receiverID: to, content: content, metadata: metadata,
      replyTo: replyTo)
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
      .receipt(
        Receipt(.read, by: "b", of: .messages([MessageID(rawValue: 1)]), at: Timestamp(milliseconds: 1))),
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
    let synced = try await store.sync(SyncRequest(userID: "b'", start: .beginning)).messages.map(\.content)
    // They are of different senders, whose order among each other is not promised.
    #expect(synced.sorted() == texts.sorted())
    await store.close()
  }

  /// Only the receiver can have read a message; reading again changes nothing; `upTo` reads all before.
  public func keepsReceipts() async throws {
    let store = try await make()
    let messages = (0..<4).map { message("\($0)") }
    _ = await store.write(messages.map { .message($0) })
    let ids = messages.map(\.id)
    func read(_ target: Receipt.Target, by reader: String = "b", at time: Int64 = 1_800_000_000_000) async
      -> WriteResult
    {
      await store.write([
        .receipt(Receipt(.read, by: reader, of: target, at: Timestamp(milliseconds: time)))
      ])[0]
    }
    guard case .refused(let sender) = await read(.messages([ids[0]]), by: "a"),
      case .refused(let stranger) = await read(.messages([ids[0]]), by: "c"),
      case .refused = await read(.messages([ids[1], MessageID(rawValue: 5)]))
    else { return #expect(Bool(false), "a receipt was taken that must not be") }
    #expect(sender.code == .forbidden && stranger.code == .notFound)
    guard case .changed(let first) = await read(.messages([ids[1]])),
      case .changed(let again) = await read(.messages([ids[1]]), at: 1_900_000_000_000),
      case .changed(let upTo) = await read(.upTo(ids[2]))
    else { return #expect(Bool(false), "a receipt was refused") }
    #expect(first.map(\.version) == [2] && first[0].position != nil && first[0].senderID == "a")
    #expect(again[0].position == nil && again[0].at == first[0].at)
    #expect(upTo.map(\.messageID) == [ids[0], ids[2]])
    let page = try await store.sync(SyncRequest(userID: "a", start: .beginning))
    #expect(page.messages.map(\.id) == [ids[3], ids[1], ids[0], ids[2]])
    #expect(page.messages.map { $0.readAt != nil } == [false, true, true, true])
    #expect(page.messages.allSatisfy { $0.readAt == $0.deliveredAt })
    await store.close()
  }

  /// What one batch says of a message happens in its order: the first of each kind changes it, and a request of which a
  /// part is not possible does nothing.
  public func keepsReceiptsOfOneBatch() async throws {
    let store = try await make()
    let messages = (0..<3).map { message("\($0)") }
    _ = await store.write(messages.map { .message($0) })
    let ids = messages.map(\.id)
    func receipt(_ kind: Receipt.Kind, _ ids: [MessageID], by reader: String = "b", at time: Int64)
      -> StoreWrite
    {
      .receipt(Receipt(kind, by: reader, of: .messages(Few(ids)), at: Timestamp(milliseconds: time)))
    }
    let results = await store.write([
      receipt(.read, [ids[2], MessageID(rawValue: 5)], at: 1),
      receipt(.delivered, [ids[0], ids[1]], at: 10), receipt(.delivered, [ids[0]], at: 11),
      receipt(.read, [ids[0]], at: 12), receipt(.read, [ids[0]], at: 13), receipt(.read, [ids[2]], at: 13),
      receipt(.delivered, [ids[2]], at: 14), receipt(.read, [ids[1]], by: "a", at: 15),
    ])
    let changes = results.map { result -> [MessageChange] in
      if case .changed(let changes) = result { Array(changes) } else { [] }
    }
    #expect(
      changes.map { $0.map(\.messageID) } == [
        [], [ids[0], ids[1]], [ids[0]], [ids[0]], [ids[0]], [ids[2]], [ids[2]], [],
      ])
    #expect(
      changes.map { $0.map { $0.position != nil } } == [
        [], [true, true], [false], [true], [false], [true], [false], [],
      ])
    #expect(changes.map { $0.map(\.at.milliseconds) } == [[], [10, 10], [10], [12], [12], [13], [13], []])
    #expect(changes[1].map(\.version) == [2, 2] && changes[3].map(\.version) == [3])
    #expect(changes[5].map(\.version) == [2])
    let stored = try await store.sync(SyncRequest(userID: "a", start: .beginning)).messages
      .sorted { $0.id < $1.id }
    #expect(stored.map(\.version) == [3, 2, 2])
    #expect(
      stored.map(\.position) == [changes[3][0], changes[1][1], changes[5][0]].compactMap(\.position))
    #expect(try #require(changes[1][0].position) < #require(changes[3][0].position))
    #expect(stored.map { $0.deliveredAt?.milliseconds } == [10, 10, 13])
    #expect(stored.map { $0.readAt?.milliseconds } == [12, nil, 13])
    await store.close()
  }

  /// What one batch says of messages, of one at a time: the first word of each kind changes it, and one who may not say
  /// so changes nothing.
  public func keepsSingleReceiptsOfOneBatch() async throws {
    let store = try await make()
    let messages = (0..<4).map { message("\($0)") }
    _ = await store.write(messages.map { .message($0) })
    let ids = messages.map(\.id)
    func receipt(_ kind: Receipt.Kind, _ id: MessageID, by reader: String = "b", at time: Int64) -> StoreWrite
    {
      .receipt(Receipt(kind, by: reader, of: .messages([id]), at: Timestamp(milliseconds: time)))
    }
    _ = await store.write([receipt(.delivered, ids[2], at: 5)])
    let results = await store.write([
      receipt(.delivered, ids[3], by: "a", at: 9), receipt(.read, ids[3], by: "c", at: 9),
      receipt(.read, ids[1], at: 10), receipt(.delivered, ids[0], at: 11), receipt(.read, ids[0], at: 12),
      receipt(.delivered, ids[0], at: 13), receipt(.delivered, ids[1], at: 14),
      receipt(.delivered, ids[2], at: 15), receipt(.read, ids[2], at: 16), receipt(.read, ids[2], at: 17),
      receipt(.read, MessageID(rawValue: 5), at: 18), receipt(.delivered, ids[3], at: 19),
    ])
    let refused = results.indices.filter { if case .refused = results[$0] { true } else { false } }
    #expect(refused == [0, 1, 10])
    guard case .refused(let sender) = results[0], case .refused(let stranger) = results[1],
      case .refused(let missing) = results[10]
    else { return }
    #expect([sender.code, stranger.code, missing.code] == [.forbidden, .notFound, .notFound])
    let changes = results.compactMap { if case .changed(let changes) = $0 { changes.first } else { nil } }
    #expect(
      changes.map(\.messageID) == [1, 0, 0, 0, 1, 2, 2, 2, 3].map { ids[$0] }
        && changes.allSatisfy { $0.senderID == "a" && $0.receiverID == "b" })
    #expect(
      changes.map { $0.position != nil } == [true, true, true, false, false, false, true, false, true])
    #expect(changes.map(\.at.milliseconds) == [10, 11, 12, 11, 10, 5, 16, 16, 19])
    // Told again of a delivery, one may hear of the reading that came behind it.
    let versions = changes.map(\.version)
    #expect(versions.prefix(5) == [2, 2, 3, 3, 2] && (2...3).contains(versions[5]))
    #expect(versions.suffix(3) == [3, 3, 2])
    let again = await store.write([
      receipt(.read, ids[0], at: 30), receipt(.delivered, ids[3], by: "a", at: 30),
    ])
    guard case .changed(let late) = again[0], case .refused = again[1] else {
      return #expect(Bool(false), "what had happened was answered otherwise")
    }
    #expect(late[0].position == nil && late[0].at.milliseconds == 12 && late[0].version == 3)
    let stored = try await store.sync(SyncRequest(userID: "a", start: .beginning)).messages
      .sorted { $0.id < $1.id }
    #expect(stored.map(\.version) == [3, 2, 3, 2])
    #expect(
      stored.map(\.position) == [changes[2], changes[0], changes[6], changes[8]].compactMap(\.position))
    #expect(stored.map { $0.deliveredAt?.milliseconds } == [11, 10, 5, 19])
    #expect(stored.map { $0.readAt?.milliseconds } == [12, 10, 16, nil])
    await store.close()
  }

  /// A message is delivered once, before it is read or with it, and each is a change of its own.
  public func keepsDeliveries() async throws {
    let store = try await make()
    let sent = message("1")
    _ = await store.write([.message(sent)])
    func say(_ kind: Receipt.Kind, at time: Int64) async -> WriteResult {
      await store.write([
        .receipt(Receipt(kind, by: "b", of: .messages([sent.id]), at: Timestamp(milliseconds: time)))
      ])[0]
    }
    guard case .changed(let delivered) = await say(.delivered, at: 10),
      case .changed(let again) = await say(.delivered, at: 20),
      case .changed(let read) = await say(.read, at: 30),
      case .changed(let late) = await say(.delivered, at: 40)
    else { return #expect(Bool(false), "a receipt was refused") }
    #expect(delivered[0].version == 2 && again[0].position == nil && again[0].at == delivered[0].at)
    #expect(read[0].version == 3 && late[0].position == nil)
    let synced = try await store.sync(SyncRequest(userID: "a", start: .beginning)).messages
    #expect(synced.map(\.deliveredAt) == [Timestamp(milliseconds: 10)])
    #expect(synced.map(\.readAt) == [Timestamp(milliseconds: 30)])
    await store.close()
  }

  /// Only the sender changes a message; a deleted one keeps its place and says nothing.
  public func revises() async throws {
    let store = try await make()
    let first = message("1", "before", metadata: "{}")
    let second = message("2")
    _ = await store.write([.message(first), .message(second)])
    func revise(_ kind: Revision.Kind, by user: String = "a", at time: Int64 = 10) async -> WriteResult {
      await store.write([
        .revision(Revision(kind, of: first.id, by: user, at: Timestamp(milliseconds: time)))
      ])[0]
    }
    guard case .refused(let receiver) = await revise(.delete, by: "b"),
      case .refused(let stranger) = await revise(.edit(content: "x"), by: "c"),
      case .refused(let nul) = await revise(.edit(content: "\0"))
    else { return #expect(Bool(false), "a change was made that must not be") }
    #expect([receiver.code, stranger.code, nul.code] == [.forbidden, .notFound, .invalidEvent])
    guard case .changed(let edited) = await revise(.edit(content: "after")) else {
      return #expect(Bool(false), "an edit was refused")
    }
    #expect(edited[0].version == 2 && edited[0].receiverID == "b" && edited[0].position != nil)
    var page = try await store.sync(SyncRequest(userID: "b", start: .beginning)).messages
    #expect(page.map(\.id) == [second.id, first.id] && page[1].content == "after")
    #expect(page[1].editedAt == Timestamp(milliseconds: 10) && page[1].metadata == "{}")
    guard case .changed(let deleted) = await revise(.delete, at: 20),
      case .changed(let again) = await revise(.delete, at: 30),
      case .refused(let late) = await revise(.edit(content: "y"))
    else { return #expect(Bool(false), "a deletion was refused") }
    #expect(deleted[0].version == 3 && again[0].position == nil && again[0].at == deleted[0].at)
    #expect(late.code == .notFound)
    page = try await store.sync(SyncRequest(userID: "b", start: .beginning)).messages
    #expect(
      page[1].content == "" && page[1].metadata == nil && page[1].deletedAt == Timestamp(milliseconds: 20))
    await store.close()
  }

  /// Conversations come newest first with what is unread, and history in pages.
  public func keepsConversations() async throws {
    let store = try await make()
    let messages = (0..<6).map { number in
      number == 3 ? message("\(number)", from: "c", to: "b") : message("\(number)")
    }
    _ = await store.write(messages.map { .message($0) })
    _ = await store.write([.user(id: "a", name: "Ann"), .rename(id: "c", name: "Carol")])
    _ = await store.write([
      .receipt(Receipt(.read, by: "b", of: .upTo(messages[1].id), at: Timestamp(milliseconds: 1))),
      .revision(Revision(.delete, of: messages[2].id, by: "a", at: Timestamp(milliseconds: 2))),
    ])
    let all = try await store.conversations(of: "b")
    #expect(all.entries.map(\.peerID) == ["a", "c"] && !all.hasMore)
    #expect(all.entries.map(\.peerName) == ["Ann", "Carol"])
    #expect(all.entries.map(\.unread) == [2, 1])
    #expect(all.entries.map(\.lastMessage.id) == [messages[5].id, messages[3].id])
    #expect(try await store.conversations(of: "a").entries.map(\.unread) == [0])
    let first = try await store.conversations(of: "b", limit: 1)
    #expect(first.hasMore)
    let next = try await store.conversations(of: "b", before: first.entries[0].lastMessage.id)
    #expect(next.entries.map(\.peerID) == ["c"])
    let newest = try await store.history(of: "a", with: "b", limit: 2)
    #expect(newest.entries.map(\.id) == [messages[5].id, messages[4].id] && newest.hasMore)
    let older = try await store.history(of: "a", with: "b", before: messages[4].id, limit: 9)
    #expect(older.entries.map(\.id) == [messages[2].id, messages[1].id, messages[0].id] && !older.hasMore)
    #expect(older.entries[0].content == "")
    #expect(try await store.history(of: "a", with: "x", limit: 9).entries.isEmpty)
    await store.close()
  }

  /// Connections are asked for and accepted; a block ends them and always wins.
  public func keepsLinks() async throws {
    let store = try await make()
    func act(_ action: LinkRequest.Action, _ user: String, _ peer: String) async -> WriteResult {
      await store.write([.link(LinkRequest(action, by: user, about: peer, at: Timestamp(milliseconds: 1)))])[
        0]
    }
    func say(_ temp: String, for audience: Audience) async -> WriteResult {
      await store.write([.message(message(temp), to: audience)])[0]
    }
    guard case .refused(let stranger) = await say("1", for: .connections) else {
      return #expect(Bool(false), "a stranger's message was taken")
    }
    #expect(stranger.code == .forbidden)
    #expect(
      await act(.request, "a", "b") == .linked(Link(peerID: "b", status: .pending, direction: .outgoing)))
    guard case .refused(let own) = await act(.accept, "a", "b"),
      case .refused(let nothing) = await act(.accept, "a", "c"),
      case .refused(let oneself) = await act(.request, "a", "a")
    else { return #expect(Bool(false), "a request was accepted that must not be") }
    #expect([own.code, nothing.code, oneself.code] == [.forbidden, .notFound, .invalidEvent])
    #expect(try await store.links(of: "b") == [Link(peerID: "a", status: .pending, direction: .incoming)])
    #expect(
      await act(.accept, "b", "a") == .linked(Link(peerID: "a", status: .accepted, direction: .incoming)))
    guard case .stored = await say("1", for: .connections) else {
      return #expect(Bool(false), "a message to an accepted connection was refused")
    }
    #expect(try await store.peers(of: ["a"]) == [["b"]])
    #expect(await act(.block, "b", "a") == .linked(Link(peerID: "a", status: .blocked, direction: .outgoing)))
    guard case .refused = await say("2", for: .anyone), case .refused = await act(.request, "a", "b") else {
      return #expect(Bool(false), "a block was ignored")
    }
    #expect(await act(.remove, "a", "b") == .linked(nil))
    #expect(try await store.peers(of: ["a"]) == [[]])
    let requests = [PermitRequest(from: "a", to: "b"), PermitRequest(from: "a", to: "c")]
    #expect(try await store.permits(requests, audience: .anyone) == [false, true])
    #expect(try await store.permits(requests, audience: .connections) == [false, false])
    #expect(await act(.remove, "b", "a") == .linked(nil))
    guard case .stored = await say("2", for: .anyone) else { return #expect(Bool(false), "still blocked") }
    _ = await act(.request, "a", "b")
    #expect(
      await act(.request, "b", "a") == .linked(Link(peerID: "a", status: .accepted, direction: .incoming)))
    await store.close()
  }

  /// Devices belong to whoever registered them last; revocations and chosen names stay.
  public func keepsUsers() async throws {
    let store = try await make()
    _ = await store.write([
      .user(id: "a", name: "Ann"), .addDevice(Device(userID: "a", token: "t1", platform: "web")),
      .addDevice(Device(userID: "a", token: "t2")), .addDevice(Device(userID: "b", token: "t1")),
      .removeDevices(of: "b", token: "t2"),
    ])
    #expect(try await store.devices(of: "a").map(\.token) == ["t2"])
    let moved = try await store.devices(of: "b")
    #expect(moved.map(\.token) == ["t1"] && moved[0].userID == "b" && moved[0].platform == nil)
    #expect(moved[0].lastSeen != nil)
    _ = await store.write([.removeDevices(of: "b", token: nil)])
    #expect(try await store.devices(of: "b").isEmpty)
    #expect(try await store.name(of: "a") == "Ann")
    #expect(try await store.name(of: "x") == nil)
    _ = await store.write([.rename(id: "a", name: "Anna"), .user(id: "a", name: "Anne")])
    #expect(try await store.name(of: "a") == "Anna")
    let revocation = Revocation(userID: "x", notBefore: Timestamp(milliseconds: 5))
    _ = await store.write([.revoke(userID: "x", notBefore: revocation.notBefore)])
    #expect(try await store.revocations() == [revocation])
    await store.close()
  }

  /// What a user sent loses its content for everyone, and what is kept of them goes.
  public func erases() async throws {
    let store = try await make()
    _ = await store.write([
      .user(id: "a", name: "Ann"), .message(message("1", "mine")),
      .message(message("2", "yours", from: "b", to: "a")), .addDevice(Device(userID: "a", token: "t")),
    ])
    guard
      case .changed(let changes) = await store.write([.erase(userID: "a", at: Timestamp(milliseconds: 9))])[0],
      case .changed(let rest) = await store.write([.erase(userID: "a", at: Timestamp(milliseconds: 9))])[0]
    else { return #expect(Bool(false), "an erasure was refused") }
    #expect(changes.count == 1 && changes[0].receiverID == "b" && rest.isEmpty)
    let page = try await store.sync(SyncRequest(userID: "b", start: .beginning)).messages
    #expect(page.map(\.content) == ["yours", ""] && page[1].deletedAt != nil && page[1].senderName == nil)
    #expect(try await store.devices(of: "a").isEmpty)
    #expect(try await store.name(of: "a") == nil)
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
        start = .after(page.place)
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
          start = .after(page.place)
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
    let right = message("3", from: "b", to: "a", replyTo: original.id)
    let wrong = message("4", replyTo: other.id)
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
    #expect(try await store.peers(of: ["a"]) == [["d", "b", "c"]])
    // Of several at once, whether they have any or not, each as if it were asked for alone.
    #expect(
      try await store.peers(of: ["c", "nobody", "a", "c"], limit: 2) == [["a"], [], ["d", "b"], ["a"]])
    #expect(try await store.peers(of: []) == [])
    await store.close()
  }
}

/// Counts from several tasks.
private final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  var count: Int { value.load(ordering: .sequentiallyConsistent) }

  func add() { value.wrappingAdd(1, ordering: .sequentiallyConsistent) }
}
