#include "planes/dns/cache.h"

namespace unkai::planes::dns {

using wire::dns::Code;
using wire::dns::Message;
using wire::dns::Name;
using wire::dns::Record;
using wire::dns::Type;

namespace {

constexpr uint32_t longest = 3600;

// Seconds that a response may be kept.
uint32_t lifetime(const Message& response) {
    if (response.truncated ||
        (response.code != Code::no_error && response.code != Code::name_error))
        return 0;
    uint32_t least = longest;
    for (const Record& record : response.answers) least = std::min(least, record.ttl);
    if (response.code == Code::no_error && !response.answers.empty()) return least;
    for (const Record& record : response.authority) {
        if (record.type != Type::SOA || record.data.size() < 4) continue;
        uint32_t minimum = 0;
        for (const char c : std::string_view(record.data).substr(record.data.size() - 4))
            minimum = minimum << 8 | static_cast<uint8_t>(c);
        return std::min({least, record.ttl, minimum});
    }
    return 0;  // A negative answer without a SOA is not to be kept.
}

}  // namespace

std::string Cache::key_of(const Name& name, Type type) {
    const auto number = static_cast<uint16_t>(type);
    return name.wire() + static_cast<char>(number >> 8) + static_cast<char>(number);
}

std::optional<Message> Cache::find(const Name& name, Type type, Steady now) {
    const auto place = entries_.find(key_of(name, type));
    if (place == entries_.end()) return std::nullopt;
    const auto entry = place->second;
    if (entry->expires <= now) {
        entries_.erase(place);
        by_use_.erase(entry);
        return std::nullopt;
    }
    by_use_.splice(by_use_.begin(), by_use_, entry);
    Message out = entry->response;
    const auto age = static_cast<uint32_t>(
        std::chrono::floor<std::chrono::seconds>(now - entry->stored).count());
    for (auto* section : {&out.answers, &out.authority, &out.additional})
        for (Record& record : *section) record.ttl -= std::min(record.ttl, age);
    return out;
}

void Cache::put(const Name& name, Type type, Message response, Steady now) {
    const uint32_t seconds = lifetime(response);
    if (seconds == 0) return;
    std::string key = key_of(name, type);
    if (const auto old = entries_.find(key); old != entries_.end()) {
        const auto entry = old->second;
        entries_.erase(old);
        by_use_.erase(entry);
    }
    response.id = 0;
    by_use_.push_front(
        {std::move(key), std::move(response), now, now + std::chrono::seconds(seconds)});
    entries_.emplace(by_use_.front().key, by_use_.begin());
    if (entries_.size() <= most_) return;
    entries_.erase(by_use_.back().key);
    by_use_.pop_back();
}

void Cache::clear() {
    entries_.clear();
    by_use_.clear();
}

}  // namespace unkai::planes::dns
