import Pipeline

/// The stages of this module: by this name `sluice build` finds them.
public let stages: [any Stage.Type] = [LinkPolicy.self]
