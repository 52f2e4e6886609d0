/// A stage that was started. Chains of several generations may have it in common; whoever made it ends it when none of
/// them has events any more.
public final class StageInstance: Sendable {
  /// The stage itself.
  public let stage: any Stage
  let form: StageForm

  /// Takes a stage over, and starts the thread that a ``WorkerStage`` has.
  public init(_ stage: any Stage) {
    self.stage = stage
    form = stage.form()
  }

  /// Ends the stage, after its last event.
  public func shutDown() async {
    await form.end()
    await stage.shutDown()
  }
}
