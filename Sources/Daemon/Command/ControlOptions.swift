import ArgumentParser
import Pipeline

/// Where a daemon is controlled.
struct ControlOptions: ParsableArguments {
  @OptionGroup var options: ConfigurationOptions

  @Option(name: .long, help: "The control socket; by default the one that the configuration names.")
  var control: String?

  /// The path, also where the file has faults elsewhere.
  ///
  /// - Throws: `CommandError` where it is no path of a socket.
  func path() throws -> SocketPath {
    guard let control else { return options.load().controlPath }
    guard let path = SocketPath(control) else {
      throw CommandError("--control wants \(SocketPath.form)", code: 2)
    }
    return path
  }
}
