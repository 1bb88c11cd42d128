#include "net/buffers.h"

#include <vector>

namespace unkai::net {

namespace {
constexpr size_t most_spare = 32;
thread_local std::vector<std::unique_ptr<char[]>> spare;
}  // namespace

void Buffer::take() {
    if (bytes_) return;
    if (spare.empty()) {
        bytes_ = std::make_unique_for_overwrite<char[]>(buffer_bytes);
        return;
    }
    bytes_ = std::move(spare.back());
    spare.pop_back();
}

void Buffer::release() {
    if (bytes_ && spare.size() < most_spare) spare.push_back(std::move(bytes_));
    bytes_.reset();
}

}  // namespace unkai::net
