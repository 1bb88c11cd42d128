#include "net/server_connection.h"

namespace unkai::net {

// Until HTTP/2 is served here the connection ends: a client that was offered only http/1.1 never
// comes.
Task<void> serve_http2(ServerConnection& connection, std::string_view) {
    connection.stream.abort();
    co_return;
}

}  // namespace unkai::net
