import Pipeline
import PostgresStore
import RedisState

/// Where messages are kept: `sqlite:PATH` or `postgres://…`.
enum StoreURL: Decodable, Sendable, Equatable {
  case sqlite(path: String)
  case postgres(PostgresURL)

  init(from decoder: any Decoder) throws {
    let text = (try? decoder.singleValueContainer().decode(String.self)) ?? ""
    if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
      do throws(PostgresURL.Fault) { self = .postgres(try PostgresURL(text)) } catch {
        throw ConfigurationError("can't be used: \(error)")
      }
    } else if text.hasPrefix("sqlite:"), text.count > 7 {
      self = .sqlite(path: String(text.dropFirst(7)))
    } else {
      throw ConfigurationError("wants the address of a store: sqlite:PATH or postgres://USER@HOST/DATABASE")
    }
  }

  /// Whether it is within the daemon.
  var isEmbedded: Bool { if case .sqlite = self { true } else { false } }
}

/// Where the shared state is kept: `memory:` or `redis://…`.
enum StateURL: Decodable, Sendable, Equatable {
  case memory
  case redis(RedisURL)

  init(from decoder: any Decoder) throws {
    let text = (try? decoder.singleValueContainer().decode(String.self)) ?? ""
    if text == "memory:" {
      self = .memory
    } else if text.hasPrefix("redis") {
      do { self = .redis(try RedisURL(text)) } catch { throw ConfigurationError("can't be used: \(error)") }
    } else {
      throw ConfigurationError("wants the address of a state: memory: or redis://HOST:PORT")
    }
  }

  /// Whether it is within the daemon.
  var isEmbedded: Bool { self == .memory }
}
