import Pipeline

extension FcmConfiguration {
  /// Reports values out of range, credentials that can't be used, and templates that are wrong.
  func check(_ report: inout ConfigurationReport) {
    PushTimes.check(after, ttl, lease, firstBackoff, parallel, &report)
    var faults: [(key: String, message: String)] = []
    _ = FcmTemplates(self) { faults.append(($0, $1)) }
    for fault in faults { report.error(fault.message, key: fault.key) }
    if let endpoint {
      if let address = WebAddress(endpoint) {
        if !address.isEncrypted, !address.isLoopback {
          report.error(
            "'\(endpoint)' is not encrypted: whoever is on the way could read; use https", key: "endpoint")
        }
      } else {
        report.error("'\(endpoint)' is no address such as \(FcmSender.endpoint)", key: "endpoint")
      }
    }
    guard let credentials else {
      return report.warning(
        "push is not configured: without 'credentials' what is due a push is kept, and nothing is sent")
    }
    do throws(KeyFileError) {
      _ = try ServiceAccount(reading: credentials)
      if try KeyFile(reading: credentials).isOpenToOthers {
        report.warning(
          "'\(credentials)' is open to every user of this machine; chmod 0600 it", key: "credentials")
      }
    } catch {
      report.error(error.description, key: "credentials")
    }
  }
}
