// What upstream resolvers answered, kept for as long as they allow.
//
// An answer lives for the smallest TTL of its records, a negative one as RFC 2308 says (the SOA's),
// both at most an hour; it is given out with its TTLs reduced by its age. Bounded: beyond `most`
// entries the one unused for longest goes. Not thread safe; time is a parameter.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "rt/loop.h"
#include "wire/dns.h"

namespace unkai::planes::dns {

class Cache {
public:
    explicit Cache(size_t most = 4096) : most_(most) {}

    // The cached response (its id is 0), or nullopt. `name` in lower case.
    std::optional<wire::dns::Message> find(const wire::dns::Name& name, wire::dns::Type type,
                                           Steady now);
    // Takes NOERROR and NXDOMAIN responses that are not truncated; ignores others, and TTLs of 0.
    void put(const wire::dns::Name& name, wire::dns::Type type, wire::dns::Message response,
             Steady now);
    size_t size() const { return entries_.size(); }
    void clear();

private:
    struct Entry {
        std::string key;
        wire::dns::Message response;
        Steady stored, expires;
    };
    static std::string key_of(const wire::dns::Name& name, wire::dns::Type type);

    size_t most_;
    std::list<Entry> by_use_;  // The latest used first.
    std::unordered_map<std::string_view, std::list<Entry>::iterator> entries_;
};

}  // namespace unkai::planes::dns
