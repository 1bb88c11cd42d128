#include <arpa/inet.h>

#include "base/strings.h"
#include "services/cloudformation/evaluate.h"

namespace unkai::services::cloudformation {

namespace {

using Wide = unsigned __int128;

struct Block {
    Wide address = 0;
    int prefix = 0;
    int width = 32;  // Bits of an address.
};

std::optional<Block> parse_block(std::string_view text) {
    const auto [address_text, prefix_text] = split_once(text, '/');
    const auto prefix = parse_uint(prefix_text);
    unsigned char bytes[16];
    Block block;
    const bool v6 = address_text.find(':') != address_text.npos;
    block.width = v6 ? 128 : 32;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, std::string(address_text).c_str(), bytes) != 1)
        return std::nullopt;
    if (!prefix || *prefix > static_cast<uint64_t>(block.width)) return std::nullopt;
    for (int i = 0; i < block.width / 8; ++i) block.address = block.address << 8 | bytes[i];
    block.prefix = static_cast<int>(*prefix);
    const int host = block.width - block.prefix;
    block.address = host == 128 ? 0 : block.address >> host << host;
    return block;
}

std::string text_of(const Block& block) {
    unsigned char bytes[16];
    for (int i = block.width / 8 - 1, shift = 0; i >= 0; --i, shift += 8)
        bytes[i] = static_cast<unsigned char>(block.address >> shift);
    char text[INET6_ADDRSTRLEN];
    inet_ntop(block.width == 128 ? AF_INET6 : AF_INET, bytes, text, sizeof text);
    return std::string(text) + "/" + std::to_string(block.prefix);
}

}  // namespace

Result<std::vector<std::string>> divide_cidr(std::string_view text, int64_t count, int64_t bits) {
    const auto block = parse_block(text);
    if (!block)
        return validation_error("Template error: Fn::Cidr: " + std::string(text) +
                                " is not a CIDR block");
    if (count < 1 || count > 256)
        return validation_error(
            "Template error: Fn::Cidr: the count must be between 1 and 256, not " +
            std::to_string(count));
    const int prefix = block->width - static_cast<int>(std::clamp<int64_t>(bits, 0, 128));
    if (bits < 1 || prefix < block->prefix)
        return validation_error("Template error: Fn::Cidr: " + std::to_string(bits) +
                                " subnet bits do not fit into " + std::string(text));
    const int spare = prefix - block->prefix;  // 2^spare blocks fit.
    if (spare < 16 && count > int64_t{1} << spare)
        return validation_error("Template error: Fn::Cidr: " + std::string(text) +
                                " cannot be divided into " + std::to_string(count) + " blocks of " +
                                std::to_string(bits) + " bits");
    std::vector<std::string> blocks;
    for (int64_t i = 0; i < count; ++i) {
        const Wide step = bits >= 128 ? 0 : static_cast<Wide>(i) << bits;
        blocks.push_back(text_of({block->address + step, prefix, block->width}));
    }
    return blocks;
}

}  // namespace unkai::services::cloudformation
