/// One entry on its way to the journal, in the form of systemd's "Native Journal Protocol"
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value` and a newline, or, for a value with newlines, the name, a newline, the
/// value's length in 64 bits, least byte first, the value and a newline.
struct JournalEntry {
  /// The longest name of a field that the journal takes, in bytes.
  private static let longestName = 64

  /// The entry as it is sent.
  private(set) var bytes: [UInt8] = []

  /// Adds a field.
  ///
  /// - Parameter name: A valid name; see ``field(for:)``.
  mutating func add(_ name: String, _ value: String) {
    let newline = UInt8(ascii: "\n")
    bytes += name.utf8
    if value.utf8.contains(newline) {
      bytes.append(newline)
      withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
    } else {
      bytes.append(UInt8(ascii: "="))
    }
    bytes += value.utf8
    bytes.append(newline)
  }

  /// The name of the field for a key of ours: `SLUICE_` and the key in capitals, `_` for what the journal does not take, 64
  /// bytes at most.
  static func field(for key: String) -> String {
    let letters = key.uppercased().unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "A"..."Z", "0"..."9": Character(scalar)
      default: "_"
      }
    }
    return String(("SLUICE_" + letters).prefix(longestName))
  }
}
