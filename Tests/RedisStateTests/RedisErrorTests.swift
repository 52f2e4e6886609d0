import RedisState
import Testing

@Test("A fault says what failed")
func faultsAreDescribed() { #expect("\(RedisError("no answer"))" == "no answer") }
