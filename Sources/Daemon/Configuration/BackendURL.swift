import Pipeline

/// Where messages are kept: `sqlite:PATH`.
struct StoreURL: ConfigurationText, Equatable {
  let path: String

  static let form = "the address of a store this version has: sqlite:PATH"
  static let placeholder = StoreURL(path: "var/sluice.db")

  init(path: String) { self.path = path }

  init?(_ text: String) {
    guard text.hasPrefix("sqlite:"), text.count > 7 else { return nil }
    path = String(text.dropFirst(7))
  }
}

/// Where the shared state is kept: `memory:`.
struct StateURL: ConfigurationText, Equatable {
  static let form = "the address of a state this version has: memory:"
  static let placeholder = StateURL()

  private init() {}

  init?(_ text: String) { guard text == "memory:" else { return nil } }
}
