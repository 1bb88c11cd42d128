#include "rt/frames.h"

#include <utility>

namespace unkai::frames {

constinit thread_local Kept kept;

void release() noexcept {
    for (Free*& first : kept.first)
        for (Free* free = std::exchange(first, nullptr); free != nullptr;) {
            Free* const next = free->next;
            ::operator delete(free);
            free = next;
        }
    kept.bytes = 0;
}

}  // namespace unkai::frames
