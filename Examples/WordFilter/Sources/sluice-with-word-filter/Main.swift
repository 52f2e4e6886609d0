import Daemon
import WordFilter

@main struct Main {
  static func main() async { await Sluice.main(stages: Sluice.standardStages + [WordFilter.self]) }
}
