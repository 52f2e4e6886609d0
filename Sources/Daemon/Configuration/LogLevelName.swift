import Logging

/// A log level as a configuration and the command line name it.
enum LogLevelName: String, Decodable, Sendable, CaseIterable {
  case debug, info, notice, warning, error

  /// The level that loggers know.
  var level: Logger.Level {
    switch self {
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    }
  }
}
