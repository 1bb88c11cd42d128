// Result<T>: a value or an Error. The only way in which something expected goes wrong here.
//
//     Result<int> parse(std::string_view text);
//     Result<int> twice(std::string_view text) {
//         TRY(int value, parse(text));       // returns the error onwards
//         return value * 2;
//     }
//
// In a coroutine use CO_TRY and CO_REQUIRE; for a Status (Result<void>) REQUIRE.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace unkai {

template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : good_(true) { new (&value_) T(std::move(value)); }
    template <class U>
        requires(!std::is_same_v<std::remove_cvref_t<U>, T> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Unexpected> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Error> && std::is_convertible_v<U &&, T>)
    Result(U&& value) : good_(true) {
        new (&value_) T(std::forward<U>(value));
    }
    Result(Unexpected failure) : error_(std::move(failure.error)) {}
    Result(Error error) : error_(std::move(error)) {}
    Result(const Result& other) : error_(other.error_), good_(other.good_) {
        if (good_) new (&value_) T(other.value_);
    }
    Result(Result&& other) noexcept : error_(std::move(other.error_)), good_(other.good_) {
        if (good_) new (&value_) T(std::move(other.value_));
    }
    Result& operator=(Result other) noexcept {
        if (good_) value_.~T();
        error_ = std::move(other.error_);
        good_ = other.good_;
        if (good_) new (&value_) T(std::move(other.value_));
        return *this;
    }
    ~Result() {
        if (good_) value_.~T();
    }

    bool has_value() const { return good_; }
    explicit operator bool() const { return good_; }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(value()); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& value() & {
        CHECK(good_, "value() of a failed Result");
        return value_;
    }
    const T& value() const& {
        CHECK(good_, "value() of a failed Result");
        return value_;
    }
    T&& value() && { return std::move(value()); }
    T value_or(T other) && { return good_ ? std::move(value_) : std::move(other); }

    Error& error() {
        CHECK(error_, "error() of a good Result");
        return *error_;
    }
    const Error& error() const {
        CHECK(error_, "error() of a good Result");
        return *error_;
    }
    // Takes the error out, to return it onwards.
    Unexpected failure() { return Unexpected{std::move(error_)}; }

private:
    ErrorBox error_;
    bool good_ = false;  // Not the same as "no error": a failed Result may be moved from.
    // Not std::variant: a thousand types are returned, and each would cost its machinery.
    union {
        T value_;
    };
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Unexpected failure) : error_(std::move(failure.error)) {}
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    Error& error() {
        CHECK(error_, "error() of a good Status");
        return *error_;
    }
    const Error& error() const {
        CHECK(error_, "error() of a good Status");
        return *error_;
    }
    Unexpected failure() { return Unexpected{std::move(error_)}; }

private:
    ErrorBox error_;
};

using Status = Result<void>;
inline Status ok() { return {}; }

}  // namespace unkai

#define UNKAI_JOIN2(a, b) a##b
#define UNKAI_JOIN(a, b) UNKAI_JOIN2(a, b)

#define UNKAI_TRY(ret, temp, declaration, expression) \
    auto temp = (expression);                         \
    if (!temp) [[unlikely]]                           \
        ret temp.failure();                           \
    declaration = std::move(*temp)

// TRY(declaration, expression): the value, or return the error.
#define TRY(declaration, ...) \
    UNKAI_TRY(return, UNKAI_JOIN(try_, __COUNTER__), declaration, (__VA_ARGS__))
#define CO_TRY(declaration, ...) \
    UNKAI_TRY(co_return, UNKAI_JOIN(try_, __COUNTER__), declaration, (__VA_ARGS__))

// REQUIRE(expression): go on if it went well, return the error otherwise. The value is dropped.
#define REQUIRE(...)                                               \
    do {                                                           \
        if (auto require_ = (__VA_ARGS__); !require_) [[unlikely]] \
            return require_.failure();                             \
    } while (0)
#define CO_REQUIRE(...)                                            \
    do {                                                           \
        if (auto require_ = (__VA_ARGS__); !require_) [[unlikely]] \
            co_return require_.failure();                          \
    } while (0)
