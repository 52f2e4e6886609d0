import Glibc

/// Where the source of this daemon is, for packages that depend on it.
enum SluiceSource {
  /// The source that a command was given, or else that which this program was built from.
  ///
  /// - Throws: `CommandError` where none is to be found.
  static func find(_ given: String?, environment: [String: String]) throws -> PackageSource {
    if let given = given ?? environment["SLUICE_SOURCE"] { return try PackageSource(given) }
    for start in [program, "."].compactMap({ $0 }) {
      if let folder = checkout(around: start) { return .folder(folder) }
    }
    throw CommandError(
      "where Sluice's source is, is not known: name it by --sluice PATH or URL[@VERSION], or by SLUICE_SOURCE"
    )
  }

  /// The folder above a path that holds the source.
  static func checkout(around path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    var folder = Substring(String(cString: resolved))
    while !folder.isEmpty {
      if isCheckout(String(folder)) { return String(folder) }
      folder = folder.prefix(upTo: folder.lastIndex(of: "/") ?? folder.startIndex)
    }
    return nil
  }

  private static func isCheckout(_ folder: String) -> Bool {
    access("\(folder)/Sources/Pipeline/Stage/Stage.swift", R_OK) == 0
      && access("\(folder)/Package.swift", R_OK) == 0
  }

  private static var program: String? { realpath("/proc/self/exe", nil).map(String.init(taking:)) }
}

extension String {
  /// The text of a C string that is the caller's, and freed.
  fileprivate init(taking text: UnsafeMutablePointer<CChar>) {
    self = String(cString: text)
    free(text)
  }
}
