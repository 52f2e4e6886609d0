import Testing

@testable import Daemon

@Suite("An entry of the journal")
struct JournalEntryTests {
  @Test("A value without newlines is a line")
  func lines() {
    var entry = JournalEntry()
    entry.add("MESSAGE", "a=b \u{0}ü")
    entry.add("PRIORITY", "")
    #expect(entry.bytes == Array("MESSAGE=a=b \u{0}ü\nPRIORITY=\n".utf8))
  }

  @Test("A value with newlines has its length in front, in 64 bits")
  func binary() {
    var entry = JournalEntry()
    let value = String(repeating: "x", count: 300) + "\nPRIORITY=0\n"
    entry.add("SLUICE_ERROR", value)
    entry.add("PRIORITY", "6")
    let length: [UInt8] = [0x38, 0x01, 0, 0, 0, 0, 0, 0]
    #expect(value.utf8.count == 0x138)
    #expect(
      entry.bytes == Array("SLUICE_ERROR\n".utf8) + length + Array("\(value)\nPRIORITY=6\n".utf8))
  }

  @Test(
    "A key becomes a name that the journal takes",
    arguments: [
      ("stage", "SLUICE_STAGE"), ("on_error", "SLUICE_ON_ERROR"), ("_hidden", "SLUICE__HIDDEN"),
      ("9lives", "SLUICE_9LIVES"), ("a-b.c=d\ne", "SLUICE_A_B_C_D_E"), ("größe", "SLUICE_GR_SSE"),
      (String(repeating: "k", count: 99), "SLUICE_" + String(repeating: "K", count: 57)),
    ])
  func names(key: String, name: String) {
    #expect(JournalEntry.field(for: key) == name)
    #expect(name.utf8.count <= 64)
  }
}
