import Testing

@testable import Pipeline

@Suite("Timestamps")
struct TimestampTests {
  @Test(
    "are written in RFC 3339 and read again",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_769_860_800_123, "2026-01-31T12:00:00.123Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func texts(milliseconds: Int64, text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
    #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test("survive a round trip, whatever the moment")
  func roundTrip() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<5000 {
      let moment = Timestamp(
        milliseconds: Int64.random(in: -62_135_596_800_000..<253_402_300_800_000, using: &random))
      #expect(Timestamp(rfc3339: moment.description) == moment)
    }
  }

  @Test(
    "are not read from texts that are no moments",
    arguments: [
      "", "2026", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
      "2026-01-01 00:00:00Z",
      "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z",
      "2026-01-01T00:00:0xZ",
    ])
  func refused(text: String) { #expect(Timestamp(rfc3339: text) == nil) }
}
