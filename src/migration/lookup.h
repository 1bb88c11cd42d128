// Names to addresses for outgoing requests: by a DNS server that is asked directly (Unkai's own),
// or by a function, or by the machine's resolver. Answers are kept for as long as their TTL says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "net/socket.h"
#include "rt/random.h"

namespace unkai::migration {

struct LookupOptions {
    std::vector<net::Address> servers;  // Asked by UDP; empty: see `ask`.
    // {addresses} of a name that is Unkai's, empty of others; kept for a second.
    std::function<std::vector<std::string>(const std::string&)> ask;
    bool machine = true;  // Names that nobody above knows: the machine's resolver.
};

class Lookup {
public:
    Lookup(Loop& loop, Random& random, LookupOptions options)
        : loop_(loop), random_(random), options_(std::move(options)) {}

    // The first address of the answer, as clients take it. `fresh`: not from what is kept.
    // Errors: NameNotFound.
    Task<Result<net::Address>> find(std::string host, uint16_t port, bool fresh);

private:
    struct Known {
        std::vector<net::Address> addresses;
        Steady until;
    };
    Task<Result<Known>> look_up(std::string host);

    Loop& loop_;
    Random& random_;
    LookupOptions options_;
    std::map<std::string, Known> known_;
};

}  // namespace unkai::migration
