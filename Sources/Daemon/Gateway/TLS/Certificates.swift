import NIOSSL
import Pipeline
import Synchronization

/// The certificate that new connections are shown: read from its files at the start and at each reload.
final class Certificates: Sendable {
  private let current: Mutex<NIOSSLContext>

  /// - Throws: ``TLSFiles/Fault`` where the files can't be used.
  init(_ files: TLSFiles) throws(TLSFiles.Fault) { current = Mutex(try files.load().context) }

  /// What a new connection takes. Connections that are open keep what they have.
  var context: NIOSSLContext { current.withLock { $0 } }

  /// Reads files, the same or others; where they can't be used, what there is stays. Blocks while it reads.
  func read(_ files: TLSFiles) -> Result<Void, TLSFiles.Fault> {
    do throws(TLSFiles.Fault) {
      let context = try files.load().context
      current.withLock { $0 = context }
      return .success(())
    } catch {
      return .failure(error)
    }
  }
}
