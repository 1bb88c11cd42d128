// Box<T>: an optional value on the heap, for types that contain themselves. Copying copies the
// value.
//
// Generated API structs use it where a shape reaches itself (a filter within a filter). It is used
// as std::optional is: empty by default, `if (box)`, `*box`, `box->`, `box = value`, `box.reset()`.
#pragma once

#include <memory>
#include <utility>

#include "base/check.h"

namespace unkai {

template <class T>
class Box {
public:
    Box() = default;
    Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Box(const Box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Box(Box&&) noexcept = default;
    Box& operator=(const Box& other) {
        if (this != &other) value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
        return *this;
    }
    Box& operator=(Box&&) noexcept = default;
    ~Box() = default;

    bool has_value() const { return value_ != nullptr; }
    explicit operator bool() const { return has_value(); }
    const T& operator*() const { return value(); }
    T& operator*() { return value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }
    const T& value() const {
        CHECK(value_ != nullptr, "value() of an empty Box");
        return *value_;
    }
    T& value() {
        CHECK(value_ != nullptr, "value() of an empty Box");
        return *value_;
    }
    T& emplace() {
        value_ = std::make_unique<T>();
        return *value_;
    }
    void reset() { value_.reset(); }

    friend bool operator==(const Box& a, const Box& b) {
        return a.value_ && b.value_ ? *a.value_ == *b.value_ : a.value_ == b.value_;
    }

private:
    std::unique_ptr<T> value_;
};

}  // namespace unkai
