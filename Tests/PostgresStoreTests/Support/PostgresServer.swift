import Foundation
import PostgresStore
import Synchronization

/// A PostgreSQL server of the tests' own, on a free port, with the durability that it has by default. One is shared by all
/// tests, each with a database of its own; it ends with the process.
final class PostgresServer: Sendable {
  static let shared: Result<PostgresServer, any Error> = Result { try PostgresServer() }

  let port: Int
  private let folder: String

  /// Starts a server, and waits until it can be used.
  init() throws {
    folder = "/tmp/sluice-postgres-\(UUID().uuidString)"
    port = try Self.freePort()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if geteuid() == 0 { try Self.run(["chown", "nobody", folder]) }
    try Self.run(
      Self.unprivileged + [
        Self.program("initdb"), "-D", "\(folder)/data", "-U", "sluice", "-A", "trust", "-E", "UTF8",
        "--locale=C", "--no-sync",
      ])
    try Self.run(
      Self.unprivileged + [
        Self.program("pg_ctl"), "-D", "\(folder)/data", "-l", "\(folder)/log", "-w", "-o",
        "-p \(port) -k \(folder) -c listen_addresses=127.0.0.1 -c max_connections=400", "start",
      ])
    Self.endAtExit(folder)
  }

  /// The address of a new, empty database.
  func database() throws -> String {
    let name = "db_" + UUID().uuidString.replacing("-", with: "").lowercased()
    try sql("CREATE DATABASE \(name)")
    return "postgres://sluice@127.0.0.1:\(port)/\(name)"
  }

  /// What the server has logged.
  var log: String { (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? "" }

  /// Runs SQL in a database of this server, and gives what `psql` prints.
  @discardableResult
  func sql(_ statement: String, in database: String = "postgres") throws -> String {
    let url = database.hasPrefix("postgres://") ? database : "postgres://sluice@127.0.0.1:\(port)/\(database)"
    return try Self.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, url])
  }

  private static let unprivileged =
    geteuid() == 0 ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] : []

  /// Debian keeps the server's programs off the path, by their version.
  private static func program(_ name: String) -> String {
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
      .compactMap { Int($0) }.sorted()
    return versions.last.map { "/usr/lib/postgresql/\($0)/bin/\(name)" } ?? name
  }

  private static func endAtExit(_ folder: String) {
    let isFirst = folders.withLock { folders in
      folders.append(folder)
      return folders.count == 1
    }
    guard isFirst else { return }
    atexit {
      for folder in PostgresServer.folders.withLock(\.self) {
        _ = try? PostgresServer.run(
          PostgresServer.unprivileged + [
            PostgresServer.program("pg_ctl"), "-D", "\(folder)/data", "-m", "immediate", "-w", "stop",
          ])
        try? FileManager.default.removeItem(atPath: folder)
      }
    }
  }

  /// What is to be ended with the process.
  private static let folders = Mutex<[String]>([])

  /// Runs a program to its end, and gives what it prints. (Foundation's `Process` would wait for the server too, which
  /// inherits what it watches.)
  @discardableResult
  private static func run(_ command: [String]) throws -> String {
    let output = "/tmp/sluice-output-\(UUID().uuidString)"
    defer { unlink(output) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let spawned = posix_spawnp(&child, command[0], &actions, nil, &arguments, environ)
    guard spawned == 0 else { throw Failure(description: "\(command[0]) can't be run: \(spawned)") }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
    guard status == 0 else { throw Failure(description: "\(command): \(text)") }
    return text
  }

  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw Failure(description: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }
}
