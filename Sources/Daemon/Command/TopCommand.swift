import ArgumentParser
import Glibc
import NIOCore
import NIOHTTP1
import Pipeline

/// `sluice top`.
struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Show what the running daemon and each of its stages are doing.",
    discussion: """
      Example: sluice top

      Ends with Ctrl-C; it outlives reloads and waits for a daemon that restarts. Where the output is no terminal, or with
      --once, it prints one table and ends.
      """)

  @Option(name: .long, help: "Seconds between two looks.")
  var interval = 1.0

  @Flag(name: .long, help: "Look twice, print once.")
  var once = false

  @OptionGroup var control: ControlOptions

  func validate() throws {
    guard (0.1...3600).contains(interval) else {
      throw ValidationError("--interval is from 0.1 to 3600 seconds")
    }
  }

  func run() async throws {
    let path = try control.path()
    let isLive = !once && isatty(STDOUT_FILENO) == 1
    try await ControlClient.with(path) { client in
      var last = try await Status(of: client)
      while true {
        try await Task.sleep(for: .seconds(interval))
        do {
          let next = try await Status(of: client)
          let screen = TopScreen(last, next)
          // From the upper left corner; what is left of the last screen is wiped.
          print(
            isLive
              ? "\u{1B}[H" + screen.lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J"
              : screen.lines.joined(separator: "\n"))
          StandardOutput.flush()
          last = next
        } catch let error as CommandError where isLive {
          print("\u{1B}[H\u{1B}[J" + error.message)
        }
        guard isLive else { return }
      }
    }
  }
}

extension Status {
  fileprivate init(of client: ControlClient) async throws {
    let (isOK, body) = try await client.ask(.GET, "/status", timeout: .seconds(10))
    guard isOK else { throw CommandError(body["detail"]?.string ?? "the daemon refused") }
    self.init(body)
  }
}
