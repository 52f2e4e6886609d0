import Pipeline
public import Services
import Testing

extension StoreContract {
  /// A letter of just now, since the store drops old ones.
  private func letter(
    _ number: Int = 0, at moment: Timestamp = EngineClock.system.wall(), by user: String? = "a",
    type: String = "NEW_MESSAGE", scopes: [String] = [], data: [UInt8] = Array("{}".utf8),
    error: String = "it broke"
  ) -> DeadLetter {
    DeadLetter(
      at: moment, type: type, userID: user, scopes: scopes, data: data, stage: "stage \(number)",
      error: error,
      revision: number, node: "node")
  }

  /// Keeps letters, and gives their numbers.
  private func keep(_ letters: [DeadLetter], in store: any Store) async throws -> [Int64] {
    try await store.write(letters.map { .deadLetter($0) }).map { result in
      guard case .kept(let id) = result else { throw StoreError("\(result)") }
      return id
    }
  }

  /// A letter is read back as it was, byte by byte, whatever it holds.
  public func keepsDeadLetters() async throws {
    let store = try await make()
    let text = "re\u{301}ne\u{e9} 😀\u{1F468}\u{200D}\u{1F469} '\"\\%\n"
    let full = DeadLetter(
      at: EngineClock.system.wall(), type: text, userID: text, userName: text,
      isBackend: true, scopes: [text, "", "two words", "\u{1}"],
      data: Array(#"{"content":"\#u{e9}\u0000","n":1e400,"n":2}"#.utf8) + [0, 255], stage: text, error: text,
      revision: 7, node: text, isStored: true, messageID: MessageID(rawValue: UInt64(Int64.max)))
    let bare = letter(by: nil)
    let nobody = DeadLetter(
      at: EngineClock.system.wall(), type: "", userID: "", userName: "", data: [], stage: "", error: "",
      revision: 0, node: "")
    // Longer than what an index takes, and by chance, so that it can't be packed.
    let long = letter(
      by: (0..<2000).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined())
    let letters = [full, bare, nobody, long]
    let ids = try await keep(letters, in: store)
    #expect(ids == ids.sorted() && Set(ids).count == 4)
    for (id, letter) in zip(ids, letters) {
      let found = try #require(try await store.deadLetter(id))
      #expect(found == StoredDeadLetter(id: id, letter: letter))
      #expect(texts(found.letter) == texts(letter))
    }
    #expect(try await store.deadLetter((ids.last ?? 0) + 1) == nil)
    #expect(
      try await store.deadLetters()
        == zip(ids, letters).map { id, letter in
          DeadLetterSummary(
            id: id, at: letter.at, type: letter.type, userID: letter.userID, stage: letter.stage,
            error: letter.error, revision: letter.revision, node: letter.node, isStored: letter.isStored,
            messageID: letter.messageID,
            size: letter.data.count)
        })
    await store.close()
  }

  /// The bytes of a letter's texts: texts of other bytes may be equal.
  private func texts(_ letter: DeadLetter) -> [[UInt8]?] {
    ([letter.type, letter.userID, letter.userName, letter.stage, letter.error, letter.node] + letter.scopes)
      .map { $0.map { Array($0.utf8) } }
  }

  /// Data may be as big as the largest frame, beside others in one batch.
  public func keepsBigDeadLetters() async throws {
    let store = try await make()
    var data = (0..<65_536).map { _ in UInt8.random(in: 0...255) }
    while data.count < 16 << 20 { data += data }
    let letters = [letter(data: Array(data.prefix(1 << 20))), letter(), letter(data: data)]
    let ids = try await keep(letters, in: store)
    for (id, letter) in zip(ids, letters) {
      // Not by `#expect`, which would print them.
      let isKept = try await store.deadLetter(id)?.letter.data == letter.data
      #expect(isKept, "\(letter.data.count) bytes")
    }
    #expect(try await store.deadLetters().map(\.size) == [1 << 20, 2, 16 << 20])
    await store.close()
  }

  /// Letters are listed in pages in the order of their numbers; a number is never given again.
  public func listsAndDropsDeadLetters() async throws {
    let store = try await make()
    var ids = try await keep((0..<5).map { letter($0) }, in: store)
    for number in 5..<10 { ids += try await keep([letter(number)], in: store) }
    #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    for limit in [1, 3, 10, 11] {
      var seen: [DeadLetterSummary] = []
      while true {
        let page = try await store.deadLetters(after: seen.last?.id, limit: limit)
        #expect(page.count <= limit)
        if page.isEmpty { break }
        seen += page
      }
      #expect(seen.map(\.id) == ids && seen.map(\.revision) == Array(0..<10), "pages of \(limit)")
    }
    #expect(try await store.deadLetterCount(upTo: 100) == 10)
    #expect(try await store.deadLetterCount(upTo: 4) == 4)

    let last = try #require(ids.last)
    let drop = [ids[0], ids[4], ids[4], last, last + 1000, -1, Int64.max]
    #expect(await store.write([.dropDeadLetters(drop), .dropDeadLetters([])]) == [.done, .done])
    #expect(await store.write([.dropDeadLetters(drop)]) == [.done])
    let left = ids.filter { !drop.contains($0) }
    #expect(try await store.deadLetters().map(\.id) == left)
    #expect(try await store.deadLetter(last) == nil)
    let next = try await keep([letter()], in: store)
    #expect(next.allSatisfy { $0 > last })
    #expect(try await store.deadLetterCount(upTo: 100) == 8)
    await store.close()
  }

  /// NUL in the data or in an error is no reason to lose a letter; in what names something the letter alone is refused.
  public func keepsDeadLettersWithNUL() async throws {
    let store = try await make()
    let escaped = Array(#"{"content":"\u0000"}"#.utf8)
    let results = await store.write([
      .deadLetter(letter(1, data: escaped)), .deadLetter(letter(2, type: "A\0B")), .message(message("1")),
      .deadLetter(letter(3, by: "\0")), .deadLetter(letter(4, scopes: ["a", "\0"])),
      .deadLetter(letter(5, data: [0], error: "a\0b")),
    ])
    guard case .kept(let first) = results[0], case .refused(let type) = results[1],
      case .stored = results[2], case .refused(let user) = results[3], case .refused(let scope) = results[4],
      case .kept(let last) = results[5]
    else { return #expect(Bool(false), "\(results)") }
    #expect([type.code, user.code, scope.code] == [.invalidEvent, .invalidEvent, .invalidEvent])
    #expect(try await store.deadLetter(first)?.letter.data == escaped)
    let found = try await store.deadLetter(last)?.letter
    #expect(found?.data == [0] && found?.error == "a\u{FFFD}b")
    #expect(try await store.deadLetters().map(\.id) == [first, last])
    await store.close()
  }

  /// With all else that is kept of a user go their letters, and nobody else's.
  public func erasesDeadLetters() async throws {
    let store = try await make()
    let ids = try await keep([letter(by: "a"), letter(by: "b"), letter(by: nil), letter(by: "a")], in: store)
    #expect(await store.write([.erase(userID: "a", at: Timestamp(milliseconds: 9))]) == [.changed([])])
    #expect(try await store.deadLetters().map(\.id) == [ids[1], ids[2]])
    await store.close()
  }

  /// Letters go when they are older than their retention, however many there are, and no others.
  ///
  /// - Parameters:
  ///   - retention: How long the store keeps them.
  ///   - open: Opens one and the same database.
  public func dropsOldDeadLetters(
    after retention: Duration, in open: @Sendable () async throws -> any Store
  ) async throws {
    let before = try await open()
    let now = EngineClock.system.wall()
    // More than one piece by their number, and more than one by their size.
    let end = now + (.zero - retention)
    let old = end + .seconds(-10)
    var letters = (0..<2500).map { letter($0, at: old) }
    letters += (0..<3).map {
      letter($0, at: old, data: Array(repeating: 32, count: 9 << 20))
    }
    let young = [letter(at: end + .seconds(60)), letter(at: now)]
    let ids = try await keep(young + letters, in: before)
    await before.close()
    let store = try await open()
    let deadline = ContinuousClock.now + .seconds(30)
    while try await store.deadLetterCount(upTo: 3) > 2, .now < deadline {
      // Some stores keep house when they commit.
      _ = await store.write([.dropDeadLetters([])])
    }
    #expect(try await store.deadLetters().map(\.id) == Array(ids.prefix(2)))
    await store.close()
  }
}
