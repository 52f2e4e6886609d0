import CMemfd
import Glibc
import Logging
import Testing

@testable import Daemon

@Suite("Logging to the journal")
struct JournalLogHandlerTests {
  private let stream = JournalStream()
  private let journal = DatagramReceiver()

  private func handlers(_ level: LogLevel = LogLevel()) -> LogHandlers {
    LogHandlers(
      level: level, environment: ["JOURNAL_STREAM": stream.name], standardError: stream.descriptor,
      journalPath: journal.address)
  }

  @Test("Each fact is a field of its own, and the message shows them too")
  func fields() throws {
    var logger = Logger(label: "sluice", factory: handlers().make)
    logger[metadataKey: "stage"] = "rate_limit"
    logger.info("rejected an event", metadata: ["user": "alice", "code": "RATE_LIMITED"])
    #expect(
      try #require(journal.next()).text == """
        MESSAGE=rejected an event  code=RATE_LIMITED  stage=rate_limit  user=alice
        PRIORITY=6
        SYSLOG_IDENTIFIER=sluice
        SLUICE_LOGGER=sluice
        SLUICE_CODE=RATE_LIMITED
        SLUICE_STAGE=rate_limit
        SLUICE_USER=alice

        """)
    #expect(journal.next() == nil)
    #expect(stream.read().isEmpty)
  }

  @Test("Levels are the priorities of syslog")
  func priorities() throws {
    let logger = Logger(label: "sluice", factory: handlers(LogLevel(given: .trace)).make)
    let priorities = [7, 7, 6, 5, 4, 3, 2]
    for (level, priority) in zip(Logger.Level.allCases, priorities) {
      logger.log(level: level, "x")
      #expect(try #require(journal.next()).text.contains("\nPRIORITY=\(priority)\n"))
    }
  }

  @Test("A value with newlines can't pass for fields")
  func newlines() throws {
    let logger = Logger(label: "sluice", factory: handlers().make)
    logger.error("failed", metadata: ["error": "one\nPRIORITY=0"])
    let entry = try #require(journal.next()).bytes
    let field = Array("SLUICE_ERROR\n".utf8) + [14, 0, 0, 0, 0, 0, 0, 0] + Array("one\nPRIORITY=0\n".utf8)
    #expect(entry.suffix(field.count) == field[...])
    #expect(entry.starts(with: "MESSAGE=failed  error=one PRIORITY=0\nPRIORITY=3\n".utf8))
  }

  @Test("What is too long for a datagram is passed in a file that nobody can change")
  func longEntry() throws {
    let logger = Logger(label: "sluice", factory: handlers().make)
    let value = String(repeating: "v", count: 16 << 20)
    logger.info("long", metadata: ["value": "\(value)"])
    let datagram = try #require(journal.next())
    let file = try #require(datagram.file)
    defer { close(file) }
    #expect(datagram.bytes.isEmpty)
    #expect(fcntl(file, F_GET_SEALS) == F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
    var status = stat()
    #expect(fstat(file, &status) == 0)
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    #expect(pread(file, &bytes, bytes.count, 0) == bytes.count)
    #expect(bytes.starts(with: "MESSAGE=long  value=vvv".utf8))
    #expect(bytes.suffix(value.utf8.count + 14) == Array("SLUICE_VALUE=\(value)\n".utf8)[...])
    #expect(stream.read().isEmpty)
  }

  @Test("While the journal is gone, lines go to standard error")
  func fallback() throws {
    let handlers = LogHandlers(
      environment: ["JOURNAL_STREAM": stream.name], standardError: stream.descriptor,
      journalPath: "/nowhere/journal")
    let logger = Logger(label: "sluice", factory: handlers.make)
    logger.warning("a stage failed", metadata: ["stage": "persist"])
    let line = stream.read()
    #expect(line.hasSuffix("}\n") && line.filter { $0 == "\n" }.count == 1)
    #expect(line.contains(#""level":"warning","logger":"sluice","message":"a stage failed""#))
    #expect(line.contains(#""stage":"persist""#))
  }

  @Test("A line that the journal has no room for is lost, and the next says so")
  func lostLines() throws {
    let logger = Logger(label: "sluice", factory: handlers().make)
    let logged = 5000
    for _ in 0..<logged { logger.info("x") }
    var taken = 0
    while let datagram = journal.next() {
      #expect(!datagram.text.contains("SLUICE_LOST_LINES"))
      taken += 1
    }
    #expect(taken < logged)
    logger.info("y")
    let next = try #require(journal.next()).text
    #expect(next.hasPrefix("MESSAGE=y  lost_lines=\(logged - taken)\n"))
    #expect(next.hasSuffix("SLUICE_LOST_LINES=\(logged - taken)\n"))
    logger.info("z")
    #expect(try #require(journal.next()).text.hasPrefix("MESSAGE=z\n"))
    #expect(stream.read().isEmpty)
  }

  @Test("A change of the level holds at once")
  func level() throws {
    let level = LogLevel()
    let logger = Logger(label: "sluice", factory: handlers(level).make)
    logger.debug("unseen")
    #expect(journal.next() == nil)
    level.configure(.debug)
    logger.debug("seen")
    #expect(try #require(journal.next()).text.hasPrefix("MESSAGE=seen\nPRIORITY=7\n"))
  }

  @Test("The journal is logged to only where it reads standard error")
  func choice() {
    #expect(JournalSocket.reads(stream.descriptor, environment: ["JOURNAL_STREAM": stream.name]))
    for other in ["", "1:2", stream.name + "0", "0" + stream.name] {
      #expect(!JournalSocket.reads(stream.descriptor, environment: ["JOURNAL_STREAM": other]))
    }
    #expect(!JournalSocket.reads(stream.descriptor, environment: [:]))
    #expect(!JournalSocket.reads(-1, environment: ["JOURNAL_STREAM": stream.name]))
    #expect(handlers().make(label: "a") is JournalLogHandler)
    #expect(
      LogHandlers(environment: [:], standardError: stream.descriptor).make(label: "a") is LineLogHandler)
  }
}

/// A stream socket in place of the one by which the journal reads standard error.
private final class JournalStream {
  /// As `JOURNAL_STREAM` names it.
  let name: String
  /// The end that is written to.
  let descriptor: Int32
  private let reader: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    let result = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
    precondition(result == 0)
    (descriptor, reader) = (ends[0], ends[1])
    var status = stat()
    precondition(fstat(descriptor, &status) == 0)
    name = "\(status.st_dev):\(status.st_ino)"
  }

  deinit {
    close(descriptor)
    close(reader)
  }

  /// What was written since it was asked last.
  func read() -> String {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(reader, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }
}
