import Foundation
import Glibc
import Testing

@testable import Stages

@Suite struct SecretFileTests {
  private let directory: TemporaryDirectory
  private let secret = String(decoding: ForgedToken.secret, as: UTF8.self)

  init() throws { directory = try TemporaryDirectory() }

  @Test(
    "A secret is its line without the line's end; comments and empty lines do not count",
    arguments: [
      ("one\n", ["one"]), ("one", ["one"]), ("one\n\n", ["one"]), ("one\r\ntwo\r\n", ["one", "two"]),
      ("# new\none\n\n# old\ntwo", ["one", "two"]), (" one \n", [" one "]), ("one#\n", ["one#"]), ("", []),
      ("\n\r\n", []),
      ("#\n", []),
    ])
  func lines(text: String, expected: [String]) {
    #expect(SecretFile.parse(Array(text.utf8)) == expected.map { Array($0.utf8) })
  }

  @Test("A file is read with its secrets in order")
  func reads() throws {
    let other = String(repeating: "x", count: 40)
    let file = try SecretFile.read(try directory.write("# new\n\(secret)\n\(other)\n"))
    #expect(file.secrets == [ForgedToken.secret, Array(other.utf8)])
  }

  @Test(
    "Whether others may read or change it is told",
    arguments: [
      (0o600, false), (0o400, false), (0o440, false), (0o660, false), (0o604, true), (0o644, true),
      (0o602, true),
    ])
  func openToOthers(mode: mode_t, isOpen: Bool) throws {
    #expect(try SecretFile.read(try directory.write(secret, mode: mode)).isOpenToOthers == isOpen)
  }

  @Test(
    "A file without a secret of at least 32 bytes is refused",
    arguments: [
      ("", "holds no secret"), ("# nothing\n", "holds no secret"),
      ("0123456789abcdef0123456789abcde\n", "holds a secret of less than 32 bytes"),
      ("0123456789abcdef0123456789abcdef\nshort\n", "holds a secret of less than 32 bytes"),
      (String(repeating: "x", count: 262_145), "is larger than 256 KiB"),
    ])
  func refused(text: String, reason: String) throws {
    let path = try directory.write(text)
    #expect(throws: KeyFileError(path, reason)) { try SecretFile.read(path) }
  }

  @Test("What is missing is told from what is no file")
  func unreadable() throws {
    let missing = #expect(throws: KeyFileError.self) { try SecretFile.read(directory.file("none")) }
    #expect(missing?.isMissing == true)
    #expect(missing?.description == "'\(directory.path)/none' does not exist")
    let folder = #expect(throws: KeyFileError.self) { try SecretFile.read(directory.path) }
    #expect(folder?.isMissing == false)
    try #require(mkfifo(directory.file("pipe"), 0o600) == 0)
    let pipe = #expect(throws: KeyFileError.self) { try SecretFile.read(directory.file("pipe")) }
    #expect(pipe?.description == "'\(directory.path)/pipe' is no regular file")
  }

  @Test("A secret is made at random, for its owner alone, with the directories on its way")
  func makes() throws {
    let paths = ["a/b/one", "a/two"].map(directory.file)
    for path in paths { #expect(try SecretFile.makeIfMissing(path)) }
    #expect(paths.map(TemporaryDirectory.mode) == [0o600, 0o600])
    #expect(["a", "a/b"].map { TemporaryDirectory.mode(directory.file($0)) } == [0o700, 0o700])
    let files = try paths.map { try SecretFile.read($0) }
    #expect(files.map(\.secrets.count) == [1, 1])
    #expect(files.map { $0.secrets[0].count } == [64, 64])
    #expect(files[0].secrets != files[1].secrets)
  }

  @Test("A file that is there is left as it is, also a broken one or a link to nowhere")
  func makesNoSecond() throws {
    let path = try directory.write("short")
    #expect(try !SecretFile.makeIfMissing(path))
    #expect(TemporaryDirectory.mode(path) == 0o600)
    let link = directory.file("link")
    try #require(symlink(directory.file("nowhere"), link) == 0)
    #expect(try !SecretFile.makeIfMissing(link))
    #expect(TemporaryDirectory.mode(directory.file("nowhere")) == nil)
  }

  @Test("Of several who make it at once one does, and whoever finds it finds all of it", arguments: 0..<50)
  func makesOnce(_ round: Int) async throws {
    let path = directory.file("many")
    let (made, secrets) = try await withThrowingTaskGroup { tasks in
      for _ in 0..<2 {
        tasks.addTask {
          while true {
            do throws(KeyFileError) {
              return (false, try SecretFile.read(path).secrets)
            } catch {
              guard error.isMissing else { throw error }
              await Task.yield()
            }
          }
        }
      }
      for _ in 0..<4 {
        tasks.addTask { (try SecretFile.makeIfMissing(path), try SecretFile.read(path).secrets) }
      }
      return try await tasks.reduce(into: (made: 0, secrets: Set<[[UInt8]]>())) { all, one in
        all.made += one.0 ? 1 : 0
        all.secrets.insert(one.1.map { Array($0) })
      }
    }
    #expect(made == 1 && secrets.count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["many"])
  }

  @Test("What can't be written is said")
  func unwritable() throws {
    let path = try directory.write("a file") + "/below/secret"
    #expect(throws: KeyFileError.self) { try SecretFile.makeIfMissing(path) }
  }
}
