// Concurrency: how many invocations run, and which may start. Control loop only.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
// A function with reserved concurrency has that much for itself; all others of an account and
// region share what is not reserved of 1,000.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "services/lambda/names.h"

namespace unkai::services::lambda {

class Gate {
public:
    // A place for one invocation; gives it back when it goes.
    class Pass {
    public:
        Pass() = default;
        Pass(Pass&& other) noexcept
            : gate_(std::exchange(other.gate_, nullptr)),
              place_(std::move(other.place_)),
              name_(std::move(other.name_)),
              reserved_(other.reserved_) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass();

    private:
        friend class Gate;
        Gate* gate_ = nullptr;
        Place place_;
        std::string name_;
        bool reserved_ = false;
    };

    // `reserved` of the function, `reserved_sum` of all of the place. Error:
    // TooManyRequestsException with its Reason.
    Result<Pass> enter(const Place& place, const std::string& name, std::optional<int64_t> reserved,
                       int64_t reserved_sum);
    int64_t running(const Place& place, const std::string& name) const;
    int64_t running(const Place& place) const;

private:
    struct Count {
        int64_t all = 0, shared = 0;  // `shared`: of functions that have nothing reserved.
    };
    std::map<std::pair<Place, std::string>, int64_t> functions_;
    std::map<Place, Count> places_;
};

// The answer to what may not run now.
Error too_many_requests(std::string reason);

}  // namespace unkai::services::lambda
