import RedisState
import Testing

@Suite("A Redis URL")
struct RedisURLTests {
  @Test("names one server, by default on port 6379 and database 0")
  func single() throws {
    let url = try RedisURL("redis://redis.example")
    #expect(url.topology == .single(.init(host: "redis.example", port: 6379)))
    #expect(url.database == 0 && url.user == nil && url.password == nil && !url.isEncrypted)
    let other = try RedisURL("redis://[::1]:7000/3")
    #expect(other.topology == .single(.init(host: "::1", port: 7000)) && other.database == 3)
  }

  @Test("carries a user and a password, and shows no password")
  func credentials() throws {
    let url = try RedisURL("redis://chat:p%40s%2Fs@host/1")
    #expect(url.user == "chat" && url.password == "p@s/s")
    #expect("\(url)" == "redis://chat@host:6379/1")
    let other = try RedisURL("redis://:secret@host")
    #expect(other.user == nil && other.password == "secret")
    #expect("\(other)" == "redis://host:6379/0")
  }

  @Test("asks for encryption, and whom to trust")
  func encryption() throws {
    let url = try RedisURL("rediss://host:6380/0?ca=/etc/ca.pem")
    #expect(url.isEncrypted && url.authorityFile == "/etc/ca.pem")
    #expect(try RedisURL("rediss+cluster://a").isEncrypted)
  }

  @Test("names Sentinels and their master, or nodes of a cluster")
  func several() throws {
    let url = try RedisURL("redis+sentinel://:s@a,b:7/main/2")
    #expect(
      url.topology == .sentinel([.init(host: "a", port: 26_379), .init(host: "b", port: 7)], master: "main"))
    #expect(url.password == "s" && url.database == 2)
    let cluster = try RedisURL("redis+cluster://a:1,b:2")
    #expect(cluster.topology == .cluster([.init(host: "a", port: 1), .init(host: "b", port: 2)]))
  }

  @Test(
    "says what is wrong with it, without the password",
    arguments: [
      ("redis:host", "begins with redis://"),
      ("http://host", "'http' is no scheme"),
      ("redis+x://host", "'redis+x' is no scheme"),
      ("redis://", "names a host"),
      ("redis://:secret@:1", "names a host"),
      ("redis://host:0", "'0' is no port"),
      ("redis://host:x", "'x' is no port"),
      ("redis://[::1]x", "is no port"),
      ("redis://host/db", "'db' is no number"),
      ("redis://host/1/2", "'1/2' is no number"),
      ("redis://a,b", "several hosts need"),
      ("redis+sentinel://a,b", "names its master"),
      ("redis+cluster://a/1", "one database"),
      ("redis://secret@host", "after a colon"),
      ("redis://:secret%zz@host", "not percent-encoded"),
      ("redis://:secret%4@host", "not percent-encoded"),
      ("redis://host?ca=/x", "needs a rediss://"),
      ("rediss://host?secret=1", "is no option"),
    ])
  func faults(text: String, fault: String) {
    let error = #expect(throws: RedisError.self) { try RedisURL(text) }
    let description = error?.description ?? ""
    #expect(description.contains(fault))
    #expect(!description.contains("secret%") && !description.contains(":secret"))
    #expect(error?.isLasting == true)
  }
}
