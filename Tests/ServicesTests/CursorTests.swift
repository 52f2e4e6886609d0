import Services
import Testing

@Suite("Cursors")
struct CursorTests {
  @Test("A cursor comes back as it went")
  func roundTrip() {
    let cursor = Cursor(epoch: .max, position: 4711)
    #expect(Cursor(cursor.text(for: "alice"), for: "alice") == cursor)
    let paging = Cursor(epoch: 1, place: FeedPlace(complete: 5, seen: .max))
    #expect(Cursor(paging.text(for: "alice"), for: "alice") == paging)
  }

  @Test("Another user's cursor is none, and neither is one with a digit changed")
  func foreignAndGarbled() {
    for place in [FeedPlace(2), FeedPlace(complete: 2, seen: 3)] {
      let text = Cursor(epoch: 1, place: place).text(for: "alice")
      #expect(Cursor(text, for: "bob") == nil)
      for index in text.indices.dropFirst(4) {
        var garbled = text
        garbled.replaceSubrange(index...index, with: text[index] == "0" ? "1" : "0")
        #expect(Cursor(garbled, for: "alice") == nil)
      }
    }
  }
}
