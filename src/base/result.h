// Result<T>: a value or an Error. The only way in which something expected goes wrong here.
//
// One Error type serves the whole program: `code` is a stable word (AWS's code where the error
// reaches an AWS client), `message` a sentence for a person with the fix, `status` the HTTP status
// it becomes. Services make AWS errors by the generated factories (api/<service>/errors.h), planes
// by fail().
//
//     Result<int> parse(std::string_view text);
//     Result<int> twice(std::string_view text) {
//         TRY(int value, parse(text));       // returns the error onwards
//         return value * 2;
//     }
//
// In a coroutine use CO_TRY and CO_REQUIRE; for a Status (Result<void>) REQUIRE.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"

namespace unkai {

struct Error {
    std::string code;
    std::string message;
    int status = 500;
    // Further members of AWS's error shape, by their wire names (for example BucketName).
    std::vector<std::pair<std::string, std::string>> fields;

    bool is(std::string_view wanted) const { return code == wanted; }
    bool sender_fault() const { return status < 500; }
    Error with(std::string name, std::string value) && {
        fields.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
};

// An error on its way into a Result of any type.
struct Unexpected {
    Error error;
};

inline Unexpected unexpected(Error error) { return Unexpected{std::move(error)}; }

// Errors of planes and tools: code, sentence, and the status it has when it reaches an API client.
inline Unexpected fail(std::string code, std::string message, int status = 500) {
    return Unexpected{Error{std::move(code), std::move(message), status, {}}};
}

template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    template <class U>
        requires(std::is_constructible_v<T, U &&> && std::is_convertible_v<U &&, T> &&
                 !std::is_same_v<std::remove_cvref_t<U>, T> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Unexpected> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Error>)
    Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    Result(Unexpected failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(value()); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& value() & {
        CHECK(has_value(), "value() of a failed Result");
        return *std::get_if<0>(&state_);
    }
    const T& value() const& {
        CHECK(has_value(), "value() of a failed Result");
        return *std::get_if<0>(&state_);
    }
    T&& value() && { return std::move(value()); }
    T value_or(T other) && { return has_value() ? std::move(value()) : std::move(other); }

    Error& error() {
        CHECK(!has_value(), "error() of a good Result");
        return *std::get_if<1>(&state_);
    }
    const Error& error() const {
        CHECK(!has_value(), "error() of a good Result");
        return *std::get_if<1>(&state_);
    }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Unexpected failure) : error_(std::make_unique<Error>(std::move(failure.error))) {}
    Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}

    bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    Error& error() {
        CHECK(error_ != nullptr, "error() of a good Status");
        return *error_;
    }
    const Error& error() const {
        CHECK(error_ != nullptr, "error() of a good Status");
        return *error_;
    }

private:
    std::unique_ptr<Error> error_;
};

using Status = Result<void>;
inline Status ok() { return {}; }

}  // namespace unkai

#define UNKAI_JOIN2(a, b) a##b
#define UNKAI_JOIN(a, b) UNKAI_JOIN2(a, b)

#define UNKAI_TRY(ret, temp, declaration, expression)     \
    auto temp = (expression);                             \
    if (!temp) [[unlikely]]                               \
        ret ::unkai::unexpected(std::move(temp.error())); \
    declaration = std::move(*temp)

// TRY(declaration, expression): the value, or return the error.
#define TRY(declaration, ...) \
    UNKAI_TRY(return, UNKAI_JOIN(try_, __COUNTER__), declaration, (__VA_ARGS__))
#define CO_TRY(declaration, ...) \
    UNKAI_TRY(co_return, UNKAI_JOIN(try_, __COUNTER__), declaration, (__VA_ARGS__))

// REQUIRE(expression): go on if it went well, return the error otherwise. The value is dropped.
#define REQUIRE(...)                                                 \
    do {                                                             \
        if (auto require_ = (__VA_ARGS__); !require_) [[unlikely]]   \
            return ::unkai::unexpected(std::move(require_.error())); \
    } while (0)
#define CO_REQUIRE(...)                                                 \
    do {                                                                \
        if (auto require_ = (__VA_ARGS__); !require_) [[unlikely]]      \
            co_return ::unkai::unexpected(std::move(require_.error())); \
    } while (0)
