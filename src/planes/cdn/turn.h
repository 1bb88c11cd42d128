// One viewer's request under way, and its way to an origin. Inside of planes/cdn only.
#pragma once

#include "planes/cdn/edge.h"

namespace unkai::planes::cdn {

using EntryPtr = std::shared_ptr<const Entry>;

// One request under way. Lives on the stack of Edge::handle.
struct Turn {
    Edge& edge;
    net::Exchange& exchange;
    std::shared_ptr<const Distribution> distribution;
    const Behavior* behavior = nullptr;
    const Origin* origin = nullptr;
    std::string host, path, id;
    Viewer viewer;
    Coding coding = Coding::identity;
    std::string key;
    bool cacheable = false;

    Time now() const { return edge.loop.now(); }
};

class ViewerBody final : public net::BodySource {
public:
    explicit ViewerBody(net::Exchange& exchange) : exchange_(exchange) {}
    Task<Result<std::string_view>> next() override { return exchange_.read(); }

private:
    net::Exchange& exchange_;
};

// What came back from an origin: a response under way, or why there is none.
struct Fetch {
    std::unique_ptr<ViewerBody> body;  // May still be on its way: it outlives the response.
    net::Response response;
    int failed = 0;  // 502, 504: no response could be had.
    std::string why;
};

struct Question {
    std::string_view method;
    std::string target;
    net::Headers headers;
    bool with_body = false;
};

// What to ask the origin; with `stale`, only whether that still holds.
Question make_question(Turn& turn, const EntryPtr& stale);
// Asks, on as many addresses as the origin allows attempts.
Task<Fetch> ask_origin(Turn& turn, const Question& question);
// All but what belongs to the connection.
void copy_headers(const net::Headers& from, net::Headers& to);

}  // namespace unkai::planes::cdn
