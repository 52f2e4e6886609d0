/// The devices of a user, oldest first: mostly one, which takes no memory besides.
enum DeviceList: RandomAccessCollection, Sendable {
  case one(Outbox)
  case several([Outbox])

  init(_ devices: some Collection<Outbox> = EmptyCollection()) {
    if devices.count == 1, let device = devices.first {
      self = .one(device)
    } else {
      self = .several(Array(devices))
    }
  }

  var startIndex: Int { 0 }

  var endIndex: Int {
    switch self {
    case .one: 1
    case .several(let devices): devices.count
    }
  }

  subscript(index: Int) -> Outbox {
    switch self {
    case .one(let device): device
    case .several(let devices): devices[index]
    }
  }
}
