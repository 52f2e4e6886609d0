import Glibc

/// Where a Swift package is had from: a folder, or a repository and which version of it.
enum PackageSource: Sendable, Equatable {
  case folder(String)
  case repository(String, Version)

  /// Which version of a repository.
  enum Version: Sendable, Equatable {
    /// The newest release.
    case newest
    case release(String)
    case branch(String)
    case revision(String)
  }

  /// What `PATH` or `URL[@VERSION]` names: a version is a release (`1.2.3`), a commit of 40 digits, or else a branch.
  ///
  /// - Throws: `CommandError` where it names no package.
  init(_ text: String) throws {
    guard text.contains("://") || text.hasPrefix("git@") else {
      self = .folder(try Self.folder(text))
      return
    }
    let start = text.hasPrefix("git@") ? text.index(text.startIndex, offsetBy: 4) : text.startIndex
    let lastSlash = text.lastIndex(of: "/") ?? start
    guard let at = text[lastSlash...].lastIndex(of: "@") else {
      self = .repository(try Self.checked(text), .newest)
      return
    }
    let version = try Self.checked(String(text[text.index(after: at)...]))
    self = .repository(try Self.checked(String(text[..<at])), Self.version(version))
  }

  /// The name by which a package's manifest refers to it.
  var identity: String {
    switch self {
    case .folder(let path): return Self.lastPart(of: path)
    case .repository(let address, _):
      let name = Self.lastPart(of: address)
      return name.hasSuffix(".git") ? String(name.dropLast(4)) : name
    }
  }

  /// The dependency as it stands in a manifest.
  var declaration: String {
    switch self {
    case .folder(let path): ".package(path: \(Self.literal(path)))"
    case .repository(let address, .newest):
      ".package(url: \(Self.literal(address)), \"0.0.0\"..<\"1000000.0.0\")"
    case .repository(let address, .release(let version)):
      ".package(url: \(Self.literal(address)), exact: \(Self.literal(version)))"
    case .repository(let address, .branch(let branch)):
      ".package(url: \(Self.literal(address)), branch: \(Self.literal(branch)))"
    case .repository(let address, .revision(let revision)):
      ".package(url: \(Self.literal(address)), revision: \(Self.literal(revision)))"
    }
  }

  /// What packages call Sluice when it is had from here, whatever its folder is called.
  var sluiceName: String { if case .folder = self { "sluice" } else { identity } }

  /// The dependency on Sluice, had from here.
  var sluiceDeclaration: String {
    guard case .folder(let path) = self else { return declaration }
    return ".package(name: \"sluice\", path: \(Self.literal(path)))"
  }

  /// A text as Swift writes it.
  static func literal(_ text: String) -> String {
    "\"" + text.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined() + "\""
  }

  private static func folder(_ text: String) throws -> String {
    guard let resolved = realpath(text, nil) else {
      throw CommandError("there is no folder '\(text)'")
    }
    defer { free(resolved) }
    let path = try checked(String(cString: resolved))
    guard access(path + "/Package.swift", R_OK) == 0 else {
      throw CommandError("'\(text)' is no Swift package: it has no Package.swift")
    }
    return path
  }

  /// What is written into a manifest has no line breaks and the like.
  private static func checked(_ text: String) throws -> String {
    guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw CommandError("a package is named by PATH or URL[@VERSION]")
    }
    return text
  }

  private static func version(_ text: String) -> Version {
    let numbers = text.split(separator: "-", maxSplits: 1)[0].split(
      separator: ".", omittingEmptySubsequences: false)
    if numbers.count == 3, numbers.allSatisfy({ UInt($0) != nil }) { return .release(text) }
    if text.count == 40, text.allSatisfy(\.isHexDigit) { return .revision(text) }
    return .branch(text)
  }

  private static func lastPart(of path: String) -> String {
    path.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? path
  }
}
