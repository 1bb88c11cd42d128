// Bytes both ways between two streams, until both directions have ended or nothing moved for too
// long. What WebSocket connections become after their upgrade. One buffer a direction, only while
// bytes move.
#pragma once

#include "net/stream.h"

namespace unkai::planes::proxy {

Task<void> tunnel(Loop& loop, net::Stream& client, net::Stream& target, Duration idle);

}  // namespace unkai::planes::proxy
