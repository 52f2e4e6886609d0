import CSQLite
import ContractTests
import Foundation
import SQLiteStore
import Services
import Testing

@Suite("SQLite as a store")
struct SQLiteStoreTests {
  private let place = TemporaryStore()
  private let ids = MessageIDGenerator()

  private func message(_ number: Int, _ content: String = "hi") -> StoreWrite {
    .message(
      NewMessage(id: ids.next(), senderID: "a", tempID: "\(number)", receiverID: "b", content: content))
  }

  @Test("Opening again finds everything, and goes on where it stood")
  func reopening() async throws {
    let store = try place.open()
    let results = await store.write((0..<10).map { message($0) })
    let epoch = store.epoch
    await store.close()
    let again = try place.open()
    #expect(again.epoch == epoch)
    #expect(again.horizon.position == 10)
    guard case .stored(let last, _) = results[9] else { return #expect(Bool(false)) }
    #expect(again.highestMessageID == last)
    #expect(try await again.sync(SyncRequest(userID: "b", start: .beginning)).messages.count == 10)
    await again.close()
  }

  @Test("A second daemon is refused while the first is there")
  func secondOpener() async throws {
    let store = try place.open()
    #expect(throws: StoreError.self) { try place.open() }
    await store.close()
  }

  @Test("A store that is dropped does what it was given, and leaves no file open")
  func dropped() async throws {
    let (path, writes) = (place.path, [message(1)])
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      do {
        try place.open().write(writes) { _ in continuation.resume() }
      } catch {
        continuation.resume(throwing: error)
      }
    }
    while Self.opened.contains(where: { $0.hasPrefix(path) }) { await Task.yield() }
    let again = try place.open()
    #expect(again.horizon.position == 1)
    await again.close()
  }

  /// The files that this process has open.
  private static var opened: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return names.compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
    }
  }

  @Test("A database of a newer daemon is refused")
  func newerSchema() async throws {
    let store = try place.open()
    await store.close()
    var handle: OpaquePointer?
    #expect(sqlite3_open(place.path, &handle) == SQLITE_OK)
    #expect(sqlite3_exec(handle, "PRAGMA user_version=99", nil, nil, nil) == SQLITE_OK)
    sqlite3_close(handle)
    let error = #expect(throws: StoreError.self) { try place.open() }
    #expect(error?.description.contains("newer daemon") == true)
  }

  @Test("Changes that arrive together share few transactions")
  func groupCommit() async throws {
    let store = try place.open()
    await withTaskGroup { tasks in
      for number in 0..<1000 { tasks.addTask { _ = await store.write([message(number)]) } }
    }
    #expect(store.figures.writes == 1000)
    #expect(store.figures.commits < 500)
    await store.close()
  }

  @Test(
    "A file that can't grow refuses changes, loses none that it has confirmed, and keeps nothing by halves")
  func fullDisk() async throws {
    let store = try place.open(SQLiteOptions(pageLimit: 60))
    var confirmed: [MessageID] = []
    var refused = 0
    for number in 0..<200 where refused < 3 {
      let result = await store.write([message(number, String(repeating: "x", count: 4000))])[0]
      switch result {
      case .stored(let id, _): confirmed.append(id)
      case .unavailable: refused += 1
      default: #expect(Bool(false), "\(result)")
      }
    }
    #expect(refused == 3 && !confirmed.isEmpty)
    #expect(
      try await store.sync(SyncRequest(userID: "b", start: .beginning, limit: 500)).messages.map(\.id)
        == confirmed)
    await store.close()
    let roomy = try place.open()
    guard case .stored = await roomy.write([message(1000)])[0] else { return #expect(Bool(false)) }
    #expect(
      try await roomy.sync(SyncRequest(userID: "b", start: .beginning, limit: 500)).messages.count
        == confirmed.count + 1)
    await roomy.close()
  }

  @Test("A queue that is full refuses at once")
  func fullQueue() async throws {
    let store = try place.open(SQLiteOptions(queueLimit: 10))
    let results = await withTaskGroup { tasks in
      for group in 0..<40 {
        tasks.addTask { await store.write((0..<5).map { message(group * 5 + $0) }) }
      }
      return await tasks.reduce(into: [WriteResult]()) { $0 += $1 }
    }
    let stored = results.count { if case .stored = $0 { true } else { false } }
    let page = try await store.sync(SyncRequest(userID: "b", start: .beginning, limit: 500))
    #expect(page.messages.count == stored)
    await store.close()
  }

  @Test("A copy of the files, as a crash leaves them, holds every confirmed message")
  func crash() async throws {
    let store = try place.open()
    var confirmed: [MessageID] = []
    for number in 0..<50 {
      if case .stored(let id, _) = await store.write([message(number)])[0] { confirmed.append(id) }
    }
    let copy = TemporaryStore()
    let folder = URL(filePath: copy.path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // By a process of its own: a file that this process opens and closes loses the locks that SQLite has on it.
    let copying = Process()
    copying.executableURL = URL(filePath: "/bin/cp")
    copying.arguments = [place.path, place.path + "-wal", folder.path]
    try copying.run()
    copying.waitUntilExit()
    #expect(copying.terminationStatus == 0)
    let recovered = try copy.open()
    #expect(
      try await recovered.sync(SyncRequest(userID: "b", start: .beginning)).messages.map(\.id) == confirmed)
    await recovered.close()
    await store.close()
  }
}
