public import Pipeline
import Stages

/// The daemon: what a `main` starts, with the stages that it knows.
///
/// ```swift
/// import Daemon
///
/// @main struct Main {
///   static func main() async { await Sluice.main(stages: Sluice.standardStages + [WordFilter.self]) }
/// }
/// ```
public enum Sluice {
  /// The version of this daemon.
  public static let version = "0.1.0"

  /// The stages that come with the daemon.
  public static var standardStages: [any Stage.Type] { StandardStages.all }

  /// Runs the command line and ends the process with its exit code.
  ///
  /// - Parameter stages: The stages that `pipeline.yaml` may name.
  public static func main(stages: [any Stage.Type] = standardStages) async {
    await CommandLineTool.run(StageRegistry(stages))
  }
}
