// The front door: every AWS API call comes through here. FrontDoor::handle is the life of a call,
// top to bottom: host and origin → other hosts' handlers → which service → admit → body → signature
// → decode and validate → run → encode.
//
// What is not an AWS call:
// - hosts and paths that a HostHandler wants (ECR's /v2/, load balancers' and distributions' names
// …);
// - /_unkai/health and /_localstack/health: GET, read only, for harnesses that wait;
// - /_unkai/<verb>: control, by POST with the control token and application/json only.
//
// Security (facts: 20 rules): the Host allow-list comes before everything; a foreign Origin is
// refused for every method; signatures are verified on every call that AWS does not take unsigned.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "aws/credentials.h"
#include "aws/dispatcher.h"
#include "aws/protocol/protocol.h"
#include "aws/signing_keys.h"
#include "aws/sigv2.h"
#include "net/server.h"
#include "rt/event.h"

namespace unkai::aws {

// Somebody else's host names or paths on the same port. Asked in the order of adding, before AWS
// routing.
class HostHandler {
public:
    virtual ~HostHandler() = default;
    // `host` lower case without port, `path` as sent.
    virtual bool wants(std::string_view host, std::string_view path) const = 0;
    virtual Task<void> handle(net::Exchange& exchange) = 0;
};

// What browsers ask S3 before and beside a request; the S3 service answers from the bucket's rules.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
class CrossOrigin {
public:
    virtual ~CrossOrigin() = default;
    struct Question {
        std::string bucket;
        std::string_view origin;
        std::string_view method;           // The one that is asked for.
        std::string_view request_headers;  // Access-Control-Request-Headers
        bool preflight = false;
    };
    // Adds the fields that allow it; false when no rule does.
    virtual bool allow(const Question& question, wire::Headers& headers) = 0;
};

struct FrontDoorOptions {
    std::string version;
    std::string region = "us-east-1";    // Of calls that name none.
    std::vector<std::string> own_hosts;  // Beside the loopback and AWS names (aws/hosts.h).
    std::string control_token;
    size_t most_calls = 2048;       // At the same time; more get 503 SlowDown/ServiceUnavailable.
    uint64_t most_body = 16 << 20;  // Of calls that do not stream.
};

// A control verb: takes the body (JSON), answers JSON.
using Control = std::function<Task<Result<std::string>>(std::string body)>;

class FrontDoor final : public net::Handler {
public:
    FrontDoor(Dispatcher& dispatcher, const Credentials& credentials, FrontDoorOptions options)
        : dispatcher_(dispatcher), credentials_(credentials), options_(std::move(options)) {}

    void add_host(HostHandler& handler) { hosts_.push_back(&handler); }
    void add_control(std::string verb, Control control) {
        controls_[std::move(verb)] = std::move(control);
    }
    // Calls of that service may have larger bodies than Options::most_body; `error` is the answer
    // to what is larger still.
    void allow_body(std::string service, uint64_t most, Error error) {
        bodies_[std::move(service)] = {most, std::move(error)};
    }
    void set_cross_origin(CrossOrigin& cross_origin) { cross_origin_ = &cross_origin; }

    Task<void> handle(net::Exchange& exchange) override;

    // While the program starts: health answers, and signed calls of services that are there run.
    // Everything else waits for release(), at most half a minute; with `works` false it is refused.
    void hold() { held_ = true; }
    void release(bool works = true);

    // Further names that the front door answers (a public address that was given to us).
    void allow_host(std::string host) { options_.own_hosts.push_back(std::move(host)); }
    size_t calls() const { return calls_; }  // Under way.

private:
    struct Request;  // One call under way (front_door.cc).

    Task<void> serve(net::Exchange& exchange, std::string_view host);
    bool may_pass_early(net::Exchange& exchange) const;
    Task<bool> wait_for_release(net::Exchange& exchange);
    Task<void> health(net::Exchange& exchange);
    Task<void> control(net::Exchange& exchange);
    Task<void> api(net::Exchange& exchange, std::string_view host);
    Task<Status> prepare(Request& request);
    Task<Status> run(Request& request);
    Task<Status> read_body(Request& request);
    Status authenticate(Request& request);
    Task<Status> note_key_use(Request& request);
    const BoundService* find_service(const Request& request) const;
    Status authenticate_old_form(Request& request, const sigv2::Claim& claim);
    void attach_upload(Request& request);
    Task<void> answer(Request& request, Status status);
    Task<void> answer_head(Request& request, const protocol::WireResponse& response);
    Task<void> answer_stream(Request& request);
    bool may_cross_origin(Request& request);

    Dispatcher& dispatcher_;
    const Credentials& credentials_;
    FrontDoorOptions options_;
    std::vector<HostHandler*> hosts_;
    std::map<std::string, Control, std::less<>> controls_;
    std::map<std::string, std::pair<uint64_t, Error>, std::less<>> bodies_;  // By service.
    CrossOrigin* cross_origin_ = nullptr;
    SigningKeys signing_keys_;
    size_t calls_ = 0;
    bool held_ = false;
    bool refusing_ = false;
    Event released_;
};

}  // namespace unkai::aws
