import Pipeline

extension AuthConfiguration {
  private static let allAlgorithms = JWSAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")

  /// Reports keys that are missing or too weak, algorithms that are not known, and dubious settings.
  func check(_ report: inout ConfigurationReport) {
    let usable = checkKeys(&report)
    checkAlgorithms(usable, &report)
    if let leeway = leeway?.duration, leeway > .seconds(3600) {
      report.error("'leeway' is at most 1h", key: "leeway")
    }
    if let refresh = jwksRefresh?.duration {
      if jwksURL == nil { report.error("'jwks_refresh' is for 'jwks_url'", key: "jwks_refresh") }
      if refresh < .seconds(1) { report.error("'jwks_refresh' is at least 1s", key: "jwks_refresh") }
    }
    if requireExp == false {
      report.warning("with 'require_exp: false' a token without 'exp' is valid for ever", key: "require_exp")
    }
  }

  /// Checks the keys; gives what they are good for, where that is known.
  private func checkKeys(_ report: inout ConfigurationReport) -> Set<JWSAlgorithm>? {
    let places = keyPlaces
    guard let place = places.first else {
      let keys = CodingKeys.keyPlaces.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      report.error("no key is configured: set one of \(keys)")
      return nil
    }
    for other in places.dropFirst() {
      report.error(
        "'\(place.key.rawValue)' is set already: keys come from one place", key: other.key.rawValue)
    }
    let key = place.key.rawValue
    do throws(KeyFileError) {
      switch place.key {
      case .secretFile: try checkSecrets(place.value, &report)
      case .publicKeyFile: return try publicKeys(place.value, &report).algorithms
      case .jwksFile: return try keySet(place.value, &report).algorithms
      default: checkAddress(place.value, &report)
      }
    } catch {
      report.error(error.description, key: key)
    }
    return place.key == .secretFile ? JWSAlgorithm.shared : nil
  }

  private func checkSecrets(_ path: String, _ report: inout ConfigurationReport) throws(KeyFileError) {
    do throws(KeyFileError) {
      if try SecretFile.read(path).isOpenToOthers {
        report.warning("'\(path)' is open to every user of this machine; chmod 0600 it", key: "secret_file")
      }
    } catch {
      guard error.isMissing, report.setting.mayMakeSecrets else { throw error }
    }
  }

  private func publicKeys(_ path: String, _ report: inout ConfigurationReport) throws(KeyFileError) -> KeySet
  {
    let file = try KeyFile(reading: path)
    warn(of: file, path, "public_key_file", &report)
    return try file.publicKeys(path)
  }

  private func keySet(_ path: String, _ report: inout ConfigurationReport) throws(KeyFileError) -> KeySet {
    let file = try KeyFile(reading: path)
    warn(of: file, path, "jwks_file", &report)
    return try file.keySet(path)
  }

  private func warn(
    of file: KeyFile, _ path: String, _ key: String, _ report: inout ConfigurationReport
  ) {
    guard file.isWritableByOthers else { return }
    report.warning(
      "'\(path)' can be changed by every user of this machine: whoever can, is anybody", key: key)
  }

  private func checkAddress(_ text: String, _ report: inout ConfigurationReport) {
    guard let address = WebAddress(text) else {
      return report.error("'\(text)' is no address such as https://login.example/keys", key: "jwks_url")
    }
    if !address.isEncrypted, !address.isLoopback {
      report.error(
        "'\(text)' is not encrypted: whoever is on the way could put in keys of their own; use https",
        key: "jwks_url")
    }
  }

  private func checkAlgorithms(_ usable: Set<JWSAlgorithm>?, _ report: inout ConfigurationReport) {
    guard let algorithms else { return }
    if algorithms.isEmpty {
      report.error("'algorithms' is empty: no token could be valid", key: "algorithms")
    }
    var known: Set<JWSAlgorithm> = []
    for name in algorithms {
      if let algorithm = JWSAlgorithm(rawValue: name) {
        known.insert(algorithm)
      } else {
        report.error(
          "'\(name)' is no algorithm; known: \(Self.allAlgorithms)", key: "algorithms", item: name)
      }
    }
    if jwksURL != nil, !known.isEmpty, known.isSubset(of: JWSAlgorithm.shared) {
      report.error("a set of public keys is good for none of 'algorithms'", key: "algorithms")
    }
    guard let usable, !usable.isEmpty, !known.isEmpty, known.isDisjoint(with: usable) else { return }
    let names = JWSAlgorithm.allCases.filter(usable.contains).map(\.rawValue).joined(separator: ", ")
    report.error("the keys are good for none of 'algorithms', but for \(names)", key: "algorithms")
  }
}
