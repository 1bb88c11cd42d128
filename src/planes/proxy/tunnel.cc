#include "planes/proxy/tunnel.h"

#include "net/buffers.h"

namespace unkai::planes::proxy {

namespace {

struct Shared {
    Loop& loop;
    Duration idle;
    Steady last;  // When bytes moved, in any direction.
    Stop stop;
};

// One direction, to the end of `from`.
Task<bool> pump(Shared& shared, net::Stream& from, net::Stream& to) {
    net::Buffer buffer;
    while (from.open() && to.open()) {
        buffer.take();
        const net::Moved moved = from.try_read(buffer.data(), net::buffer_bytes);
        if (moved.kind == net::Moved::Kind::would_block) {
            buffer.release();
            const Wake why = co_await from.wait_readable(shared.last + shared.idle, &shared.stop);
            // The other direction may have moved meanwhile.
            if (why == Wake::stopped ||
                (why == Wake::timed_out && shared.loop.steady() >= shared.last + shared.idle))
                co_return false;
            continue;
        }
        if (moved.kind == net::Moved::Kind::end) {
            to.shut_down_writing();
            co_return true;
        }
        if (moved.kind != net::Moved::Kind::moved) co_return false;
        shared.last = shared.loop.steady();
        if (!co_await to.write({buffer.data(), moved.bytes}, shared.last + shared.idle,
                               &shared.stop))
            co_return false;
    }
    co_return false;
}

Task<void> pump_or_stop(Shared& shared, net::Stream& from, net::Stream& to) {
    // A broken direction ends the other one, too; a finished one lets it go on.
    if (!co_await pump(shared, from, to)) shared.stop.request();
}

}  // namespace

Task<void> tunnel(Loop& loop, net::Stream& client, net::Stream& target, Duration idle) {
    Shared shared{loop, idle, loop.steady(), {}};
    Scope scope;
    scope.spawn(pump_or_stop(shared, client, target));
    scope.spawn(pump_or_stop(shared, target, client));
    co_await scope.join();
}

}  // namespace unkai::planes::proxy
