import Foundation
import RedisState
import Synchronization

/// A Redis of the tests' own, on a free port, that keeps nothing and goes with its owner.
final class RedisServer: Sendable {
  let port: Int
  private let folder: URL
  private let arguments: [String]
  private let process: Mutex<Process?> = Mutex(nil)

  /// Starts a server and waits until it answers.
  ///
  /// - Parameter arguments: More of its arguments; `FOLDER` in them stands for its directory, `PORT` for its port.
  init(_ arguments: [String] = [], port: Int? = nil, prepare: (URL) throws -> Void = { _ in }) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-redis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try prepare(folder)
    self.folder = folder
    self.port = try port ?? Self.freePort()
    let number = "\(self.port)"
    self.arguments = arguments.map { $0 == "PORT" ? number : $0.replacing("FOLDER", with: folder.path) }
    try await start()
  }

  deinit {
    process.withLock { $0 }?.signal(SIGKILL)
    process.withLock { $0 }?.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Where it is; the texts go before and behind the host.
  func url(scheme: String = "redis", entry: String = "", behind: String = "") throws -> RedisURL {
    try RedisURL("\(scheme)://\(entry)127.0.0.1:\(port)\(behind)")
  }

  func path(_ file: String) -> String { folder.appending(path: file).path }

  /// Starts it, or starts it again on the same port.
  func start() async throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/redis-server")
    process.arguments =
      (arguments.last == "--sentinel" ? arguments : ["--save", "", "--appendonly", "no"] + arguments)
      + ["--dir", folder.path, "--bind", "127.0.0.1"]
      + (arguments.contains("--port") ? [] : ["--port", "\(port)"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process.withLock { $0 = process }
    try await eventually("the server answers") { Self.answers(self.port) }
  }

  /// Ends it at once.
  func kill() {
    process.withLock { $0 }?.signal(SIGKILL)
    process.withLock { $0 }?.waitUntilExit()
  }

  /// Holds it where it is.
  func pause() { process.withLock { $0 }?.signal(SIGSTOP) }

  /// Lets it go on.
  func resume() { process.withLock { $0 }?.signal(SIGCONT) }

  /// Asks by `redis-cli`, past the code under test.
  @discardableResult
  func ask(_ words: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/redis-cli")
    process.arguments = ["-p", "\(port)"] + words
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func socket(_ port: Int, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int?
  {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard use(descriptor, address, size) == 0 else { return nil }
        getsockname(descriptor, address, &size)
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          Int(in_port_t(bigEndian: $0.pointee.sin_port))
        }
      }
    }
  }

  private static func answers(_ port: Int) -> Bool { socket(port) { connect($0, $1, $2) } != nil }

  static func freePort() throws -> Int {
    guard let port = socket(0, { bind($0, $1, $2) }) else { throw RedisError("no port is free") }
    return port
  }
}

extension Process {
  fileprivate func signal(_ number: Int32) { if isRunning { Glibc.kill(processIdentifier, number) } }
}
