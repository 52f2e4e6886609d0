import Foundation
import Logging
import NIOPosix
import RedisState
import Services
import Testing

@Suite("Entering a Redis")
struct EntryTests {
  private static func open(_ url: RedisURL) async throws -> RedisState {
    try await RedisState(
      url: url, group: MultiThreadedEventLoopGroup.singleton, node: .random(), logger: TestNode.quiet,
      options: TestNode.options)
  }

  @Test("takes the right password, and says at once that another is wrong")
  func passwords() async throws {
    let server = try await RedisServer(["--requirepass", "sesame"])
    let state = try await Self.open(server.url(entry: ":sesame@", behind: "/3"))
    #expect(await state.readiness() == nil)
    await state.close()
    let wrong = try server.url(entry: ":oops@")
    let error = await #expect(throws: RedisError.self) { try await Self.open(wrong) }
    #expect(error?.description == "Redis refused the user or password")
    #expect(await RedisState.check(wrong, options: TestNode.options) == "Redis refused the user or password")
    #expect(
      await RedisState.check(try server.url(), options: TestNode.options)
        == "Redis asks for a password, and the URL has none")
    #expect(await RedisState.check(try server.url(entry: ":sesame@"), options: TestNode.options) == nil)
    let database = try server.url(entry: ":sesame@", behind: "/99")
    let refusal = await RedisState.check(database, options: TestNode.options)
    #expect(refusal?.contains("no such database") == true)
  }

  @Test("enters as a user of its own")
  func users() async throws {
    let server = try await RedisServer(["--user", "chat", "on", ">pw", "~*", "&*", "+@all"])
    let state = try await Self.open(server.url(entry: "chat:pw@"))
    #expect(try await state.recall([SendKey(scope: "s", senderID: "a", tempID: "b")]) == [nil])
    await state.close()
  }

  @Test("starts while there is no server, fails at once, and comes into force when there is one")
  func late() async throws {
    let port = try RedisServer.freePort()
    let url = try RedisURL("redis://127.0.0.1:\(port)")
    #expect(await RedisState.check(url, options: TestNode.options) == "no connection to 127.0.0.1:\(port)")
    let node = try await TestNode(url)
    #expect(!node.state.figures.isConnected)
    #expect(await node.state.readiness() != nil)
    await #expect(throws: StateError.self) { try await node.state.arrive("alice", 1) }
    let server = try await RedisServer(port: port)
    try await eventually("it is connected") { node.state.figures.isConnected }
    #expect(await node.state.readiness() == nil)
    await node.state.close()
    server.kill()
  }

  @Test("is encrypted where the URL says so, and trusts whom it says")
  func encryption() async throws {
    let server = try await RedisServer(
      [
        "--port", "0", "--tls-port", "PORT", "--tls-cert-file", "FOLDER/server.pem", "--tls-key-file",
        "FOLDER/server.key", "--tls-ca-cert-file", "FOLDER/ca.pem", "--tls-auth-clients", "no",
      ], prepare: Self.makeCertificates)
    let state = try await Self.open(server.url(scheme: "rediss", behind: "?ca=\(server.path("ca.pem"))"))
    #expect(await state.readiness() == nil)
    await state.close()
    // The system trusts no such authority.
    #expect(await RedisState.check(try server.url(scheme: "rediss"), options: TestNode.options) != nil)
    let missing = await RedisState.check(
      try server.url(scheme: "rediss", behind: "?ca=/no/such/file"), options: TestNode.options)
    #expect(missing?.contains("/no/such/file") == true)
  }

  private static func makeCertificates(in folder: URL) throws {
    let commands = [
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2"
        + " -subj /CN=test-authority",
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem -days 2"
        + " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -CA ca.pem -CAkey ca.key",
    ]
    for command in commands {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/openssl")
      process.arguments = command.split(separator: " ").map(String.init)
      process.currentDirectoryURL = folder
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw RedisError("no certificate could be made") }
    }
  }
}
