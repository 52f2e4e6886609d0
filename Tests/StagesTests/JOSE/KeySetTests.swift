import Pipeline
import Testing

@testable import Stages

@Suite struct KeySetTests {
  private func set(_ keys: String...) throws -> KeySet {
    try KeySet(parsing: Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8))
  }

  @Test("A token's kid picks the keys of that name, else those without one")
  func candidates() throws {
    let (one, two, nameless) = (KeyPair(), KeyPair(), KeyPair())
    let set = try set(one.jwk(id: "1"), two.jwk(id: "2"), nameless.jwk())
    #expect(set.candidates(for: "2").map(\.id) == ["2"])
    #expect(set.candidates(for: "3").map(\.id) == [nil])
    #expect(set.candidates(for: nil).map(\.id) == ["1", "2", nil])
    #expect(try self.set(one.jwk(id: "1")).candidates(for: "3").isEmpty)
  }

  @Test("Keys of no use are passed over; a set of none but such says why")
  func passedOver() throws {
    let good = KeyPair()
    let other = KeyPair().jwk(more: #""use":"enc","#)
    #expect(try set(other, #"{"kty":"oct","k":"AA"}"#, good.jwk(id: "1")).members.map(\.id) == ["1"])
    let fault = #expect(throws: KeyFault.self) { try set(other) }
    #expect(fault?.description == "key 1: its 'use' is not 'sig'")
  }

  @Test(
    "What is no set of keys is refused",
    arguments: [
      "", "{}", "[]", #"{"keys":{}}"#, #"{"keys":[]}"#, "<html>", #"{"keys":[1]}"#, "{\"keys\":[[[[",
    ])
  func noSet(text: String) {
    #expect(throws: KeyFault.self) { try KeySet(parsing: Array(text.utf8)) }
  }

  @Test("A set is bounded in keys and bytes")
  func bounded() {
    let key = KeyPair().jwk()
    let many = #"{"keys":[\#([String](repeating: key, count: 101).joined(separator: ","))]}"#
    #expect(throws: KeyFault("it holds more than 100 keys")) { try KeySet(parsing: Array(many.utf8)) }
    let long = Array((#"{"keys":[\#(key)]}"# + String(repeating: " ", count: 256 * 1024)).utf8)
    #expect(throws: KeyFault("it is larger than 256 KiB")) { try KeySet(parsing: long) }
  }

  @Test("Keys that stay keep what they have confirmed; those that go are given back")
  func replaced() throws {
    let (one, two, three) = (KeyPair(), KeyPair(), KeyPair())
    let older = try set(one.jwk(id: "1"), two.jwk(id: "2"))
    let (newer, removed) = try set(three.jwk(id: "3"), two.jwk(id: "2")).replacing(older)
    #expect(newer.members.map(\.id) == ["3", "2"])
    #expect(newer.members[1].credential === older.members[1].credential)
    #expect(removed.map(\.id) == ["1"])
    // The same name for another key is another key.
    let (_, swapped) = try set(three.jwk(id: "2")).replacing(older)
    #expect(swapped.map(\.id) == ["1", "2"])
  }
}
