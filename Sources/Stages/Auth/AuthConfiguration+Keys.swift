import Logging
import Pipeline
import Services

extension AuthConfiguration.CodingKeys {
  /// The keys of which exactly one says where keys are.
  static let keyPlaces: [Self] = [.secretFile, .publicKeyFile, .jwksFile, .jwksURL]
}

extension AuthConfiguration {
  /// Where keys are, as it is set.
  var keyPlaces: [(key: CodingKeys, value: String)] {
    let values = [secretFile, publicKeyFile, jwksFile, jwksURL]
    return zip(CodingKeys.keyPlaces, values).compactMap { key, value in value.map { (key, $0) } }
  }

  /// The keys, read or fetched.
  ///
  /// - Parameter older: Keys that stay the same where they are among those.
  /// - Throws: `StageStartError` where not exactly one place is set or the process can't fetch, ``KeyFileError`` where
  ///   a file can't be used.
  func keySource(_ context: StageContext, inheriting older: KeySet) async throws -> any KeySource {
    guard keyPlaces.count == 1, let place = keyPlaces.first else {
      throw StageStartError("stage '\(context.name)' needs keys from exactly one place")
    }
    switch place.key {
    case .secretFile:
      // At a reload a file that is missing was taken away: with another secret nobody's token would be good.
      let mayMake = context.predecessor(as: Auth.self) == nil
      let secrets = try Self.secrets(place.value, mayMake: mayMake, context.logger)
      return FixedKeys(KeySet(secrets), inheriting: older)
    case .publicKeyFile:
      return FixedKeys(try KeyFile(reading: place.value).publicKeys(place.value), inheriting: older)
    case .jwksFile:
      return FixedKeys(try KeyFile(reading: place.value).keySet(place.value), inheriting: older)
    default:
      let keys = RemoteKeys(
        place.value, keptFor: jwksRefresh?.duration ?? .seconds(600), try context.require(WebFetcherKey.self),
        try context.scheduler, context.clock, context.logger, inheriting: older)
      await keys.fetch()
      return keys
    }
  }

  private static func secrets(_ path: String, mayMake: Bool, _ logger: Logger)
    throws(KeyFileError) -> [HMACKey]
  {
    do throws(KeyFileError) { return try SecretFile.read(path).secrets.map(HMACKey.init(secret:)) } catch {
      guard error.isMissing, mayMake else { throw error }
      if try SecretFile.makeIfMissing(path) {
        logger.notice("made a random secret for tokens", metadata: ["file": "\(path)"])
      }
      return try SecretFile.read(path).secrets.map(HMACKey.init(secret:))
    }
  }
}

extension KeyFile {
  /// The public keys of a file in PEM.
  ///
  /// - Throws: ``KeyFileError`` where there is none that can be used.
  func publicKeys(_ path: String) throws(KeyFileError) -> KeySet {
    do throws(KeyFault) { return KeySet(try PublicKeyPEM.keys(in: bytes)) } catch {
      throw KeyFileError(path, "can't be used: \(error)")
    }
  }

  /// The public keys of a file that is a JSON Web Key Set.
  ///
  /// - Throws: ``KeyFileError`` where there is none that can be used.
  func keySet(_ path: String) throws(KeyFileError) -> KeySet {
    do throws(KeyFault) { return try KeySet(parsing: bytes) } catch {
      throw KeyFileError(path, "can't be used: \(error)")
    }
  }
}
