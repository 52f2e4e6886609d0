import ArgumentParser
import Glibc
import Pipeline

/// `sluice test`.
struct TestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Test a chain: send it events, and see what becomes of them.",
    discussion: """
      Example: sluice test pipeline.test.yaml

      No daemon and no server is needed, and nothing is connected to. Exit codes: 0 all tests passed, 1 one has failed or \
      a file has faults, 2 wrong usage.
      """)

  @Argument(help: "The files of tests.", completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  @Option(name: .long, help: "Only tests whose name holds this text.")
  var only: String?

  func run() async throws {
    let lines = TestLines(isColoured: TestLines.isWanted(ProcessEnvironment.variables))
    var (passed, failed, faulty) = (0, 0, 0)
    for file in files {
      let loaded = try LoadedChainTests(
        file, CommandLineTool.registry, environment: ProcessEnvironment.variables)
      guard let content = loaded.content else {
        faulty += 1
        CommandLineTool.printError(String(loaded.report.dropLast()))
        continue
      }
      for test in content.tests where only.map(test.name.value.contains) ?? true {
        let result = await ChainTestRun.run(test, content.configuration, secret: content.secret)
        if result.isPassed { passed += 1 } else { failed += 1 }
        print(lines.text(of: result, in: file, loaded), terminator: "")
        StandardOutput.flush()
      }
    }
    if passed + failed == 0, faulty == 0 {
      throw CommandError("no test's name holds '\(only ?? "")'", code: 2)
    }
    print(lines.summary(passed: passed, failed: failed, faulty: faulty))
    if failed + faulty > 0 { throw ExitCode(1) }
  }
}

/// How results are printed.
struct TestLines {
  let isColoured: Bool

  /// Whether colours are of use: on a terminal whose user has nothing against them.
  static func isWanted(_ environment: [String: String]) -> Bool {
    isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }

  func text(of result: ChainTestResult, in file: String, _ loaded: LoadedChainTests) -> String {
    let title = "\(file): \(result.name.printable)\n"
    guard !result.isPassed else { return coloured("ok    ", 32) + "  " + title }
    return coloured("FAILED", 31) + "  " + title + loaded.text(of: result.mismatches)
      + result.story.map { "  \($0)\n" }.joined()
  }

  func summary(passed: Int, failed: Int, faulty: Int) -> String {
    var parts = ["\(passed) passed"]
    if failed > 0 { parts.append("\(failed) failed") }
    if faulty > 0 { parts.append(faulty == 1 ? "1 file has faults" : "\(faulty) files have faults") }
    return parts.joined(separator: ", ")
  }

  private func coloured(_ text: String, _ colour: Int) -> String {
    isColoured ? "\u{1B}[\(colour)m\(text)\u{1B}[0m" : text
  }
}
