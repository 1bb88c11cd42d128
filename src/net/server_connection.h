// One connection of a Server, from accept to close: is it TLS, is it HTTP/2, and who serves it
// then. Internal to net/.
#pragma once

#include "net/buffers.h"
#include "net/server.h"

namespace unkai::net {

class ServerConnection {
public:
    ServerConnection(Server& server, Io io, const Address& peer);
    ~ServerConnection();
    ServerConnection(const ServerConnection&) = delete;

    // The connection's whole life.
    static Task<void> serve(Server& server, Io io, Address peer);
    void cut() { stream.abort(); }

    Loop& loop() { return server.loop_; }
    const Limits& limits() const { return server.options_.limits; }
    Stop& draining() { return server.stop_; }
    ServerCounters& counters() { return server.counters_; }
    // Waits for bytes of a request. One that may be under way when draining begins has a second
    // more: a client that has just connected cannot know.
    Task<Wake> wait_for_request(Steady deadline);
    // Deadlines of this moment.
    Steady in(Duration length) { return server.loop_.steady() + length; }

    Server& server;
    Stream stream;
    Peer peer;
    const Steady expires;  // No new request afterwards.

private:
    Task<Status> detect_tls();
    std::list<ServerConnection*>::iterator place_;
};

// Serve the connection until it ends. What HTTP/1's reader has read so far tells that it is HTTP/2.
Task<void> serve_http1(ServerConnection& connection);
Task<void> serve_http2(ServerConnection& connection, std::string_view first_bytes);

// "HTTP/1.1 200 OK\r\nDate: …\r\n" and the fields, but for those that are the server's own and
// those that would split the response.
void write_response_head(std::string& out, Loop& loop, int status, const Headers& headers);
std::string_view date_of_now(Loop& loop);
bool is_servers_own(std::string_view name);

}  // namespace unkai::net
