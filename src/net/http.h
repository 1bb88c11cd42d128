// What HTTP's server and client share: the words for messages, bodies, and errors.
//
// A body is a sequence of pieces that the receiver pulls; not pulling is the back-pressure, down to
// the sender's TCP window. An empty piece is the end. A piece is a view that is valid until the
// next pull.
//
// Error codes that reads and writes answer (Error::code):
//   ConnectionClosed   the peer is gone, or the stream was reset
//   ConnectionTimeout  nothing moved for as long as the limit says (status 408 towards a client)
//   BadMessage         the peer broke the protocol (400)
//   BodyTooLarge       more than the limit (413)
//   ShuttingDown       this side ends
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rt/task.h"
#include "wire/headers.h"
#include "wire/http1.h"

namespace unkai::net {

using wire::Headers;
using wire::RequestHead;
using wire::ResponseHead;

// Pieces of a body, pulled. Implemented by who has the bytes.
class BodySource {
public:
    virtual ~BodySource() = default;
    virtual Task<Result<std::string_view>> next() = 0;
};

// GET, HEAD, OPTIONS, TRACE, PUT, DELETE: sending it twice does what sending it once does (RFC
// 9110, 9.2.2).
bool is_idempotent(std::string_view method);

// Headers that belong to one connection and that a proxy does not pass on (RFC 9110, 7.6.1), those
// named by `Connection` excepted: Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding,
// Upgrade, and Proxy-Authenticate and Proxy-Authorization are not hop-by-hop for us.
bool is_hop_by_hop(std::string_view name);

// "example.com:8080" → "example.com"; "[::1]:80" → "[::1]". No validation.
std::string_view host_of(std::string_view authority);
// The port written in it; 0 if none or nonsense.
uint16_t port_of(std::string_view authority);

}  // namespace unkai::net
