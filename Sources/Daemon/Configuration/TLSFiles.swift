import Glibc
import NIOSSL
import Pipeline

/// `server.tls`: the files of a certificate and its key, in PEM.
struct TLSFiles: Decodable, Sendable, Equatable {
  /// The certificate, followed by those that lead to its issuer.
  var certificate: String
  /// Its private key.
  var key: String

  /// What is wrong with the files, and which key of the configuration it is about.
  struct Fault: Error, CustomStringConvertible {
    let key: String
    let description: String
  }

  /// What is sound, but soon will not be.
  static let warningAhead = Duration.seconds(7 * 24 * 3600)

  /// Reads the files. Blocks while it does.
  ///
  /// - Throws: ``Fault``.
  func load() throws(Fault) -> (context: NIOSSLContext, expiresAt: Timestamp?) {
    let (chain, leaf) = try loadCertificate()
    let privateKey = try loadKey()
    var settings = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    settings.minimumTLSVersion = .tlsv12
    settings.applicationProtocols = ["http/1.1"]
    do {
      return (
        try NIOSSLContext(configuration: settings), Timestamp(milliseconds: Int64(leaf.notValidAfter) * 1000)
      )
    } catch {
      throw Fault(key: "key", description: "'\(key)' is not the key of the certificate in '\(certificate)'")
    }
  }

  /// What is wrong with each of the files by itself. Blocks while it reads them.
  var unusableFiles: [Fault] {
    var faults: [Fault] = []
    do throws(Fault) { _ = try loadCertificate() } catch { faults.append(error) }
    do throws(Fault) { _ = try loadKey() } catch { faults.append(error) }
    return faults
  }

  private func loadCertificate() throws(Fault) -> (chain: [NIOSSLCertificate], leaf: NIOSSLCertificate) {
    let otherwise = "'\(certificate)' holds no certificate in PEM"
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMBytes(try read(certificate, "certificate")) } catch {
      throw Self.fault(error, "certificate", otherwise)
    }
    guard let leaf = chain.first else { throw Fault(key: "certificate", description: otherwise) }
    return (chain, leaf)
  }

  private func loadKey() throws(Fault) -> NIOSSLPrivateKey {
    do { return try NIOSSLPrivateKey(bytes: try read(key, "key"), format: .pem) } catch {
      throw Self.fault(error, "key", "'\(key)' holds no private key in PEM without a passphrase")
    }
  }

  /// Whether users who are neither the key's owner nor of its group may read it.
  var keyIsOpenToOthers: Bool {
    var status = stat()
    return stat(key, &status) == 0 && status.st_mode & 0o007 != 0
  }

  private func read(_ path: String, _ key: String) throws(Fault) -> [UInt8] {
    do throws(FileError) { return try File.read(path, limit: 1 << 20) } catch {
      throw Fault(key: key, description: "'\(path)' \(error.reason)")
    }
  }

  private static func fault(_ error: any Error, _ key: String, _ otherwise: String) -> Fault {
    error as? Fault ?? Fault(key: key, description: otherwise)
  }
}
