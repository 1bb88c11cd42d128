// Buffers of 64 KiB, kept per thread: bodies move in pieces of that size (half the CPU per MiB of
// small ones), and idle connections hold none. Untouched pages cost nothing.
#pragma once

#include <cstddef>
#include <memory>

namespace unkai::net {

constexpr size_t buffer_bytes = 64 * 1024;

class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept : bytes_(std::move(other.bytes_)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            release();
            bytes_ = std::move(other.bytes_);
        }
        return *this;
    }
    ~Buffer() { release(); }

    void take();     // Does nothing when it has one.
    void release();  // At most 32 are kept for the thread's next take().
    explicit operator bool() const { return bytes_ != nullptr; }
    char* data() { return bytes_.get(); }

private:
    std::unique_ptr<char[]> bytes_;
};

}  // namespace unkai::net
