// Call: one API call on its way through a service. A value, not a locator: who calls, where, when,
// the transaction of the operation, and the streams of its bodies.
//
// Operations come in two kinds (the service's .ops file says which):
// - plain: `Result<Out> Op(Call&, const In&)`. Reads and writes call.txn(). The dispatcher commits
// when the
//   operation returns a value, waits until that is durable, then runs what after_commit() was
//   given. It never waits, so it never conflicts, and needs no lock.
// - async: `Task<Result<Out>> Op(Call&, const In&)`, for what must wait (bodies, planes). It may
// use txn()
//   in the same way (the dispatcher commits what is left at the end), and commit() in between.
// An operation that fails leaves nothing behind: its transaction is dropped, after_commit() with
// it. When a commit conflicts, the dispatcher runs the operation again; operations have no retry
// loops.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "rt/env.h"
#include "store/store.h"
#include "wire/headers.h"

namespace unkai::aws {

// Who calls. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
struct Principal {
    enum class Kind { root, user, assumed_role, service, anonymous };
    Kind kind = Kind::anonymous;
    std::string account;
    std::string arn;      // arn:aws:iam::…:root, …:user/ada, arn:aws:sts::…:assumed-role/r/session
    std::string user_id;  // AIDA…, AROA…:session, or the account of the root user
    std::string access_key_id;  // Empty for services and anonymous.
    std::string service;        // ecs.amazonaws.com, for Kind::service.
    bool operator==(const Principal&) const = default;
    void fields(auto& field) {
        field(1, kind);
        field(2, account);
        field(3, arn);
        field(4, user_id);
        field(5, access_key_id);
        field(6, service);
    }
};

// A body that is pulled, piece by piece, with back-pressure to whoever sends it.
class BodyReader {
public:
    virtual ~BodyReader() = default;
    // The next bytes (at most 64 KiB), empty at the end. Valid until the next call.
    // Errors: the sender broke off, was too slow, or a signature or checksum does not hold.
    virtual Task<Result<std::string_view>> read() = 0;
    // The length when it is known beforehand (after decoding aws-chunked).
    virtual std::optional<uint64_t> length() const = 0;
    // Trailing headers by lower-case name, after the end was read (x-amz-checksum-…).
    virtual std::vector<std::pair<std::string, std::string>> trailers() const { return {}; }
};

// A body that is there already.
class TextBody final : public BodyReader {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    Task<Result<std::string_view>> read() override;
    std::optional<uint64_t> length() const override { return text_.size(); }

private:
    std::string text_;
    size_t at_ = 0;
};

// What a caller through HTTP said besides the modelled members. Empty for calls in process.
// Views of the request, which lives as long as its Call.
struct HttpContext {
    std::string_view method;
    std::string_view host;
    const wire::Headers* headers = nullptr;
    bool secure = false;
    std::optional<std::string_view> header(std::string_view name) const {
        return headers == nullptr ? std::nullopt : headers->get(name);
    }
};

class Call {
public:
    Call(Env& environment, store::Store& state)
        : env(environment), store(state), now(environment.now()) {}
    Call(const Call&) = delete;

    Env& env;
    store::Store& store;
    Time now;  // The same for the whole call.
    std::string account;
    std::string region;
    std::string request_id;
    Principal principal;
    std::string source_address;
    HttpContext http;
    std::unique_ptr<BodyReader> request_body;   // Of operations that stream their input.
    std::unique_ptr<BodyReader> response_body;  // Set by operations that stream their output.
    // Headers beyond the modelled ones, added to the answer.
    std::vector<std::pair<std::string, std::string>> response_headers;

    // The transaction of this operation; begun at first use.
    store::Txn& txn() {
        if (!txn_) txn_.emplace(store.begin());
        return *txn_;
    }
    // Runs when what txn() wrote is durable, in order, on the control loop. It must not throw or
    // wait.
    void after_commit(std::function<void()> action) { actions_.push_back(std::move(action)); }
    bool has_to_commit() const { return txn_.has_value() || !actions_.empty(); }
    // For async operations: commits what txn() has and runs the actions; the next txn() begins
    // anew.
    Task<Status> commit();
    // Drops transaction and actions (the operation failed, or runs again).
    void abandon();

    // arn:aws:<service>:<region>:<account>:<resource>
    std::string arn(std::string_view service, std::string_view resource) const;

private:
    std::optional<store::Txn> txn_;
    std::vector<std::function<void()>> actions_;
};

}  // namespace unkai::aws
