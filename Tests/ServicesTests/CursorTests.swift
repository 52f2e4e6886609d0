import Services
import Testing

@Suite("Cursors")
struct CursorTests {
  @Test("A cursor comes back as it went")
  func roundTrip() {
    let cursor = Cursor(epoch: .max, position: 4711)
    #expect(Cursor(cursor.text(for: "alice"), for: "alice") == cursor)
  }

  @Test("Another user's cursor is none, and neither is one with a digit changed")
  func foreignAndGarbled() {
    let text = Cursor(epoch: 1, position: 2).text(for: "alice")
    #expect(Cursor(text, for: "bob") == nil)
    for index in text.indices.dropFirst(4) {
      var garbled = text
      garbled.replaceSubrange(index...index, with: text[index] == "0" ? "1" : "0")
      #expect(Cursor(garbled, for: "alice") == nil)
    }
  }
}
