// Where the frames of coroutines lie: a free list for each size, each thread its own.
//
// An operation is some fifteen coroutines, and the frames of the outer ones are larger than what
// malloc keeps at hand. A thread keeps at most `most_kept` bytes; what is larger than `largest` is
// malloc's. A frame may be freed by another thread than took it. Under AddressSanitizer every frame
// is malloc's, so that the use of a freed one shows.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace unkai::frames {

inline constexpr size_t step = 64;
inline constexpr size_t largest = 16 * 1024;  // The compiler puts frames into their caller's.
inline constexpr size_t most_kept = 256 * 1024;

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool pooled = false;
#elif defined(__has_feature)
inline constexpr bool pooled = !__has_feature(address_sanitizer);
#else
inline constexpr bool pooled = true;
#endif

struct Free {
    Free* next;
};

struct Kept {
    std::array<Free*, largest / step> first{};
    size_t bytes = 0;
};

extern constinit thread_local Kept kept;

inline void* take(size_t bytes) {
    if (!pooled || bytes > largest) return ::operator new(bytes);
    const size_t index = (bytes - 1) / step;
    Free* const free = kept.first[index];
    if (free == nullptr) return ::operator new((index + 1) * step);
    kept.first[index] = free->next;
    kept.bytes -= (index + 1) * step;
    return free;
}

inline void give(void* frame, size_t bytes) noexcept {
    const size_t index = (bytes - 1) / step;
    const size_t size = (index + 1) * step;
    if (!pooled || bytes > largest || kept.bytes + size > most_kept)
        return ::operator delete(frame);
    kept.bytes += size;
    kept.first[index] = ::new (frame) Free{kept.first[index]};
}

// Frees what this thread keeps, before it ends.
void release() noexcept;

}  // namespace unkai::frames
