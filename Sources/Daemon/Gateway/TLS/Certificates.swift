import Logging
import NIOSSL
import Pipeline
import Synchronization

/// The certificate that new connections are shown: read from its files at the start and whenever the operator says.
final class Certificates: Sendable {
  private let files: TLSFiles
  private let current: Mutex<NIOSSLContext>

  /// - Throws: ``TLSFiles/Fault`` where the files can't be used.
  init(_ files: TLSFiles) throws(TLSFiles.Fault) {
    self.files = files
    current = Mutex(try files.load().context)
  }

  /// What a new connection takes. Connections that are open keep what they have.
  var context: NIOSSLContext { current.withLock { $0 } }

  /// Reads the files again; where they can't be used, what there is stays. Blocks while it reads.
  func reload(_ logger: Logger) {
    do throws(TLSFiles.Fault) {
      let (context, expiresAt) = try files.load()
      current.withLock { $0 = context }
      logger.notice(
        "read the certificate again", metadata: ["expires": "\(expiresAt.map(\.description) ?? "never")"])
    } catch {
      logger.error("can't read the certificate again; the old one stays", metadata: ["error": "\(error)"])
    }
  }
}
